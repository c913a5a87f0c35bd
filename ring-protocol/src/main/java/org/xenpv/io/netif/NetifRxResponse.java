package org.xenpv.io.netif;

import org.xenpv.memory.SharedMemory;

/**
 * A receive response (xen/io/netif.h). It stands in the same slot as the request it answers.
 *
 * <pre>
 * struct netif_rx_response {
 *     uint16_t id;                              copied from the request
 *     uint16_t offset;                          of the data in the page
 *     uint16_t flags;                           NETRXF_*
 *     int16_t  status;                          negative: NETIF_RSP_*, else bytes received
 * };
 *
 * 0      2        4       6        8
 * +------+--------+-------+--------+
 * | id   | offset | flags | status |
 * +------+--------+-------+--------+
 * </pre>
 */
public final class NetifRxResponse {

    public static final int ID_OFFSET = 0;
    public static final int OFFSET_OFFSET = 2;
    public static final int FLAGS_OFFSET = 4;
    public static final int STATUS_OFFSET = 6;
    public static final int SIZEOF = 8;

    private NetifRxResponse() {}

    /** RING_COPY_RESPONSE in one load: take it apart with the accessors of a {@code long}. */
    public static long load(SharedMemory m, int at) {
        return m.getLong(at);
    }

    public static int id(long response) {
        return (int) response & 0xffff;
    }

    public static int offset(long response) {
        return (int) response >>> 16;
    }

    public static int flags(long response) {
        return (int) (response >>> 32) & 0xffff;
    }

    public static short status(long response) {
        return (short) (response >>> 48);
    }

    public static int id(SharedMemory m, int at) {
        return m.getShort(at + ID_OFFSET) & 0xffff;
    }

    public static int offset(SharedMemory m, int at) {
        return m.getShort(at + OFFSET_OFFSET) & 0xffff;
    }

    public static int flags(SharedMemory m, int at) {
        return m.getShort(at + FLAGS_OFFSET) & 0xffff;
    }

    public static short status(SharedMemory m, int at) {
        return m.getShort(at + STATUS_OFFSET);
    }

    public static void put(SharedMemory m, int at, int id, int offset, int flags, short status) {
        m.putLong(at, (id & 0xffffL) | (offset & 0xffffL) << 16 | (flags & 0xffffL) << 32 | (long) status << 48);
    }
}
