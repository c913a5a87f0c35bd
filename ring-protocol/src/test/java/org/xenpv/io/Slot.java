package org.xenpv.io;

import java.util.Arrays;
import java.util.HexFormat;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** A struct's worth of shared memory between canaries, to be written and read as literal hex. */
public final class Slot implements AutoCloseable {

    /** Eight-byte aligned and not at the start. */
    public static final int AT = 64;

    private static final byte CANARY = (byte) 0xa5;

    private final ChronicleMemory memory = ChronicleMemory.allocatePages(1);

    public Slot() {
        byte[] canaries = new byte[memory.sizeBytes()];
        Arrays.fill(canaries, CANARY);
        memory.copyIn(0, canaries, 0, canaries.length);
    }

    public static Slot of(String hex) {
        Slot slot = new Slot();
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        slot.memory.copyIn(AT, bytes, 0, bytes.length);
        return slot;
    }

    public SharedMemory memory() {
        return memory;
    }

    /** What was written, up to the last byte that is no canary; fails if something before it was touched. */
    public String hex() {
        byte[] bytes = new byte[memory.sizeBytes()];
        memory.copyOut(0, bytes, 0, bytes.length);
        int end = bytes.length;
        while (end > AT && bytes[end - 1] == CANARY) {
            end--;
        }
        for (int at = 0; at < AT; at++) {
            if (bytes[at] != CANARY) {
                throw new AssertionError("wrote before the slot, at " + (at - AT));
            }
        }
        return HexFormat.of().formatHex(bytes, AT, end);
    }

    @Override
    public void close() {
        memory.close();
    }
}
