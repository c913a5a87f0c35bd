package org.xenpv.testkit.ring;

import org.xenpv.memory.SharedMemory;

/** Fills slots with bytes that tell which message they belong to, and recognises them. */
final class SlotPattern {

    private final RingLayout layout;
    private final byte[] buffer;

    SlotPattern(RingLayout layout) {
        this.layout = layout;
        this.buffer = new byte[layout.slotBytes()];
    }

    void writeRequest(SharedMemory memory, int at, long message) {
        write(memory, at, message, 0x52);
    }

    void writeResponse(SharedMemory memory, int at, long message) {
        write(memory, at, message, 0xa7);
    }

    void expectRequest(SharedMemory memory, int at, long message) {
        expect(memory, at, message, 0x52, "request ");
    }

    void expectResponse(SharedMemory memory, int at, long message) {
        expect(memory, at, message, 0xa7, "response ");
    }

    private void write(SharedMemory memory, int at, long message, int kind) {
        for (int i = 0; i < buffer.length; i++) {
            buffer[i] = byteAt(message, i, kind);
        }
        memory.copyIn(at, buffer, 0, buffer.length);
    }

    private void expect(SharedMemory memory, int at, long message, int kind, String what) {
        memory.copyOut(at, buffer, 0, buffer.length);
        for (int i = 0; i < buffer.length; i++) {
            byte expected = byteAt(message, i, kind);
            if (buffer[i] != expected) {
                throw new AssertionError(what + message + " of " + layout.name() + ": byte " + i + " is " + buffer[i]
                        + ", must be " + expected);
            }
        }
    }

    /** Differs between neighbouring messages, kinds and laps of the ring in every byte. */
    private static byte byteAt(long message, int i, int kind) {
        return (byte) (message * 0x9d + (message >>> 8) * 0x35 + i * 7 + kind);
    }
}
