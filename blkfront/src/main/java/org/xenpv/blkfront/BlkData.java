package org.xenpv.blkfront;

import org.xenpv.memory.SharedMemory;

/**
 * The caller's end of an operation: where its bytes come from or go to. Ours from the call until the operation is
 * complete; it may be read again when the operation has to be issued again. Called on the event loop's thread.
 */
public interface BlkData {

    /** Copies the operation's bytes from {@code offset} on into pages shared with the backend. */
    void toDevice(int offset, SharedMemory target, int targetAt, int bytes);

    /** Copies bytes the backend has delivered, once, to the operation's place {@code offset}. */
    void fromDevice(int offset, SharedMemory source, int sourceAt, int bytes);

    static BlkData of(byte[] array, int at) {
        return new BlkData() {
            @Override
            public void toDevice(int offset, SharedMemory target, int targetAt, int bytes) {
                target.copyIn(targetAt, array, at + offset, bytes);
            }

            @Override
            public void fromDevice(int offset, SharedMemory source, int sourceAt, int bytes) {
                source.copyOut(sourceAt, array, at + offset, bytes);
            }
        };
    }

    static BlkData of(SharedMemory memory, int at) {
        return new BlkData() {
            @Override
            public void toDevice(int offset, SharedMemory target, int targetAt, int bytes) {
                memory.copyTo(at + offset, target, targetAt, bytes);
            }

            @Override
            public void fromDevice(int offset, SharedMemory source, int sourceAt, int bytes) {
                source.copyTo(sourceAt, memory, at + offset, bytes);
            }
        };
    }
}
