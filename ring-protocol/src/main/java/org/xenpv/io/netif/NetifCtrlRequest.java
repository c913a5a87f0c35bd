package org.xenpv.io.netif;

import org.xenpv.memory.SharedMemory;

/**
 * A request on the control ring (xen/io/netif.h).
 *
 * <pre>
 * struct xen_netif_ctrl_request {
 *     uint16_t id;                              echoed in the response
 *     uint16_t type;                            XEN_NETIF_CTRL_TYPE_*
 *     uint32_t data[3];
 * };
 *
 * 0      2      4         8         12        16
 * +------+------+---------+---------+---------+
 * | id   | type | data[0] | data[1] | data[2] |
 * +------+------+---------+---------+---------+
 * </pre>
 */
public final class NetifCtrlRequest {

    public static final int ID_OFFSET = 0;
    public static final int TYPE_OFFSET = 2;
    public static final int DATA_OFFSET = 4;
    public static final int SIZEOF = 16;

    private NetifCtrlRequest() {}

    public static int id(SharedMemory m, int at) {
        return m.getShort(at + ID_OFFSET) & 0xffff;
    }

    public static int type(SharedMemory m, int at) {
        return m.getShort(at + TYPE_OFFSET) & 0xffff;
    }

    /** @param index 0 to 2 */
    public static int data(SharedMemory m, int at, int index) {
        return m.getInt(at + DATA_OFFSET + index * 4);
    }

    public static void put(SharedMemory m, int at, int id, int type, int data0, int data1, int data2) {
        m.putInt(at + ID_OFFSET, (id & 0xffff) | type << 16);
        m.putInt(at + DATA_OFFSET, data0);
        m.putInt(at + DATA_OFFSET + 4, data1);
        m.putInt(at + DATA_OFFSET + 8, data2);
    }
}
