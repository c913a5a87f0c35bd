package org.xenpv.io.blkif;

import org.xenpv.memory.SharedMemory;

/**
 * BLKIF_OP_INDIRECT (xen/io/blkif.h), in the x86_64 ABI: a read or write whose segments stand in pages of their own.
 *
 * <pre>
 * struct blkif_request_indirect {
 *     uint8_t        operation;                 BLKIF_OP_INDIRECT
 *     uint8_t        indirect_op;               BLKIF_OP_READ or BLKIF_OP_WRITE
 *     uint16_t       nr_segments;
 *     uint64_t       id;
 *     blkif_sector_t sector_number;
 *     blkif_vdev_t   handle;
 *     grant_ref_t    indirect_grefs[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
 * #ifdef __i386__
 *     uint64_t       pad;
 * #endif
 * };
 *
 * 0           1             2             4         8      16              24       26        28                    60   64
 * +-----------+-------------+-------------+---------+------+---------------+--------+---------+---------------------+----+
 * | operation | indirect_op | nr_segments | padding | id   | sector_number | handle | padding | indirect_grefs[0..7]|    |
 * +-----------+-------------+-------------+---------+------+---------------+--------+---------+---------------------+----+
 * </pre>
 */
public final class BlkifRequestIndirect {

    public static final int OPERATION_OFFSET = 0;
    public static final int INDIRECT_OP_OFFSET = 1;
    public static final int NR_SEGMENTS_OFFSET = 2;
    public static final int ID_OFFSET = 8;
    public static final int SECTOR_NUMBER_OFFSET = 16;
    public static final int HANDLE_OFFSET = 24;
    public static final int INDIRECT_GREFS_OFFSET = 28;
    public static final int SIZEOF = 64;

    private BlkifRequestIndirect() {}

    public static int operation(SharedMemory m, int at) {
        return m.getByte(at + OPERATION_OFFSET) & 0xff;
    }

    public static int indirectOp(SharedMemory m, int at) {
        return m.getByte(at + INDIRECT_OP_OFFSET) & 0xff;
    }

    public static int nrSegments(SharedMemory m, int at) {
        return m.getShort(at + NR_SEGMENTS_OFFSET) & 0xffff;
    }

    public static long id(SharedMemory m, int at) {
        return m.getLong(at + ID_OFFSET);
    }

    public static long sectorNumber(SharedMemory m, int at) {
        return m.getLong(at + SECTOR_NUMBER_OFFSET);
    }

    public static int handle(SharedMemory m, int at) {
        return m.getShort(at + HANDLE_OFFSET) & 0xffff;
    }

    /** @param page 0 to 7 */
    public static int indirectGref(SharedMemory m, int at, int page) {
        return m.getInt(at + INDIRECT_GREFS_OFFSET + page * 4);
    }

    /** Writes everything but the grefs, padding zero. */
    public static void putHeader(
            SharedMemory m, int at, int indirectOp, int nrSegments, int handle, long id, long sectorNumber) {
        m.putLong(at, Blkif.BLKIF_OP_INDIRECT | (indirectOp & 0xff) << 8 | (nrSegments & 0xffffL) << 16);
        m.putLong(at + ID_OFFSET, id);
        m.putLong(at + SECTOR_NUMBER_OFFSET, sectorNumber);
        m.putInt(at + HANDLE_OFFSET, handle & 0xffff);
    }

    /** @param page 0 to 7 */
    public static void putIndirectGref(SharedMemory m, int at, int page, int gref) {
        m.putInt(at + INDIRECT_GREFS_OFFSET + page * 4, gref);
    }
}
