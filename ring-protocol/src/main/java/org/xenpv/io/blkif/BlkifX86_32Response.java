package org.xenpv.io.blkif;

import org.xenpv.memory.SharedMemory;

/**
 * {@link BlkifResponse} as a 32-bit guest lays it out.
 *
 * <pre>
 * 0            8           9         10       12
 * +------------+-----------+---------+--------+
 * | id         | operation | padding | status |
 * +------------+-----------+---------+--------+
 * </pre>
 */
public final class BlkifX86_32Response {

    public static final int ID_OFFSET = 0;
    public static final int OPERATION_OFFSET = 8;
    public static final int STATUS_OFFSET = 10;
    public static final int SIZEOF = 12;

    private BlkifX86_32Response() {}

    public static long id(SharedMemory m, int at) {
        return X86_32.getLong(m, at + ID_OFFSET);
    }

    public static int operation(SharedMemory m, int at) {
        return m.getByte(at + OPERATION_OFFSET) & 0xff;
    }

    public static short status(SharedMemory m, int at) {
        return m.getShort(at + STATUS_OFFSET);
    }

    /** Writes the whole response, padding zero. */
    public static void put(SharedMemory m, int at, long id, int operation, short status) {
        X86_32.putLong(m, at + ID_OFFSET, id);
        m.putInt(at + OPERATION_OFFSET, (operation & 0xff) | (status & 0xffff) << 16);
    }
}
