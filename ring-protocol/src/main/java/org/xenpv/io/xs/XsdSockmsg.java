package org.xenpv.io.xs;

/**
 * The header before every xenstore message (xen/io/xs_wire.h). It is part of a byte stream and need not be aligned, so the
 * accessors work on a byte array, not on shared memory. Integers are little-endian, as on x86.
 *
 * <pre>
 * struct xsd_sockmsg {
 *     uint32_t type;                            XS_*
 *     uint32_t req_id;                          echoed in the answer
 *     uint32_t tx_id;                           0 outside any transaction
 *     uint32_t len;                             bytes that follow
 * };
 *
 * 0         4         8         12        16               16+len
 * +---------+---------+---------+---------+----------------+
 * | type    | req_id  | tx_id   | len     | body           |
 * +---------+---------+---------+---------+----------------+
 * </pre>
 */
public final class XsdSockmsg {

    public static final int TYPE_OFFSET = 0;
    public static final int REQ_ID_OFFSET = 4;
    public static final int TX_ID_OFFSET = 8;
    public static final int LEN_OFFSET = 12;
    public static final int SIZEOF = 16;

    private XsdSockmsg() {}

    public static int type(byte[] header, int at) {
        return getInt(header, at + TYPE_OFFSET);
    }

    public static int reqId(byte[] header, int at) {
        return getInt(header, at + REQ_ID_OFFSET);
    }

    public static int txId(byte[] header, int at) {
        return getInt(header, at + TX_ID_OFFSET);
    }

    /** Unsigned, and the sender's: compare it with {@code Integer.compareUnsigned} before anything else. */
    public static int len(byte[] header, int at) {
        return getInt(header, at + LEN_OFFSET);
    }

    public static void put(byte[] header, int at, int type, int reqId, int txId, int len) {
        putInt(header, at + TYPE_OFFSET, type);
        putInt(header, at + REQ_ID_OFFSET, reqId);
        putInt(header, at + TX_ID_OFFSET, txId);
        putInt(header, at + LEN_OFFSET, len);
    }

    private static int getInt(byte[] bytes, int at) {
        return (bytes[at] & 0xff)
                | (bytes[at + 1] & 0xff) << 8
                | (bytes[at + 2] & 0xff) << 16
                | (bytes[at + 3] & 0xff) << 24;
    }

    private static void putInt(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
        bytes[at + 2] = (byte) (value >>> 16);
        bytes[at + 3] = (byte) (value >>> 24);
    }
}
