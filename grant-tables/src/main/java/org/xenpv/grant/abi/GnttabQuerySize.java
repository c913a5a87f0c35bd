package org.xenpv.grant.abi;

import org.xenpv.memory.SharedMemory;

/**
 * {@code struct gnttab_query_size} (xen/grant_table.h), 16 bytes.
 *
 * <pre>
 *   0     2     4           8               12       14    16
 *   +-----+-----+-----------+---------------+--------+-----+
 *   | dom | pad | nr_frames | max_nr_frames | status | pad |
 *   +-----+-----+-----------+---------------+--------+-----+
 *     in          out         out             out
 * </pre>
 */
public final class GnttabQuerySize {

    public static final int DOM_OFFSET = 0;
    public static final int NR_FRAMES_OFFSET = 4;
    public static final int MAX_NR_FRAMES_OFFSET = 8;
    public static final int STATUS_OFFSET = 12;
    public static final int SIZEOF = 16;

    private GnttabQuerySize() {}

    /** Writes every field; the status says general error until the hypervisor says otherwise. */
    public static void write(SharedMemory args, int at, int dom) {
        args.check(at, SIZEOF, 4);
        args.putShort(at + DOM_OFFSET, (short) dom);
        args.putShort(at + DOM_OFFSET + 2, (short) 0);
        args.putInt(at + NR_FRAMES_OFFSET, 0);
        args.putInt(at + MAX_NR_FRAMES_OFFSET, 0);
        args.putShort(at + STATUS_OFFSET, (short) Gnttab.GNTST_general_error);
        args.putShort(at + STATUS_OFFSET + 2, (short) 0);
    }

    /** The caller has checked the struct, here and below. */
    public static int dom(SharedMemory args, int at) {
        return Short.toUnsignedInt(args.getShort(at + DOM_OFFSET));
    }

    public static int nrFrames(SharedMemory args, int at) {
        return args.getInt(at + NR_FRAMES_OFFSET);
    }

    public static int maxNrFrames(SharedMemory args, int at) {
        return args.getInt(at + MAX_NR_FRAMES_OFFSET);
    }

    /** GNTST_*. */
    public static int status(SharedMemory args, int at) {
        return args.getShort(at + STATUS_OFFSET);
    }

    /** What a hypervisor answers. */
    public static void result(SharedMemory args, int at, int status, int nrFrames, int maxNrFrames) {
        args.check(at, SIZEOF, 4);
        args.putInt(at + NR_FRAMES_OFFSET, nrFrames);
        args.putInt(at + MAX_NR_FRAMES_OFFSET, maxNrFrames);
        args.putShort(at + STATUS_OFFSET, (short) status);
    }
}
