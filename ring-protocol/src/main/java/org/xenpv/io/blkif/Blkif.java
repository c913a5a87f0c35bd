package org.xenpv.io.blkif;

/** The numbers of xen/io/blkif.h, spelled as in C. */
public final class Blkif {

    public static final int BLKIF_OP_READ = 0;
    public static final int BLKIF_OP_WRITE = 1;
    /** Needs {@link BlkifKeys#FEATURE_BARRIER}; may still be answered {@link #BLKIF_RSP_EOPNOTSUPP} at any time. */
    public static final int BLKIF_OP_WRITE_BARRIER = 2;
    /** Needs {@link BlkifKeys#FEATURE_FLUSH_CACHE}; may still be answered {@link #BLKIF_RSP_EOPNOTSUPP} at any time. */
    public static final int BLKIF_OP_FLUSH_DISKCACHE = 3;

    public static final int BLKIF_OP_RESERVED_1 = 4;
    /** {@link BlkifRequestDiscard}. Needs {@link BlkifKeys#FEATURE_DISCARD}. */
    public static final int BLKIF_OP_DISCARD = 5;
    /** {@link BlkifRequestIndirect}. Needs {@link BlkifKeys#FEATURE_MAX_INDIRECT_SEGMENTS}. */
    public static final int BLKIF_OP_INDIRECT = 6;

    public static final short BLKIF_RSP_OKAY = 0;
    public static final short BLKIF_RSP_ERROR = -1;
    public static final short BLKIF_RSP_EOPNOTSUPP = -2;

    /** Segments a direct request holds. */
    public static final int BLKIF_MAX_SEGMENTS_PER_REQUEST = 11;
    /** Pages of segments an indirect request can name. */
    public static final int BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST = 8;

    /** {@link BlkifRequestDiscard#flag}: erase, so that nothing can be recovered. */
    public static final int BLKIF_DISCARD_SECURE = 1;

    /** Bits of {@link BlkifKeys#INFO}. */
    public static final int VDISK_CDROM = 0x1;

    public static final int VDISK_REMOVABLE = 0x2;
    public static final int VDISK_READONLY = 0x4;

    private Blkif() {}
}
