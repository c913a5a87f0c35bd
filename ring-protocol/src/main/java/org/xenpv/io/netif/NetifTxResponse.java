package org.xenpv.io.netif;

import org.xenpv.memory.SharedMemory;

/**
 * A transmit response (xen/io/netif.h). The rest of its 12-byte slot is not part of it.
 *
 * <pre>
 * struct netif_tx_response {
 *     uint16_t id;                              copied from the request
 *     int16_t  status;                          NETIF_RSP_*
 * };
 *
 * 0      2        4
 * +------+--------+
 * | id   | status |
 * +------+--------+
 * </pre>
 */
public final class NetifTxResponse {

    public static final int ID_OFFSET = 0;
    public static final int STATUS_OFFSET = 2;
    public static final int SIZEOF = 4;

    private NetifTxResponse() {}

    /** RING_COPY_RESPONSE in one load: take it apart with {@link #id(int)} and {@link #status(int)}. */
    public static int load(SharedMemory m, int at) {
        return m.getInt(at);
    }

    public static int id(int response) {
        return response & 0xffff;
    }

    public static short status(int response) {
        return (short) (response >>> 16);
    }

    public static int id(SharedMemory m, int at) {
        return m.getShort(at + ID_OFFSET) & 0xffff;
    }

    public static short status(SharedMemory m, int at) {
        return m.getShort(at + STATUS_OFFSET);
    }

    public static void put(SharedMemory m, int at, int id, short status) {
        m.putInt(at, (id & 0xffff) | status << 16);
    }
}
