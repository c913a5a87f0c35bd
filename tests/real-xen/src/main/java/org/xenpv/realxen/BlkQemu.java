package org.xenpv.realxen;

import java.nio.ByteBuffer;
import java.util.Random;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontFeatures;

/** QEMU's backend of disks: a whole disk read, written and read again, digests compared. */
final class BlkQemu implements Scenario {

    private static final int MEGABYTES = 8;
    private static final int CHUNK = 256 * 1024;
    private static final long SEED = 20261124;

    @Override
    public void run(RealGuest guest) throws Exception {
        try (Disk image = Disk.attach(guest.dom0(), 'h', MEGABYTES, "rw qdisk")) {
            String expected = image.sha256();
            try (Blkfront disk = image.connect(guest, Disk.PATIENT)) {
                BlkfrontFeatures features = disk.features();
                System.out.println(features + " " + disk.geometry());
                RealGuest.checkEqual(disk.geometry().sectors(), (long) MEGABYTES * 2048, "sectors");
                RealGuest.checkEqual(BlkRead.digest(disk), expected, "sha256 of what was read");
                write(disk);
                disk.flush().get();
                String written = BlkRead.digest(disk);
                RealGuest.check(!written.equals(expected), "nothing was written");
                RealGuest.checkEqual(image.sha256(), written, "sha256 of the file after writing");
                System.out.println(disk.stats());
                if (features.discard()) {
                    disk.discard(2048, 1024).get();
                    RealGuest.checkEqual(BlkRead.digest(disk), image.sha256(), "sha256 after discarding");
                }
            }
            RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent after closing");
            try (Blkfront disk = image.connect(guest, Disk.PATIENT)) {
                RealGuest.checkEqual(BlkRead.digest(disk), image.sha256(), "sha256 when connected again");
            }
        }
    }

    private static void write(Blkfront disk) throws Exception {
        Random random = new Random(SEED);
        byte[] bytes = new byte[CHUNK];
        for (long at = 0; at < (long) MEGABYTES << 20; at += CHUNK) {
            random.nextBytes(bytes);
            disk.write(at / BlkfrontFeatures.SECTOR_BYTES, ByteBuffer.wrap(bytes))
                    .get();
        }
    }
}
