package org.xenpv.io.netif;

/** The numbers of xen/io/netif.h, spelled as in C where C has a name for them. */
public final class Netif {

    /** Slots for one packet that every backend takes. */
    public static final int XEN_NETIF_NR_SLOTS_MIN = 18;
    /** Longest packet in one chain of transmit requests. */
    public static final int XEN_NETIF_MAX_TX_SIZE = 0xffff;

    /** Checksum is missing, to be filled in by whoever needs it. */
    public static final int NETTXF_CSUM_BLANK = 1;

    public static final int NETTXF_DATA_VALIDATED = 1 << 1;
    /** The packet goes on in the next request. */
    public static final int NETTXF_MORE_DATA = 1 << 2;
    /** {@link NetifExtraInfo} follows in the next slot. */
    public static final int NETTXF_EXTRA_INFO = 1 << 3;

    /** Note that the first two bits are the other way round than in NETTXF. */
    public static final int NETRXF_DATA_VALIDATED = 1;

    public static final int NETRXF_CSUM_BLANK = 1 << 1;
    public static final int NETRXF_MORE_DATA = 1 << 2;
    public static final int NETRXF_EXTRA_INFO = 1 << 3;
    /** Deprecated. */
    public static final int NETRXF_GSO_PREFIX = 1 << 4;

    public static final short NETIF_RSP_DROPPED = -2;
    public static final short NETIF_RSP_ERROR = -1;
    public static final short NETIF_RSP_OKAY = 0;
    /** Answers a slot that held extra information; its id means nothing. */
    public static final short NETIF_RSP_NULL = 1;

    public static final int XEN_NETIF_EXTRA_TYPE_NONE = 0;
    public static final int XEN_NETIF_EXTRA_TYPE_GSO = 1;
    public static final int XEN_NETIF_EXTRA_TYPE_MCAST_ADD = 2;
    public static final int XEN_NETIF_EXTRA_TYPE_MCAST_DEL = 3;
    public static final int XEN_NETIF_EXTRA_TYPE_HASH = 4;
    /** In Linux's copy of the header (2020); libxen-dev 4.17 does not have it, its TYPE_MAX is 5. */
    public static final int XEN_NETIF_EXTRA_TYPE_XDP = 5;
    /** One above the last type, with XDP. */
    public static final int XEN_NETIF_EXTRA_TYPE_MAX = 6;

    /** Another extra slot follows. */
    public static final int XEN_NETIF_EXTRA_FLAG_MORE = 1;

    public static final int XEN_NETIF_GSO_TYPE_NONE = 0;
    public static final int XEN_NETIF_GSO_TYPE_TCPV4 = 1;
    public static final int XEN_NETIF_GSO_TYPE_TCPV6 = 2;

    /** Most bytes of headroom a frontend may ask for. In Linux's copy of the header only. */
    public static final int XEN_NETIF_MAX_XDP_HEADROOM = 0x7fff;

    /** Bit numbers, as in the extra information. */
    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV4_BIT = 0;

    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP_BIT = 1;
    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV6_BIT = 2;
    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP_BIT = 3;

    /** Bits, as in control messages. */
    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV4 = 1;

    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP = 1 << 1;
    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV6 = 1 << 2;
    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP = 1 << 3;

    public static final int XEN_NETIF_CTRL_HASH_ALGORITHM_NONE = 0;
    public static final int XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ = 1;

    public static final int XEN_NETIF_CTRL_TYPE_INVALID = 0;
    public static final int XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS = 1;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS = 2;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_KEY = 3;
    public static final int XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE = 4;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE = 5;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING = 6;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM = 7;
    public static final int XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE = 8;
    public static final int XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING = 9;
    public static final int XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING = 10;

    public static final int XEN_NETIF_CTRL_STATUS_SUCCESS = 0;
    public static final int XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED = 1;
    public static final int XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER = 2;
    public static final int XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW = 3;

    /** {@link NetifGref#flags}: map it read-only. */
    public static final int XEN_NETIF_CTRLF_GREF_READONLY = 1;

    /** Ring slots: the larger of request and response. */
    public static final int TX_SLOT_BYTES = 12;

    public static final int RX_SLOT_BYTES = 8;
    public static final int CTRL_SLOT_BYTES = 16;

    private Netif() {}
}
