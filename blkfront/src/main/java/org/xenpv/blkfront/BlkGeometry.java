package org.xenpv.blkfront;

import org.xenpv.fault.XenConfigException;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.xenbus.KeySnapshot;

/**
 * The disk as its backend describes it once connected.
 *
 * @param sectors its size in units of 512 bytes
 * @param sectorBytes requests are aligned to it: a power of two from 512 to 4096
 * @param physicalSectorBytes a multiple of it, for good performance
 * @param readOnly writes are refused
 * @param removable VDISK_REMOVABLE
 * @param cdrom VDISK_CDROM
 */
public record BlkGeometry(
        long sectors, int sectorBytes, int physicalSectorBytes, boolean readOnly, boolean removable, boolean cdrom) {

    static final String[] KEYS = {
        BlkifKeys.SECTORS, BlkifKeys.SECTOR_SIZE, BlkifKeys.PHYSICAL_SECTOR_SIZE, BlkifKeys.INFO, BlkifKeys.MODE,
    };

    /** @throws XenConfigException if what the backend says cannot be a disk, or its unit is not certain */
    static BlkGeometry parse(KeySnapshot backend, SectorUnits units) {
        int sectorBytes = (int) backend.number(BlkifKeys.SECTOR_SIZE, 512, 4096, 512);
        if (Integer.bitCount(sectorBytes) != 1) {
            throw new XenConfigException(
                    BlkifKeys.SECTOR_SIZE, Integer.toString(sectorBytes), "a power of two from 512 to 4096");
        }
        units.accept(sectorBytes);
        int physicalBytes = (int) backend.number(BlkifKeys.PHYSICAL_SECTOR_SIZE, 512, 1 << 30, sectorBytes);
        if (physicalBytes % sectorBytes != 0) {
            throw new XenConfigException(
                    BlkifKeys.PHYSICAL_SECTOR_SIZE,
                    Integer.toString(physicalBytes),
                    "a multiple of sector-size=" + sectorBytes);
        }
        int sizeUnit = units.sizeUnitBytes(sectorBytes);
        long count = backend.number(BlkifKeys.SECTORS, 1, Long.MAX_VALUE / 4096);
        long sectors = count * (sizeUnit / BlkfrontFeatures.SECTOR_BYTES);
        if (sectors % (sectorBytes / BlkfrontFeatures.SECTOR_BYTES) != 0) {
            throw new XenConfigException(
                    BlkifKeys.SECTORS, Long.toString(count), "a whole number of sectors of " + sectorBytes + " bytes");
        }
        int info = (int) backend.number(BlkifKeys.INFO, 0, 0xffff, 0);
        boolean readOnly = (info & Blkif.VDISK_READONLY) != 0 || "r".equals(backend.text(BlkifKeys.MODE));
        return new BlkGeometry(
                sectors,
                sectorBytes,
                physicalBytes,
                readOnly,
                (info & Blkif.VDISK_REMOVABLE) != 0,
                (info & Blkif.VDISK_CDROM) != 0);
    }

    /**
     * @throws IllegalStateException if the operation writes and the disk is read-only
     * @throws IllegalArgumentException if it does not lie within the disk or is not made of whole sectors
     */
    void check(String nodename, BlkOp op) {
        String refused = refuses(op);
        if (refused == null) {
            return;
        }
        if (readOnly && op.kind != BlkOp.Kind.READ) {
            throw new IllegalStateException(nodename + ": " + refused);
        }
        throw new IllegalArgumentException(nodename + ": " + refused);
    }

    /** Why this disk cannot do an operation, or null if it can. */
    String refuses(BlkOp op) {
        if (op.kind == BlkOp.Kind.FLUSH) {
            return null;
        }
        if (readOnly && op.kind != BlkOp.Kind.READ) {
            return "the disk is read-only";
        }
        int unit = sectorBytes / BlkfrontFeatures.SECTOR_BYTES;
        if (op.bytes < 1 || op.bytes % sectorBytes != 0 || op.sector % unit != 0) {
            return "sector=" + op.sector + ", bytes=" + op.bytes + ", must be whole sectors of " + sectorBytes
                    + " bytes";
        }
        if (op.sector < 0 || op.sector > sectors - op.bytes / BlkfrontFeatures.SECTOR_BYTES) {
            return "sector=" + op.sector + ", bytes=" + op.bytes + ", must lie within the disk's " + sectors
                    + " sectors";
        }
        return null;
    }
}
