package org.xenpv.io.netif;

import org.xenpv.memory.SharedMemory;

/**
 * A receive request (xen/io/netif.h): a page offered for a packet.
 *
 * <pre>
 * struct netif_rx_request {
 *     uint16_t    id;                           echoed in the response
 *     uint16_t    pad;
 *     grant_ref_t gref;
 * };
 *
 * 0      2     4            8
 * +------+-----+------------+
 * | id   | pad | gref       |
 * +------+-----+------------+
 * </pre>
 */
public final class NetifRxRequest {

    public static final int ID_OFFSET = 0;
    public static final int PAD_OFFSET = 2;
    public static final int GREF_OFFSET = 4;
    public static final int SIZEOF = 8;

    private NetifRxRequest() {}

    /** RING_COPY_REQUEST in one load: take it apart with {@link #id(long)} and {@link #gref(long)}. */
    public static long load(SharedMemory m, int at) {
        return m.getLong(at);
    }

    public static int id(long request) {
        return (int) request & 0xffff;
    }

    public static int gref(long request) {
        return (int) (request >>> 32);
    }

    public static int id(SharedMemory m, int at) {
        return m.getShort(at + ID_OFFSET) & 0xffff;
    }

    public static int gref(SharedMemory m, int at) {
        return m.getInt(at + GREF_OFFSET);
    }

    /** Writes the whole request, padding zero. */
    public static void put(SharedMemory m, int at, int id, int gref) {
        m.putLong(at, (id & 0xffffL) | (long) gref << 32);
    }
}
