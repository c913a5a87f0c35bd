package org.xenpv.pcapng;

/** The numbers of draft-ietf-opsawg-pcapng, spelled as there. */
public final class Pcapng {

    public static final int SECTION_HEADER_BLOCK = 0x0a0d0d0a;
    public static final int INTERFACE_DESCRIPTION_BLOCK = 1;
    public static final int SIMPLE_PACKET_BLOCK = 3;
    public static final int ENHANCED_PACKET_BLOCK = 6;

    public static final int BYTE_ORDER_MAGIC = 0x1a2b3c4d;
    public static final int VERSION_MAJOR = 1;
    public static final int VERSION_MINOR = 0;
    public static final int LINKTYPE_ETHERNET = 1;

    public static final int OPT_ENDOFOPT = 0;
    public static final int OPT_COMMENT = 1;
    public static final int SHB_USERAPPL = 4;
    public static final int IF_NAME = 2;
    public static final int IF_MACADDR = 6;
    public static final int IF_TSRESOL = 9;
    public static final int IF_TSOFFSET = 14;
    public static final int EPB_FLAGS = 2;
    public static final int EPB_HASH = 3;

    /** {@link #EPB_FLAGS}: the direction, bits 0 and 1. */
    public static final int EPB_FLAGS_INBOUND = 1;

    public static final int EPB_FLAGS_OUTBOUND = 2;
    /** The transport checksum is still to be filled in. Since draft-ietf-opsawg-pcapng-00, as are the next two. */
    public static final int EPB_FLAGS_CHECKSUM_NOT_READY = 1 << 9;

    public static final int EPB_FLAGS_CHECKSUM_VALID = 1 << 10;
    /** The packet is to be cut into TCP segments. */
    public static final int EPB_FLAGS_TCP_SEGMENTATION_OFFLOADED = 1 << 11;

    /** {@link #EPB_HASH}: four bytes of a Toeplitz hash follow. */
    public static final int EPB_HASH_TOEPLITZ = 5;

    /** Type and the two lengths. */
    public static final int BLOCK_OVERHEAD_BYTES = 12;
    /** From a block's start to the packet's first byte. */
    public static final int ENHANCED_PACKET_DATA_AT = 28;

    private Pcapng() {}

    /** The next multiple of four. */
    public static int padded(int bytes) {
        return bytes + 3 & ~3;
    }
}
