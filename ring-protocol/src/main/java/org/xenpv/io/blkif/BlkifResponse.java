package org.xenpv.io.blkif;

import org.xenpv.memory.SharedMemory;

/**
 * A response (xen/io/blkif.h), in the x86_64 ABI. The class has both shapes: static accessors on a slot, and an object to
 * be used again and again that {@linkplain #copyFrom copies} a slot (RING_COPY_RESPONSE), after which the other end can
 * change nothing any more.
 *
 * <pre>
 * struct blkif_response {
 *     uint64_t id;                              copied from the request
 *     uint8_t  operation;                       copied from the request
 *     int16_t  status;                          BLKIF_RSP_*
 * };
 *
 * 0            8           9         10       12        16
 * +------------+-----------+---------+--------+---------+
 * | id         | operation | padding | status | padding |
 * +------------+-----------+---------+--------+---------+
 * </pre>
 */
public final class BlkifResponse {

    public static final int ID_OFFSET = 0;
    public static final int OPERATION_OFFSET = 8;
    public static final int STATUS_OFFSET = 10;
    public static final int SIZEOF = 16;

    private long id;
    private int word;

    /** RING_COPY_RESPONSE: each field is read once. */
    public void copyFrom(SharedMemory m, int at) {
        m.check(at, SIZEOF, 8);
        id = m.getLong(at + ID_OFFSET);
        word = m.getInt(at + OPERATION_OFFSET);
    }

    /** All 64 bits are the other end's: compare them whole before narrowing. */
    public long id() {
        return id;
    }

    public int operation() {
        return word & 0xff;
    }

    public short status() {
        return (short) (word >>> 16);
    }

    public static long id(SharedMemory m, int at) {
        return m.getLong(at + ID_OFFSET);
    }

    public static int operation(SharedMemory m, int at) {
        return m.getByte(at + OPERATION_OFFSET) & 0xff;
    }

    public static short status(SharedMemory m, int at) {
        return m.getShort(at + STATUS_OFFSET);
    }

    /** Writes the whole response, padding zero. */
    public static void put(SharedMemory m, int at, long id, int operation, short status) {
        m.putLong(at + ID_OFFSET, id);
        m.putLong(at + OPERATION_OFFSET, (operation & 0xff) | (status & 0xffffL) << 16);
    }
}
