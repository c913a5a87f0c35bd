package org.xenpv.io.blkif;

import org.xenpv.memory.SharedMemory;

/**
 * One page's worth of a request (xen/io/blkif.h); the same in both ABIs. Segments stand in the request itself or, for
 * {@link BlkifRequestIndirect}, in pages of their own.
 *
 * <pre>
 * struct blkif_request_segment {
 *     grant_ref_t gref;
 *     uint8_t     first_sect, last_sect;       inclusive, in units of 512 bytes
 * };
 *
 * 0                 4            5           6         8
 * +-----------------+------------+-----------+---------+
 * | gref            | first_sect | last_sect | padding |
 * +-----------------+------------+-----------+---------+
 * </pre>
 */
public final class BlkifRequestSegment {

    public static final int GREF_OFFSET = 0;
    public static final int FIRST_SECT_OFFSET = 4;
    public static final int LAST_SECT_OFFSET = 5;
    public static final int SIZEOF = 8;

    /** Segments in one page of an indirect request. */
    public static final int PER_PAGE = SharedMemory.PAGE_BYTES / SIZEOF;

    private BlkifRequestSegment() {}

    public static int gref(SharedMemory m, int at) {
        return m.getInt(at + GREF_OFFSET);
    }

    public static int firstSect(SharedMemory m, int at) {
        return m.getByte(at + FIRST_SECT_OFFSET) & 0xff;
    }

    public static int lastSect(SharedMemory m, int at) {
        return m.getByte(at + LAST_SECT_OFFSET) & 0xff;
    }

    /**
     * Reads the whole segment in two loads: what a backend uses on an indirect page. Take it apart with {@link
     * #gref(long)}, {@link #firstSect(long)} and {@link #lastSect(long)}.
     */
    public static long load(SharedMemory m, int at) {
        return (m.getInt(at) & 0xffff_ffffL) | (long) m.getInt(at + FIRST_SECT_OFFSET) << 32;
    }

    public static int gref(long segment) {
        return (int) segment;
    }

    public static int firstSect(long segment) {
        return (int) (segment >>> 32) & 0xff;
    }

    public static int lastSect(long segment) {
        return (int) (segment >>> 40) & 0xff;
    }

    /** Writes the whole segment, padding zero. */
    public static void put(SharedMemory m, int at, int gref, int firstSect, int lastSect) {
        m.putInt(at + GREF_OFFSET, gref);
        m.putInt(at + FIRST_SECT_OFFSET, (firstSect & 0xff) | (lastSect & 0xff) << 8);
    }
}
