package org.xenpv.grant.abi;

import org.xenpv.memory.SharedMemory;

/** Numbers of xen/grant_table.h, spelled as there, and the two domain ids of xen/xen.h that go with them. */
public final class Gnttab {

    public static final int GNTTABOP_map_grant_ref = 0;
    public static final int GNTTABOP_unmap_grant_ref = 1;
    public static final int GNTTABOP_setup_table = 2;
    public static final int GNTTABOP_copy = 5;
    public static final int GNTTABOP_query_size = 6;
    public static final int GNTTABOP_set_version = 8;
    public static final int GNTTABOP_get_status_frames = 9;
    public static final int GNTTABOP_get_version = 10;

    /** The first references belong to the toolstack and survive a change of version. */
    public static final int GNTTAB_NR_RESERVED_ENTRIES = 8;

    public static final int GNTTAB_RESERVED_CONSOLE = 0;
    public static final int GNTTAB_RESERVED_XENSTORE = 1;

    public static final int GTF_invalid = 0;
    public static final int GTF_permit_access = 1;
    public static final int GTF_type_mask = 3;
    public static final int GTF_readonly = 1 << 2;
    /** Set by Xen while the page is mapped or copied from. */
    public static final int GTF_reading = 1 << 3;
    /** Set by Xen while the page is mapped writable or copied to. */
    public static final int GTF_writing = 1 << 4;

    public static final int GNTMAP_host_map = 1 << 1;
    public static final int GNTMAP_readonly = 1 << 2;

    public static final int GNTCOPY_source_gref = 1;
    public static final int GNTCOPY_dest_gref = 1 << 1;

    public static final int GNTST_okay = 0;
    public static final int GNTST_general_error = -1;
    public static final int GNTST_bad_domain = -2;
    public static final int GNTST_bad_gntref = -3;
    public static final int GNTST_bad_handle = -4;
    public static final int GNTST_bad_virt_addr = -5;
    public static final int GNTST_bad_dev_addr = -6;
    public static final int GNTST_no_device_space = -7;
    public static final int GNTST_permission_denied = -8;
    public static final int GNTST_bad_page = -9;
    public static final int GNTST_bad_copy_arg = -10;
    public static final int GNTST_address_too_big = -11;
    public static final int GNTST_eagain = -12;
    public static final int GNTST_no_space = -13;

    /** Names the calling domain in an argument struct. */
    public static final int DOMID_SELF = 0x7ff0;

    /** Ids from here on are not domains. */
    public static final int DOMID_FIRST_RESERVED = 0x7ff0;

    private Gnttab() {}

    /** @throws IllegalArgumentException if it is no domain's */
    public static void checkDomid(int domid) {
        if (domid < 0 || domid >= DOMID_FIRST_RESERVED) {
            throw new IllegalArgumentException("domid=" + domid + ", must be 0 to " + (DOMID_FIRST_RESERVED - 1));
        }
    }

    /** @throws IllegalArgumentException if a copy names no other domain's page, or leaves it */
    public static void checkCopy(int domid, int offset, int lengthBytes) {
        checkDomid(domid);
        if (offset < 0 || lengthBytes < 0 || offset > SharedMemory.PAGE_BYTES - lengthBytes) {
            throw new IllegalArgumentException("offset=" + offset + ", lengthBytes=" + lengthBytes
                    + ", must lie in a page of " + SharedMemory.PAGE_BYTES);
        }
    }

    /** The other side of a copy. @param name of what is given as {@code at} @param sizeBytes what there is of ours */
    public static void checkOwn(String name, int at, int lengthBytes, int sizeBytes) {
        if (at < 0 || at > sizeBytes - lengthBytes) {
            throw new IllegalArgumentException(
                    name + "=" + at + ", lengthBytes=" + lengthBytes + ", must lie in " + sizeBytes + " bytes");
        }
    }
}
