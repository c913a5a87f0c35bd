package org.xenpv.blkfront;

import org.xenpv.fault.XenConfigException;

/**
 * In which unit a backend counts, where its {@code sector-size} is not 512. The specification says 512 bytes in all
 * three places (xen.git 221f2748e8, "blkif: reconcile protocol specification with in-use implementations"), and lists
 * what is deployed. A wrong guess reads and writes the wrong place, so the default refuses such disks unless the user
 * says which backend it is.
 */
public enum SectorUnits {
    /** Refuses a sector-size other than 512, for which all agree. */
    REFUSE(true, true, true),
    /** The specification, Linux: 512 bytes everywhere. */
    SPECIFICATION(true, true, true),
    /** FreeBSD's backend: sector-size for the disk's size and for positions, 512 within a page. */
    FREEBSD(false, false, true),
    /** QEMU's and the Windows frontend's view: sector-size everywhere. */
    QEMU(false, false, false),
    /** Mini-OS: sector-size for the disk's size only. */
    MINI_OS(false, true, true);

    private final boolean size512;
    private final boolean position512;
    private final boolean segment512;

    SectorUnits(boolean size512, boolean position512, boolean segment512) {
        this.size512 = size512;
        this.position512 = position512;
        this.segment512 = segment512;
    }

    void accept(int sectorBytes) {
        if (this == REFUSE && sectorBytes != BlkfrontFeatures.SECTOR_BYTES) {
            throw new XenConfigException(
                    "sector-size",
                    Integer.toString(sectorBytes),
                    "512, or the backend's units must be configured (SectorUnits)");
        }
    }

    /** Bytes that one unit of the key {@code sectors} stands for. */
    int sizeUnitBytes(int sectorBytes) {
        return size512 ? BlkfrontFeatures.SECTOR_BYTES : sectorBytes;
    }

    /** Bytes that one unit of a request's {@code sector_number} stands for. */
    int positionUnitBytes(int sectorBytes) {
        return position512 ? BlkfrontFeatures.SECTOR_BYTES : sectorBytes;
    }

    /** Bytes that one unit of {@code first_sect} and {@code last_sect} stands for. */
    int segmentUnitBytes(int sectorBytes) {
        return segment512 ? BlkfrontFeatures.SECTOR_BYTES : sectorBytes;
    }
}
