package org.xenpv.realxen;

import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.fault.XenException;
import org.xenpv.grant.GrantExhaustedException;

/** What a disk may be besides a plain one: read-only, discarding, grown while in use, more wanted of it than there are pages. */
final class BlkEdges implements Scenario {

    @Override
    public void run(RealGuest guest) throws Exception {
        readOnly(guest);
        discarding(guest);
        growing(guest);
        tooManyPages(guest);
    }

    private static void readOnly(RealGuest guest) throws Exception {
        try (Disk image = Disk.attach(guest.dom0(), 'd', 1, "ro");
                Blkfront disk = image.connect(guest, Disk.PATIENT)) {
            RealGuest.check(disk.geometry().readOnly(), "the disk is not read-only");
            disk.read(0, ByteBuffer.allocate(4096)).get();
            try {
                disk.write(0, ByteBuffer.allocate(512));
            } catch (IllegalStateException refused) {
                return;
            }
            throw new AssertionError("a write to a read-only disk was taken");
        }
    }

    private static void discarding(RealGuest guest) throws Exception {
        try (Disk image = Disk.attach(guest.dom0(), 'd', 2, "rw");
                Blkfront disk = image.connect(guest, Disk.PATIENT)) {
            RealGuest.check(disk.features().discard(), "xen-blkback over a loop device offers no discard");
            disk.discard(2048, 1024).get();
            ByteBuffer hole = ByteBuffer.allocate(512 * 1024);
            disk.read(2048, hole).get();
            hole.flip();
            while (hole.hasRemaining()) {
                RealGuest.checkEqual(hole.get(), (byte) 0, "a byte of what was discarded, which this dom0 punches out");
            }
            try {
                disk.discardSecurely(0, 8).get();
            } catch (ExecutionException unsupported) {
                RealGuest.check(unsupported.getCause() instanceof XenException, unsupported.toString());
                return;
            }
            RealGuest.check(disk.features().discardSecure(), "secure discard worked, and is not offered");
        }
    }

    private static void growing(RealGuest guest) throws Exception {
        try (Disk image = Disk.attach(guest.dom0(), 'd', 2, "rw");
                Blkfront disk = image.connect(guest, Disk.PATIENT)) {
            RealGuest.checkEqual(disk.geometry().sectors(), 4096L, "sectors");
            guest.dom0().run("disk-grow xvdd 3");
            long deadlineNs = System.nanoTime() + RealGuest.PATIENCE_NS;
            guest.xen().loop().runUntil(() -> disk.geometry().sectors() == 6144, deadlineNs);
            RealGuest.checkEqual(disk.geometry().sectors(), 6144L, "sectors after growing");
            disk.write(6136, ByteBuffer.allocate(4096)).get();
        }
    }

    /** BlkfrontConfig.DEFAULT wants 1060 pages, gntalloc has 1024: that is said, and the disk works with fewer requests. */
    private static void tooManyPages(RealGuest guest) throws Exception {
        BlkfrontConfig greedy =
                BlkfrontConfig.DEFAULT.handshakeNs(RealGuest.PATIENCE_NS).requestNs(RealGuest.PATIENCE_NS);
        int pages = guest.xen().grants().pagesLeft();
        RealGuest.checkEqual(pages, 1024, "pages left");
        try (Disk image = Disk.attach(guest.dom0(), 'd', 8, "rw")) {
            try (Blkfront disk = image.connect(guest, greedy)) {
                throw new AssertionError("1060 pages were granted out of 1024: " + disk.stats());
            } catch (GrantExhaustedException said) {
                RealGuest.check(said.getMessage().contains("limit=1024"), said.getMessage());
            }
            RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent after that");
            try (Blkfront disk = image.connect(guest, greedy.fitting(pages / 2))) {
                System.out.println("pages lent " + guest.xen().grants().ledger().lent());
                RealGuest.checkEqual(BlkRead.digest(disk), image.sha256(), "sha256");
            }
        }
    }
}
