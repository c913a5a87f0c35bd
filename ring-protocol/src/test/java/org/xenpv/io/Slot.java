package org.xenpv.io;

import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** A struct's worth of shared memory between canaries, to be written and read as literal hex. */
public final class Slot implements AutoCloseable {

    /** Eight-byte aligned and not at the start. */
    public static final int AT = 64;

    private static final byte CANARY = (byte) 0xa5;

    private static final Map<String, Integer> WIDTHS = Map.of("getByte", 1, "getShort", 2, "getInt", 4, "getLong", 8);

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

    /** The same memory, counting for each byte how often a field access has read it. */
    public SharedMemory counting(int[] reads) {
        return (SharedMemory) Proxy.newProxyInstance(
                Slot.class.getClassLoader(), new Class<?>[] {SharedMemory.class}, (proxy, method, arguments) -> {
                    Integer width = WIDTHS.get(method.getName());
                    for (int i = 0; width != null && i < width; i++) {
                        reads[(int) arguments[0] + i]++;
                    }
                    return method.invoke(memory, arguments);
                });
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
