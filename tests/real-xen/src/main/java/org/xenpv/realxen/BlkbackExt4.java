package org.xenpv.realxen;

import java.util.Set;
import org.xenpv.backends.block.Blkback;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.BlkbackStats;
import org.xenpv.backends.block.StoreFactory;
import org.xenpv.event.EventLoopStats;

/** Linux makes a file system on our disk, fills it, checks it, and finds in it what it put there. */
final class BlkbackExt4 extends BackendScenario {

    private static final int MEGABYTES = 96;
    private static final long IDLE_NS = 3_000_000_000L;
    private static final String DIGEST = "cd /mnt && find . -type f | sort | xargs sha256sum | sha256sum";

    @Override
    void run(DriverDomain dom0) throws Exception {
        Set<String> before = Grants.mapped(dom0::here);
        System.out.println("mapped before: " + before);
        RealGuest.check(!before.isEmpty(), "Xen says that not even the guest's console is mapped");
        try (BlkbackService disks = new BlkbackService(dom0.xen(), StoreFactory.RAW_IMAGES, BlkbackConfig.DEFAULT)) {
            disks.start();
            Rehearsal.ofDisk(dom0.store());
            try (ServedDisk disk = ServedDisk.attach(dom0, 'b', MEGABYTES)) {
                Blkback device = disk.device(disks);
                negotiated(dom0, disk, device);
                fill(dom0, disk);
                System.out.println(device.stats());
                RealGuest.check(device.persistentGrants() > 0, "no page is kept mapped");
                RealGuest.check(!Grants.mapped(dom0::here).equals(before), "nothing of the disk is mapped, says Xen");
                idles(dom0);
                used(device.stats());
            }
            Grants.checkNoMoreThan(before, dom0::here);
        }
    }

    /** What Linux took of what we offer. */
    private static void negotiated(DriverDomain dom0, ServedDisk disk, Blkback device) throws Exception {
        for (String key : dom0.store()
                .directory(disk.frontend().substring(0, disk.frontend().length() - 1))) {
            System.out.println("frontend " + key + "=" + dom0.store().readOrNull(disk.frontend() + key));
        }
        String said = dom0.guest().run("dmesg | grep blkfront");
        System.out.println(said + " rings=" + device.queues());
        RealGuest.check(said.contains("flush diskcache: enabled"), "flush: " + said);
        RealGuest.check(said.contains("persistent grants: enabled"), "persistent grants: " + said);
        RealGuest.check(said.contains("indirect descriptors: enabled"), "indirect segments: " + said);
        RealGuest.checkEqual(device.queues(), 2, "rings, of a guest with two processors,");
        RealGuest.checkEqual(dom0.store().read(disk.frontend() + "ring-page-order"), "2", "ring-page-order");
    }

    private static void fill(DriverDomain dom0, ServedDisk disk) throws Exception {
        Shell guest = dom0.guest();
        System.out.println(guest.run("/bin/mke2fs -t ext4 -q /dev/xvdb"));
        guest.run("mount -t ext4 /dev/xvdb /mnt");
        guest.run("cp -a /jre /mnt/");
        guest.run("dd if=/dev/urandom of=/mnt/random bs=64k count=128 && sync");
        String digest = guest.run(DIGEST);
        guest.run("umount /mnt");
        System.out.println(guest.run("/bin/e2fsck -f -n /dev/xvdb"));
        RealGuest.checkEqual(disk.sha256InGuest(), disk.sha256(), "the guest's sha256 of the whole disk");
        guest.run("mount -t ext4 /dev/xvdb /mnt");
        RealGuest.checkEqual(guest.run(DIGEST), digest, "sha256 of all files, after a second mount,");
        guest.run("umount /mnt");
    }

    /** A disk that nobody uses costs nothing here. */
    private static void idles(DriverDomain dom0) {
        EventLoopStats busy = dom0.xen().loop().stats();
        dom0.xen().loop().runUntil(() -> false, System.nanoTime() + IDLE_NS);
        EventLoopStats idle = dom0.xen().loop().stats();
        System.out.println("loop when busy " + busy + " and idle since " + idle);
        RealGuest.check(idle.turns() - busy.turns() < 100, "the loop turns with nothing to do: " + busy + ", " + idle);
        RealGuest.checkEqual(idle.errors(), 0L, "exceptions on the loop");
    }

    private static void used(BlkbackStats stats) {
        RealGuest.check(stats.indirect() > 0, "no indirect request: " + stats);
        RealGuest.check(stats.flushes() > 0, "no flush: " + stats);
        RealGuest.check(stats.discards() > 0, "no discard: " + stats);
        RealGuest.checkEqual(stats.errors() + stats.refused(), 0L, "requests that failed");
        RealGuest.check(
                stats.persistentHits() > 2 * stats.grantsMapped(),
                "pages are mapped again and again, with persistent grants: " + stats);
    }
}
