package org.xenpv.io.blkif;

import org.xenpv.memory.SharedMemory;

/** 64-bit fields of the x86_32 ABI: aligned to 4 bytes only, so two accesses each. */
final class X86_32 {

    private X86_32() {}

    static long getLong(SharedMemory m, int at) {
        return (m.getInt(at) & 0xffff_ffffL) | (long) m.getInt(at + 4) << 32;
    }

    static void putLong(SharedMemory m, int at, long value) {
        m.putInt(at, (int) value);
        m.putInt(at + 4, (int) (value >>> 32));
    }
}
