package org.xenpv.realxen;

import java.util.Random;
import org.xenpv.blkfront.Blkfront;

/**
 * The guest stands still for longer than a request may take: dom0 answers meanwhile, and what lies in the ring counts, not what the
 * clock says.
 */
final class BlkPause implements Scenario {

    private static final int MEGABYTES = 4;
    private static final int PAUSES = 3;
    private static final int PAUSE_SECONDS = 25;
    private static final long REQUEST_NS = 20_000_000_000L;
    private static final int LARGE_SECTORS = 600;
    private static final long SEED = 20261124;

    @Override
    public void run(RealGuest guest) throws Exception {
        Random random = new Random(SEED);
        System.out.println("seed " + SEED);
        try (Disk image = Disk.attach(guest.dom0(), 'h', MEGABYTES, "rw")) {
            byte[] model;
            try (Blkfront disk = image.connect(guest, Disk.PATIENT.requestNs(REQUEST_NS))) {
                model = BlkMixed.content(disk);
                for (int pause = 0; pause < PAUSES; pause++) {
                    String command = "guest-pause " + PAUSE_SECONDS;
                    guest.dom0().start(command);
                    int rounds = 0;
                    long longestNs = 0;
                    while (longestNs < PAUSE_SECONDS * 900_000_000L) {
                        long beganNs = System.nanoTime();
                        BlkMixed.round(disk, model, random, LARGE_SECTORS);
                        longestNs = Math.max(longestNs, System.nanoTime() - beganNs);
                        rounds++;
                    }
                    guest.dom0().result(command);
                    System.out.println("pause " + pause + ": rounds=" + rounds + ", the longest took "
                            + longestNs / 1_000_000 + " ms; " + disk.stats());
                }
                RealGuest.checkEqual(disk.stats().timeouts(), 0L, "requests that ran out of time");
            }
            RealGuest.checkEqual(image.sha256(), Sha256.of(model), "sha256 of the file in dom0");
            RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent");
        }
    }
}
