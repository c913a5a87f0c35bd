package org.xenpv.io.blkif;

import org.xenpv.memory.SharedMemory;

/**
 * {@link BlkifRequestDiscard} as a 32-bit guest lays it out.
 *
 * <pre>
 * struct blkif_request_discard {
 *     uint8_t        operation;
 *     uint8_t        flag;                      BLKIF_DISCARD_SECURE or 0
 *     blkif_vdev_t   handle;
 *     uint64_t       id;
 *     blkif_sector_t sector_number;
 *     uint64_t       nr_sectors;
 * };
 *
 * 0           1      2        4              12              20           28
 * +-----------+------+--------+--------------+---------------+------------+
 * | operation | flag | handle | id           | sector_number | nr_sectors |
 * +-----------+------+--------+--------------+---------------+------------+
 * </pre>
 */
public final class BlkifX86_32RequestDiscard {

    public static final int OPERATION_OFFSET = 0;
    public static final int FLAG_OFFSET = 1;
    public static final int HANDLE_OFFSET = 2;
    public static final int ID_OFFSET = 4;
    public static final int SECTOR_NUMBER_OFFSET = 12;
    public static final int NR_SECTORS_OFFSET = 20;
    public static final int SIZEOF = 28;

    private BlkifX86_32RequestDiscard() {}

    public static int operation(SharedMemory m, int at) {
        return m.getByte(at + OPERATION_OFFSET) & 0xff;
    }

    public static int flag(SharedMemory m, int at) {
        return m.getByte(at + FLAG_OFFSET) & 0xff;
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

    public static long nrSectors(SharedMemory m, int at) {
        return X86_32.getLong(m, at + NR_SECTORS_OFFSET);
    }

    /** Writes the whole request, padding zero. */
    public static void put(SharedMemory m, int at, int flag, int handle, long id, long sectorNumber, long nrSectors) {
        m.putInt(at, Blkif.BLKIF_OP_DISCARD | (flag & 0xff) << 8 | (handle & 0xffff) << 16);
        X86_32.putLong(m, at + ID_OFFSET, id);
        X86_32.putLong(m, at + SECTOR_NUMBER_OFFSET, sectorNumber);
        X86_32.putLong(m, at + NR_SECTORS_OFFSET, nrSectors);
    }
}
