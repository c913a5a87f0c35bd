package org.xenpv.grant.linux;

import org.xenpv.grant.abi.Gnttab;
import org.xenpv.memory.ChronicleMemory;

/** struct gntdev_grant_copy_segment: one copy between a granted page and memory of ours, which may cross its pages. */
final class GrantCopySegment {

    private GrantCopySegment() {}

    /** @param from whether the granted page is the source */
    static void write(
            ChronicleMemory args,
            int at,
            int gref,
            int offset,
            int domid,
            long address,
            int lengthBytes,
            boolean from) {
        args.check(at, Gntdev.SEGMENT_SIZEOF, 8);
        int foreign = at + (from ? Gntdev.SEGMENT_SOURCE : Gntdev.SEGMENT_DEST);
        args.putInt(foreign + Gntdev.FOREIGN_REF, gref);
        args.putShort(foreign + Gntdev.FOREIGN_OFFSET, (short) offset);
        args.putShort(foreign + Gntdev.FOREIGN_DOMID, (short) domid);
        args.putLong(at + (from ? Gntdev.SEGMENT_DEST : Gntdev.SEGMENT_SOURCE), address);
        args.putShort(at + Gntdev.SEGMENT_LEN, (short) lengthBytes);
        args.putShort(
                at + Gntdev.SEGMENT_FLAGS, (short) (from ? Gnttab.GNTCOPY_source_gref : Gnttab.GNTCOPY_dest_gref));
        args.putShort(at + Gntdev.SEGMENT_STATUS, (short) Gnttab.GNTST_general_error);
    }

    /** GNTST_*. */
    static int status(ChronicleMemory args, int at) {
        args.check(at, Gntdev.SEGMENT_SIZEOF, 8);
        return args.getShort(at + Gntdev.SEGMENT_STATUS);
    }
}
