package org.xenpv.io.console;

import org.xenpv.memory.SharedMemory;

/**
 * The console page (xen/io/console.h). "In" and "out" are the guest's: it reads {@code in} and writes {@code out}.
 *
 * <pre>
 * struct xencons_interface {
 *     char in[1024];
 *     char out[2048];
 *     XENCONS_RING_IDX in_cons, in_prod;        uint32_t, running freely over 2^32
 *     XENCONS_RING_IDX out_cons, out_prod;
 *     uint8_t connection;                       since Xen 4.21
 * };
 *
 * 0          1024        3072      3076      3080       3084       3088         3089            4096
 * +----------+-----------+---------+---------+----------+----------+------------+---------------+
 * | in       | out       | in_cons | in_prod | out_cons | out_prod | connection | unused        |
 * +----------+-----------+---------+---------+----------+----------+------------+---------------+
 *   backend    guest       guest     backend   backend    guest      backend      who writes it
 * </pre>
 *
 * <p>{@code connection} is the one field here that the header of libxen-dev 4.17 does not have yet: the struct ends at
 * 3088 there. A page that nobody marked holds 0, {@link #XENCONSOLE_CONNECTED}, so reading it is safe on any Xen.
 */
public final class XenconsInterface {

    public static final int IN_OFFSET = 0;
    public static final int IN_BYTES = 1024;
    public static final int OUT_OFFSET = 1024;
    public static final int OUT_BYTES = 2048;
    public static final int IN_CONS_OFFSET = 3072;
    public static final int IN_PROD_OFFSET = 3076;
    public static final int OUT_CONS_OFFSET = 3080;
    public static final int OUT_PROD_OFFSET = 3084;
    /** Not in libxen-dev 4.17, whose struct ends here. */
    public static final int CONNECTION_OFFSET = 3088;

    /** With {@code connection} and the padding after it. */
    public static final int SIZEOF = 3092;

    /** The backend serves the ring. */
    public static final int XENCONSOLE_CONNECTED = 0;
    /** Nobody empties the ring yet: what is written may stay there for ever. */
    public static final int XENCONSOLE_DISCONNECTED = 1;

    private XenconsInterface() {}

    /** The {@code connection} byte, 0 to 255: only {@link #XENCONSOLE_DISCONNECTED} means that nobody listens. */
    public static int connection(SharedMemory m) {
        return m.getByte(CONNECTION_OFFSET) & 0xff;
    }

    public static void putConnection(SharedMemory m, int connection) {
        m.putByte(CONNECTION_OFFSET, (byte) connection);
    }
}
