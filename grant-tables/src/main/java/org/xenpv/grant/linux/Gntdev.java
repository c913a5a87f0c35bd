package org.xenpv.grant.linux;

/** Requests and structs of linux/include/uapi/xen/gntdev.h, spelled as in C; offsets are {@code STRUCT_FIELD}. */
final class Gntdev {

    static final long IOCTL_GNTDEV_MAP_GRANT_REF = 0x18_4700;
    static final long IOCTL_GNTDEV_UNMAP_GRANT_REF = 0x10_4701;
    static final long IOCTL_GNTDEV_GRANT_COPY = 0x10_4708;

    static final int MAP_COUNT = 0;
    static final int MAP_INDEX = 8;
    static final int MAP_REFS = 16;
    static final int GRANT_REF_DOMID = 0;
    static final int GRANT_REF_REF = 4;
    static final int GRANT_REF_SIZEOF = 8;

    static final int UNMAP_INDEX = 0;
    static final int UNMAP_COUNT = 8;

    static final int COPY_COUNT = 0;
    static final int COPY_SEGMENTS = 8;
    static final int COPY_SIZEOF = 16;

    /** struct gntdev_grant_copy_segment; source and dest are a union of an address and {ref, offset, domid}. */
    static final int SEGMENT_SOURCE = 0;

    static final int SEGMENT_DEST = 8;
    static final int SEGMENT_LEN = 16;
    static final int SEGMENT_FLAGS = 18;
    static final int SEGMENT_STATUS = 20;
    static final int SEGMENT_SIZEOF = 24;
    static final int FOREIGN_REF = 0;
    static final int FOREIGN_OFFSET = 4;
    static final int FOREIGN_DOMID = 6;

    private Gntdev() {}
}
