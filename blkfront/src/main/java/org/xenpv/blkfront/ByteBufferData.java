package org.xenpv.blkfront;

import java.nio.ByteBuffer;
import org.xenpv.memory.SharedMemory;

/**
 * {@link BlkData} over a ByteBuffer, from its position at the time of the call; the position is not moved. Its owner
 * can take it back at any moment and from any thread. JVM only.
 */
final class ByteBufferData implements BlkData {

    private static final int CHUNK = 4096;

    private final ByteBuffer buffer;
    private final int from;
    private final byte[] chunk;

    /** The buffer is its owner's again. Guarded by this, as is every copy, so that none is under way then. */
    private boolean takenBack;

    ByteBufferData(ByteBuffer buffer) {
        this.buffer = buffer.duplicate();
        this.from = buffer.position();
        this.chunk = buffer.hasArray() ? null : new byte[CHUNK];
    }

    /** Once this has returned the buffer is neither read nor written any more. Waits for a copy that is under way. */
    synchronized void takeBack() {
        takenBack = true;
    }

    /** @throws IllegalStateException if the buffer has been taken back: what it holds now is not to be written */
    @Override
    public synchronized void toDevice(int offset, SharedMemory target, int targetAt, int bytes) {
        if (takenBack) {
            throw new IllegalStateException("the buffer has been taken back");
        }
        if (chunk == null) {
            target.copyIn(targetAt, buffer.array(), buffer.arrayOffset() + from + offset, bytes);
            return;
        }
        for (int done = 0; done < bytes; done += CHUNK) {
            int part = Math.min(CHUNK, bytes - done);
            buffer.get(from + offset + done, chunk, 0, part);
            target.copyIn(targetAt + done, chunk, 0, part);
        }
    }

    /** What comes after the buffer has been taken back is dropped. */
    @Override
    public synchronized void fromDevice(int offset, SharedMemory source, int sourceAt, int bytes) {
        if (takenBack) {
            return;
        }
        if (chunk == null) {
            source.copyOut(sourceAt, buffer.array(), buffer.arrayOffset() + from + offset, bytes);
            return;
        }
        for (int done = 0; done < bytes; done += CHUNK) {
            int part = Math.min(CHUNK, bytes - done);
            source.copyOut(sourceAt + done, chunk, 0, part);
            buffer.put(from + offset + done, chunk, 0, part);
        }
    }
}
