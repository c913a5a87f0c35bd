package org.xenpv.io.blkif;

import org.xenpv.memory.SharedMemory;

/**
 * {@link BlkifRequest} as a 32-bit guest lays it out: 64-bit fields are aligned to 4 bytes, nothing is padded.
 *
 * <pre>
 * struct blkif_request {
 *     uint8_t        operation;
 *     uint8_t        nr_segments;
 *     blkif_vdev_t   handle;                    uint16_t
 *     uint64_t       id;                        the frontend's own, echoed in the response
 *     blkif_sector_t sector_number;             uint64_t, in units of 512 bytes
 *     struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
 * };
 *
 * 0           1             2        4              12              20             20+8*nr    108
 * +-----------+-------------+--------+--------------+---------------+--------------+-------+
 * | operation | nr_segments | handle | id           | sector_number | seg[0..10]   |       |
 * +-----------+-------------+--------+--------------+---------------+--------------+-------+
 * </pre>
 */
public final class BlkifX86_32Request {

    public static final int OPERATION_OFFSET = 0;
    public static final int NR_SEGMENTS_OFFSET = 1;
    public static final int HANDLE_OFFSET = 2;
    public static final int ID_OFFSET = 4;
    public static final int SECTOR_NUMBER_OFFSET = 12;
    public static final int SEG_OFFSET = 20;
    public static final int SIZEOF = 108;

    /** The size of a ring slot (union blkif_sring_entry: the larger of request and response). */
    public static final int SLOT_BYTES = SIZEOF;

    private BlkifX86_32Request() {}

    public static int operation(SharedMemory m, int at) {
        return m.getByte(at + OPERATION_OFFSET) & 0xff;
    }

    public static int nrSegments(SharedMemory m, int at) {
        return m.getByte(at + NR_SEGMENTS_OFFSET) & 0xff;
    }

    public static int handle(SharedMemory m, int at) {
        return m.getShort(at + HANDLE_OFFSET) & 0xffff;
    }

    public static long id(SharedMemory m, int at) {
        return X86_32.getLong(m, at + ID_OFFSET);
    }

    public static long sectorNumber(SharedMemory m, int at) {
        return X86_32.getLong(m, at + SECTOR_NUMBER_OFFSET);
    }

    /** Where segment {@code index} stands, for {@link BlkifRequestSegment}. */
    public static int segmentAt(int at, int index) {
        return at + SEG_OFFSET + index * BlkifRequestSegment.SIZEOF;
    }

    /** Writes everything but the segments, padding zero. */
    public static void putHeader(
            SharedMemory m, int at, int operation, int nrSegments, int handle, long id, long sectorNumber) {
        m.putInt(at, (operation & 0xff) | (nrSegments & 0xff) << 8 | (handle & 0xffff) << 16);
        X86_32.putLong(m, at + ID_OFFSET, id);
        X86_32.putLong(m, at + SECTOR_NUMBER_OFFSET, sectorNumber);
    }
}
