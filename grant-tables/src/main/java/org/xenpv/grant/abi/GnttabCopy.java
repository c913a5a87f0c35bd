package org.xenpv.grant.abi;

import org.xenpv.memory.SharedMemory;

/**
 * {@code struct gnttab_copy} (xen/grant_table.h), 40 bytes on x86_64, 8-aligned.
 *
 * <pre>
 *   0             8       10       12    16          24      26       28    32    34      36       38    40
 *   +-------------+-------+--------+-----+-----------+-------+--------+-----+-----+-------+--------+-----+
 *   | source.u    | domid | offset | pad | dest.u    | domid | offset | pad | len | flags | status | pad |
 *   +-------------+-------+--------+-----+-----------+-------+--------+-----+-----+-------+--------+-----+
 *     u: gref (4 bytes) or gmfn (8), as the flags say; all in but the status
 * </pre>
 */
public final class GnttabCopy {

    public static final int SOURCE_OFFSET = 0;
    public static final int DEST_OFFSET = 16;
    public static final int LEN_OFFSET = 32;
    public static final int FLAGS_OFFSET = 34;
    public static final int STATUS_OFFSET = 36;
    public static final int SIZEOF = 40;

    /** Offsets in {@code struct gnttab_copy_ptr}, which starts at {@link #SOURCE_OFFSET} and {@link #DEST_OFFSET}. */
    public static final int PTR_DOMID_OFFSET = 8;

    public static final int PTR_OFFSET_OFFSET = 10;

    private GnttabCopy() {}

    /**
     * Writes a whole struct; the status says general error until the hypervisor says otherwise.
     *
     * @param source a reference as an unsigned value or a frame number, as the flags say; {@code dest} as well
     */
    static void write(
            SharedMemory args,
            int at,
            long source,
            int sourceDomid,
            int sourceOffset,
            long dest,
            int destDomid,
            int destOffset,
            int len,
            int flags) {
        args.check(at, SIZEOF, 8);
        args.putLong(at + SOURCE_OFFSET, source);
        args.putLong(at + SOURCE_OFFSET + PTR_DOMID_OFFSET, sourceDomid | (long) sourceOffset << 16);
        args.putLong(at + DEST_OFFSET, dest);
        args.putLong(at + DEST_OFFSET + PTR_DOMID_OFFSET, destDomid | (long) destOffset << 16);
        args.putLong(at + LEN_OFFSET, len | (long) flags << 16 | (Gnttab.GNTST_general_error & 0xffffL) << 32);
    }

    /**
     * Writes one end.
     *
     * @param end {@link #SOURCE_OFFSET} or {@link #DEST_OFFSET}
     * @param refOrGmfn a reference as an unsigned value, or a frame number
     */
    public static void writePtr(SharedMemory args, int at, int end, long refOrGmfn, int domid, int offset) {
        args.check(at, SIZEOF, 8);
        args.putLong(at + end, refOrGmfn);
        args.putShort(at + end + PTR_DOMID_OFFSET, (short) domid);
        args.putShort(at + end + PTR_OFFSET_OFFSET, (short) offset);
        args.putInt(at + end + PTR_OFFSET_OFFSET + 2, 0);
    }

    /** Writes what follows the ends; the status says general error until the hypervisor says otherwise. */
    public static void writeLength(SharedMemory args, int at, int len, int flags) {
        args.check(at, SIZEOF, 8);
        args.putShort(at + LEN_OFFSET, (short) len);
        args.putShort(at + FLAGS_OFFSET, (short) flags);
        args.putShort(at + STATUS_OFFSET, (short) Gnttab.GNTST_general_error);
        args.putShort(at + STATUS_OFFSET + 2, (short) 0);
    }

    /** The reference of an end that is one; the caller has checked the struct, here and below. */
    public static int ref(SharedMemory args, int at, int end) {
        return args.getInt(at + end);
    }

    /** The frame of an end that names no reference. */
    public static long gmfn(SharedMemory args, int at, int end) {
        return args.getLong(at + end);
    }

    public static int domid(SharedMemory args, int at, int end) {
        return Short.toUnsignedInt(args.getShort(at + end + PTR_DOMID_OFFSET));
    }

    public static int offset(SharedMemory args, int at, int end) {
        return Short.toUnsignedInt(args.getShort(at + end + PTR_OFFSET_OFFSET));
    }

    public static int len(SharedMemory args, int at) {
        return Short.toUnsignedInt(args.getShort(at + LEN_OFFSET));
    }

    /** GNTCOPY_*. */
    public static int flags(SharedMemory args, int at) {
        return Short.toUnsignedInt(args.getShort(at + FLAGS_OFFSET));
    }

    /** GNTST_*. */
    public static int status(SharedMemory args, int at) {
        return args.getShort(at + STATUS_OFFSET);
    }

    /** What a hypervisor answers. */
    public static void result(SharedMemory args, int at, int status) {
        args.check(at, SIZEOF, 8);
        args.putShort(at + STATUS_OFFSET, (short) status);
    }
}
