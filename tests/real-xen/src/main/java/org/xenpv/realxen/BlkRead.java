package org.xenpv.realxen;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontFeatures;

/** Reads a whole disk from xen-blkback; dom0 and we agree on its digest. */
final class BlkRead implements Scenario {

    private static final int MEGABYTES = 16;
    private static final int CHUNK = 256 * 1024;

    @Override
    public void run(RealGuest guest) throws Exception {
        try (Disk image = Disk.attach(guest.dom0(), 'b', MEGABYTES, "rw")) {
            String expected = image.sha256();
            try (Blkfront disk = image.connect(guest, Disk.PATIENT)) {
                RealGuest.checkEqual(disk.geometry().sectors(), (long) MEGABYTES * 2048, "sectors");
                RealGuest.checkEqual(digest(disk), expected, "sha256");
                BlkfrontFeatures features = disk.features();
                System.out.println(features + " " + disk.stats());
                RealGuest.check(features.persistent(), "persistent grants are not used");
                RealGuest.check(features.indirectSegments() > 0, "indirect requests are not used");
            }
            RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent after closing");
        }
    }

    /** Of the whole disk, in order, several reads at a time. */
    static String digest(Blkfront disk) throws Exception {
        MessageDigest sha256 = Sha256.begin();
        long bytes = disk.geometry().sectors() * BlkfrontFeatures.SECTOR_BYTES;
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
        for (long at = 0; at < bytes; at += CHUNK) {
            buffer.clear().limit((int) Math.min(CHUNK, bytes - at));
            disk.read(at / BlkfrontFeatures.SECTOR_BYTES, buffer).get();
            sha256.update(buffer.flip());
        }
        return Sha256.hex(sha256);
    }
}
