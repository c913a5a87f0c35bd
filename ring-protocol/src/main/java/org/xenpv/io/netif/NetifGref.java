package org.xenpv.io.netif;

import org.xenpv.memory.SharedMemory;

/**
 * An entry of the table of a control message that adds or takes away static grants (xen/io/netif.h).
 *
 * <pre>
 * struct xen_netif_gref {
 *     grant_ref_t ref;
 *     uint16_t flags;                           XEN_NETIF_CTRLF_GREF_*
 *     uint16_t status;                          out: XEN_NETIF_CTRL_STATUS_*
 * };
 *
 * 0            4       6        8
 * +------------+-------+--------+
 * | ref        | flags | status |
 * +------------+-------+--------+
 * </pre>
 */
public final class NetifGref {

    public static final int REF_OFFSET = 0;
    public static final int FLAGS_OFFSET = 4;
    public static final int STATUS_OFFSET = 6;
    public static final int SIZEOF = 8;

    private NetifGref() {}

    public static int ref(SharedMemory m, int at) {
        return m.getInt(at + REF_OFFSET);
    }

    public static int flags(SharedMemory m, int at) {
        return m.getShort(at + FLAGS_OFFSET) & 0xffff;
    }

    public static int status(SharedMemory m, int at) {
        return m.getShort(at + STATUS_OFFSET) & 0xffff;
    }

    /** Writes a request for this entry, status zero. */
    public static void put(SharedMemory m, int at, int ref, int flags) {
        m.putInt(at + REF_OFFSET, ref);
        m.putInt(at + FLAGS_OFFSET, flags & 0xffff);
    }

    public static void putStatus(SharedMemory m, int at, int status) {
        m.putShort(at + STATUS_OFFSET, (short) status);
    }
}
