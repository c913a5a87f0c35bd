package org.xenpv.io.netif;

import org.xenpv.memory.SharedMemory;

/**
 * A response on the control ring (xen/io/netif.h).
 *
 * <pre>
 * struct xen_netif_ctrl_response {
 *     uint16_t id;                              copied from the request
 *     uint16_t type;                            copied from the request
 *     uint32_t status;                          XEN_NETIF_CTRL_STATUS_*
 *     uint32_t data;
 * };
 *
 * 0      2      4         8         12
 * +------+------+---------+---------+
 * | id   | type | status  | data    |
 * +------+------+---------+---------+
 * </pre>
 */
public final class NetifCtrlResponse {

    public static final int ID_OFFSET = 0;
    public static final int TYPE_OFFSET = 2;
    public static final int STATUS_OFFSET = 4;
    public static final int DATA_OFFSET = 8;
    public static final int SIZEOF = 12;

    private NetifCtrlResponse() {}

    public static int id(SharedMemory m, int at) {
        return m.getShort(at + ID_OFFSET) & 0xffff;
    }

    public static int type(SharedMemory m, int at) {
        return m.getShort(at + TYPE_OFFSET) & 0xffff;
    }

    public static int status(SharedMemory m, int at) {
        return m.getInt(at + STATUS_OFFSET);
    }

    public static int data(SharedMemory m, int at) {
        return m.getInt(at + DATA_OFFSET);
    }

    public static void put(SharedMemory m, int at, int id, int type, int status, int data) {
        m.putInt(at + ID_OFFSET, (id & 0xffff) | type << 16);
        m.putInt(at + STATUS_OFFSET, status);
        m.putInt(at + DATA_OFFSET, data);
    }
}
