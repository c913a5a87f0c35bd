package org.xenpv.grant.linux;

/** Requests and structs of linux/include/uapi/xen/gntalloc.h, spelled as in C; offsets are {@code STRUCT_FIELD}. */
final class Gntalloc {

    static final long IOCTL_GNTALLOC_ALLOC_GREF = 0x18_4705;
    static final long IOCTL_GNTALLOC_DEALLOC_GREF = 0x10_4706;
    static final long IOCTL_GNTALLOC_SET_UNMAP_NOTIFY = 0x10_4707;

    static final int GNTALLOC_FLAG_WRITABLE = 1;
    static final int UNMAP_NOTIFY_CLEAR_BYTE = 1;
    static final int UNMAP_NOTIFY_SEND_EVENT = 2;

    static final int ALLOC_DOMID = 0;
    static final int ALLOC_FLAGS = 2;
    static final int ALLOC_COUNT = 4;
    static final int ALLOC_INDEX = 8;
    static final int ALLOC_GREF_IDS = 16;

    static final int DEALLOC_INDEX = 0;
    static final int DEALLOC_COUNT = 8;

    static final int NOTIFY_INDEX = 0;
    static final int NOTIFY_ACTION = 8;
    static final int NOTIFY_EVENT_CHANNEL_PORT = 12;

    private Gntalloc() {}
}
