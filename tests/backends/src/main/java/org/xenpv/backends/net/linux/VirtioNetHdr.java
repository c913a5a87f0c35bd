package org.xenpv.backends.net.linux;

import org.xenpv.memory.SharedMemory;

/**
 * struct virtio_net_hdr of linux/virtio_net.h, in front of every frame of a TAP device with IFF_VNET_HDR; little-endian
 * (TUNSETVNETLE).
 *
 * <pre>
 * 0       1          2         4          6            8             10
 * +-------+----------+---------+----------+------------+-------------+
 * | flags | gso_type | hdr_len | gso_size | csum_start | csum_offset |
 * +-------+----------+---------+----------+------------+-------------+
 * </pre>
 */
final class VirtioNetHdr {

    static final int SIZEOF = 10;

    /** The checksum from csum_start on is to be put at csum_start + csum_offset. */
    static final int VIRTIO_NET_HDR_F_NEEDS_CSUM = 1; // the other flag, DATA_VALID, comes from the kernel only

    static final int VIRTIO_NET_HDR_GSO_NONE = 0;
    static final int VIRTIO_NET_HDR_GSO_TCPV4 = 1;
    static final int VIRTIO_NET_HDR_GSO_TCPV6 = 4;
    static final int VIRTIO_NET_HDR_GSO_ECN = 0x80;

    private static final int FLAGS_OFFSET = 0;
    private static final int GSO_TYPE_OFFSET = 1;
    private static final int HDR_LEN_OFFSET = 2;
    private static final int GSO_SIZE_OFFSET = 4;
    private static final int CSUM_START_OFFSET = 6;
    private static final int CSUM_OFFSET_OFFSET = 8;

    private VirtioNetHdr() {}

    static int flags(SharedMemory m, int at) {
        return m.getByte(at + FLAGS_OFFSET) & 0xff;
    }

    static int gsoType(SharedMemory m, int at) {
        return m.getByte(at + GSO_TYPE_OFFSET) & 0xff;
    }

    static int gsoSize(SharedMemory m, int at) {
        return u16(m, at + GSO_SIZE_OFFSET);
    }

    static int csumStart(SharedMemory m, int at) {
        return u16(m, at + CSUM_START_OFFSET);
    }

    static int csumOffset(SharedMemory m, int at) {
        return u16(m, at + CSUM_OFFSET_OFFSET);
    }

    /** Nothing is to be done to the frame. */
    static void putPlain(SharedMemory m, int at) {
        m.zero(at, SIZEOF);
    }

    /** The checksum is to be filled in. */
    static void putCsum(SharedMemory m, int at, int csumStart, int csumOffset) {
        putPlain(m, at);
        m.putByte(at + FLAGS_OFFSET, (byte) VIRTIO_NET_HDR_F_NEEDS_CSUM);
        put16(m, at + CSUM_START_OFFSET, csumStart);
        put16(m, at + CSUM_OFFSET_OFFSET, csumOffset);
    }

    /** After {@link #putCsum}: the frame is also to be cut into segments. */
    static void putGso(SharedMemory m, int at, int gsoType, int headerBytes, int gsoSize) {
        m.putByte(at + GSO_TYPE_OFFSET, (byte) gsoType);
        put16(m, at + HDR_LEN_OFFSET, headerBytes);
        put16(m, at + GSO_SIZE_OFFSET, gsoSize);
    }

    private static int u16(SharedMemory m, int at) {
        return m.getByte(at) & 0xff | (m.getByte(at + 1) & 0xff) << 8;
    }

    private static void put16(SharedMemory m, int at, int value) {
        m.putByte(at, (byte) value);
        m.putByte(at + 1, (byte) (value >>> 8));
    }
}
