package org.xenpv.realxen;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.Set;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.BlkbackStats;
import org.xenpv.backends.block.StoreFactory;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.xenbus.XenGuests;
import org.xenpv.xenbus.linux.LinuxGuest;

/** Our frontend in the guest on our backend in dom0, with a real hypervisor between them. */
final class BothEnds extends BackendScenario {

    private static final int MEGABYTES = 16;

    @Override
    void run(DriverDomain dom0) throws Exception {
        Set<String> before = Grants.mapped(dom0::here);
        try (BlkbackService disks = new BlkbackService(dom0.xen(), StoreFactory.RAW_IMAGES, BlkbackConfig.DEFAULT)) {
            disks.start();
            Rehearsal.ofDisk(dom0.store());
            try (ServedDisk disk = ServedDisk.attach(dom0, 'f', MEGABYTES)) {
                String printed =
                        dom0.guest().run("MAIN='" + Frontend.class.getName() + "' /java device/vbd/" + disk.vdev());
                System.out.println(printed);
                BlkbackStats stats = disk.device(disks).stats();
                System.out.println(stats);
                RealGuest.check(
                        printed.contains("sha256=" + disk.sha256()), "the program in the guest has read another disk");
                RealGuest.check(stats.indirect() > 0, "no indirect request: " + stats);
                RealGuest.check(stats.persistentHits() > stats.grantsMapped(), "pages are mapped again: " + stats);
                RealGuest.checkEqual(stats.errors() + stats.refused(), 0L, "requests that failed");
            }
        }
        Grants.checkNoMoreThan(before, dom0::here);
    }

    /** The program in the guest: takes the disk from the kernel's frontend, writes all of it and reads it. */
    public static final class Frontend {

        private static final int CHUNK = 256 * 1024;

        private Frontend() {}

        /** @param args the disk's directory */
        public static void main(String[] args) throws Exception {
            LinuxGuest xen = XenGuests.linux(Main.options().withUnbind(true));
            try (Blkfront disk = Blkfront.connect(xen, args[0], Disk.PATIENT)) {
                Random random = new Random(7);
                byte[] bytes = new byte[CHUNK];
                for (long at = 0; at < MEGABYTES << 20; at += CHUNK) {
                    random.nextBytes(bytes);
                    disk.write(at / 512, ByteBuffer.wrap(bytes)).get();
                }
                disk.flush().get();
                System.out.println(disk.features() + " " + disk.stats());
                System.out.println("sha256=" + BlkRead.digest(disk));
            }
            xen.close();
            System.exit(0);
        }
    }
}
