package org.xenpv.realxen;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.fault.XenException;

/** The toolstack takes a disk away while it is being read: every read ends, with its bytes or an error; nothing stays lent. */
final class BlkDetach implements Scenario {

    private static final int MEGABYTES = 4;
    private static final int READS = 400;
    private static final int READ_BYTES = 64 * 1024;

    @Override
    public void run(RealGuest guest) throws Exception {
        Set<String> mapped = Grants.mapped(guest.dom0()::run);
        Disk image = Disk.attach(guest.dom0(), 'e', MEGABYTES, "rw");
        try (Blkfront disk = image.connect(guest, Disk.PATIENT)) {
            String detach = "disk-detach " + image.name();
            List<CompletableFuture<Integer>> reads = new ArrayList<>();
            guest.dom0().start(detach);
            for (int i = 0; i < READS; i++) {
                reads.add(disk.read(i % 64 * 128L, ByteBuffer.allocate(READ_BYTES)));
            }
            int done = 0;
            int gone = 0;
            for (CompletableFuture<Integer> read : reads) {
                try {
                    RealGuest.checkEqual(read.get(), READ_BYTES, "bytes read");
                    done++;
                } catch (ExecutionException e) {
                    RealGuest.check(e.getCause() instanceof XenException, "a read ended with " + e.getCause());
                    gone++;
                }
            }
            guest.dom0().result(detach);
            System.out.println("read " + done + ", gone " + gone);
        }
        RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent");
        Grants.checkNoMoreThan(mapped, guest.dom0()::run);
        try (Disk again = Disk.attach(guest.dom0(), 'e', 1, "rw");
                Blkfront disk = again.connect(guest, Disk.PATIENT)) {
            RealGuest.checkEqual(BlkRead.digest(disk), again.sha256(), "sha256 of a disk attached in its place");
        }
    }
}
