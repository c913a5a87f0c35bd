package org.xenpv.realxen;

import java.util.Set;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.BlkbackStats;
import org.xenpv.backends.block.StoreFactory;

/** {@link DiskVerify} in the guest, on a disk of ours with everything that we offer, and on one of the plainest kind. */
final class BlkbackVerify extends BackendScenario {

    private static final int MEGABYTES = 32;
    private static final int OPERATIONS = 200;
    private static final long SEED = 20261124;

    @Override
    void run(DriverDomain dom0) throws Exception {
        BlkbackStats all = verify(dom0, BlkbackConfig.DEFAULT, OPERATIONS);
        RealGuest.check(all.discards() > 0 && all.flushes() > 0, "no discard, or no flush: " + all);
        RealGuest.check(
                all.persistentHits() > all.grantsMapped(),
                "pages are mapped again and again, with persistent grants: " + all);
        BlkbackStats plain = verify(dom0, BlkbackConfig.PLAIN, OPERATIONS / 5);
        RealGuest.checkEqual(plain.persistentHits() + plain.indirect(), 0L, "what was not offered is used");
    }

    private static BlkbackStats verify(DriverDomain dom0, BlkbackConfig config, int operations) throws Exception {
        Set<String> before = Grants.mapped(dom0::here);
        BlkbackStats stats;
        try (BlkbackService disks = new BlkbackService(dom0.xen(), StoreFactory.RAW_IMAGES, config)) {
            disks.start();
            Rehearsal.ofDisk(dom0.store());
            try (ServedDisk disk = ServedDisk.attach(dom0, 'c', MEGABYTES)) {
                System.out.println(dom0.guest()
                        .run("MAIN=" + DiskVerify.class.getName() + " /java /dev/xvdc " + SEED + " " + operations + " "
                                + config.discard()));
                RealGuest.checkEqual(disk.sha256InGuest(), disk.sha256(), "the guest's sha256 of the whole disk");
                stats = disk.device(disks).stats();
                System.out.println(stats);
            }
        }
        RealGuest.checkEqual(stats.errors() + stats.refused(), 0L, "requests that failed");
        Grants.checkNoMoreThan(before, dom0::here);
        return stats;
    }
}
