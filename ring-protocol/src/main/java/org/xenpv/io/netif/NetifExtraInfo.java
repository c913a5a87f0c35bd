package org.xenpv.io.netif;

import org.xenpv.memory.SharedMemory;

/**
 * Extra information about a packet, in a slot of its own after the packet's first (xen/io/netif.h). Which of the four
 * shapes it has is the {@code type}'s to say.
 *
 * <pre>
 * struct netif_extra_info {
 *     uint8_t type;                             XEN_NETIF_EXTRA_TYPE_*
 *     uint8_t flags;                            XEN_NETIF_EXTRA_FLAG_*
 *     union {
 *         struct { uint16_t size; uint8_t type; uint8_t pad; uint16_t features; } gso;
 *         struct { uint8_t addr[6]; } mcast;
 *         struct { uint8_t type; uint8_t algorithm; uint8_t value[4]; } hash;
 *         struct { uint16_t headroom; uint16_t pad[2]; } xdp;      Linux's copy of the header only
 *         uint16_t pad[3];
 *     } u;
 * };
 *
 *         0      1       2        3        4       5      6         8
 *         +------+-------+--------+--------+-------+------+---------+
 * gso     | type | flags | size            | type  | pad  | features|
 * mcast   | type | flags | addr                                     |
 * hash    | type | flags | type   | alg    | value, little-endian   |
 * xdp     | type | flags | headroom        | pad                    |
 *         +------+-------+--------+--------+-------+------+---------+
 * </pre>
 *
 * <p>Slots of the transmit ring are aligned to 4 bytes only, so {@link #load} takes two loads, and each word is read
 * once.
 */
public final class NetifExtraInfo {

    public static final int TYPE_OFFSET = 0;
    public static final int FLAGS_OFFSET = 1;
    public static final int GSO_SIZE_OFFSET = 2;
    public static final int GSO_TYPE_OFFSET = 4;
    public static final int GSO_FEATURES_OFFSET = 6;
    public static final int MCAST_ADDR_OFFSET = 2;
    public static final int HASH_TYPE_OFFSET = 2;
    public static final int HASH_ALGORITHM_OFFSET = 3;
    public static final int HASH_VALUE_OFFSET = 4;
    public static final int XDP_HEADROOM_OFFSET = 2;
    public static final int SIZEOF = 8;

    private NetifExtraInfo() {}

    /** Reads the whole of it: take it apart with the accessors of a {@code long}. */
    public static long load(SharedMemory m, int at) {
        return (m.getInt(at) & 0xffff_ffffL) | (long) m.getInt(at + 4) << 32;
    }

    private static void store(SharedMemory m, int at, int type, int flags, int low, int high) {
        m.putInt(at, (type & 0xff) | (flags & 0xff) << 8 | low << 16);
        m.putInt(at + 4, high);
    }

    public static int type(long extra) {
        return (int) extra & 0xff;
    }

    public static int flags(long extra) {
        return (int) extra >>> 8 & 0xff;
    }

    /** Largest payload of a segment, in bytes. */
    public static int gsoSize(long extra) {
        return (int) extra >>> 16;
    }

    /** XEN_NETIF_GSO_TYPE_*. */
    public static int gsoType(long extra) {
        return (int) (extra >>> 32) & 0xff;
    }

    public static int gsoFeatures(long extra) {
        return (int) (extra >>> 48);
    }

    /** The six bytes of the address in the low 48 bits, first byte on the wire highest, as a person writes it. */
    public static long mcastAddr(long extra) {
        return Long.reverseBytes(extra) & 0xffff_ffff_ffffL;
    }

    /** XEN_NETIF_CTRL_HASH_TYPE_*_BIT. */
    public static int hashType(long extra) {
        return (int) extra >>> 16 & 0xff;
    }

    /** XEN_NETIF_CTRL_HASH_ALGORITHM_*. */
    public static int hashAlgorithm(long extra) {
        return (int) extra >>> 24;
    }

    public static int hashValue(long extra) {
        return (int) (extra >>> 32);
    }

    /** Bytes left free in front of the data. */
    public static int xdpHeadroom(long extra) {
        return (int) extra >>> 16;
    }

    public static void putGso(SharedMemory m, int at, int flags, int size, int gsoType, int features) {
        store(m, at, Netif.XEN_NETIF_EXTRA_TYPE_GSO, flags, size, (gsoType & 0xff) | features << 16);
    }

    /**
     * @param add whether to add the address to the filter or take it out
     * @param addr as {@link #mcastAddr} gives it
     */
    public static void putMcast(SharedMemory m, int at, int flags, boolean add, long addr) {
        int type = add ? Netif.XEN_NETIF_EXTRA_TYPE_MCAST_ADD : Netif.XEN_NETIF_EXTRA_TYPE_MCAST_DEL;
        long wire = Long.reverseBytes(addr);
        store(m, at, type, flags, (int) (wire >>> 16), (int) (wire >>> 32));
    }

    public static void putHash(SharedMemory m, int at, int flags, int hashType, int algorithm, int value) {
        store(m, at, Netif.XEN_NETIF_EXTRA_TYPE_HASH, flags, (hashType & 0xff) | algorithm << 8, value);
    }

    public static void putXdp(SharedMemory m, int at, int flags, int headroom) {
        store(m, at, Netif.XEN_NETIF_EXTRA_TYPE_XDP, flags, headroom, 0);
    }
}
