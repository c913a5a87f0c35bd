package org.xenpv.realxen;

import java.util.Set;

/**
 * {@code kill -9} of the program that serves a disk while the guest writes files to it. A Linux frontend does not begin anew with the
 * next program: it takes no notice of InitWait while it is connected. What can be promised is this: the guest lives on, the dead program
 * has nothing mapped, what the guest was told to be on the disk is on it, and the next program serves it as another disk.
 */
final class BlkbackKill extends BackendScenario {

    private static final int MEGABYTES = 64;
    private static final int FILES = 5;
    private static final String WRITE = "(i=0; while :; do i=$((i+1));"
            + " dd if=/dev/urandom of=/mnt/f$i bs=64k count=8 conv=fsync 2>/dev/null || break;"
            + " sha256sum /mnt/f$i >>/tmp/written; done) >/dev/null 2>&1 &";
    private static final String COUNT = "wc -l </tmp/written";

    @Override
    void run(DriverDomain dom0) throws Exception {
        Set<String> before = Grants.mapped(dom0::here);
        Shell guest = dom0.guest();
        ServedDisk lost;
        try (BackendProgram victim = BackendProgram.start()) {
            lost = ServedDisk.attach(dom0, 'd', MEGABYTES);
            guest.run("/bin/mke2fs -t ext4 -q /dev/xvdd && mount -t ext4 /dev/xvdd /mnt && rm -f /tmp/written");
            guest.run(WRITE);
            guest.run("until [ -e /tmp/written ] && [ $(" + COUNT + ") -ge " + FILES + " ]; do sleep 0.1; done");
            RealGuest.check(Grants.mapped(dom0::here).size() > before.size(), "nothing of the disk is mapped");
        }
        Grants.checkNoMoreThan(before, dom0::here);
        int written = written(guest);
        System.out.println("files written and synced when it was killed: " + written);
        try (BackendProgram next = BackendProgram.start()) {
            dom0.store().awaitValue(RealGuest.PATIENCE_NS, backend(lost) + "state", "2");
            dom0.here("cp /disks/xvdd /disks/xvde");
            another(dom0);
            RealGuest.checkEqual(
                    dom0.store().read(lost.frontend() + "state"), "4", "the frontend's state, a while later");
            int more = written(guest)
                    - written; // the last one may have been synced and not written down when it was counted
            RealGuest.check(more == 0 || more == 1, "files written with nobody to write them: " + more);
            detached(dom0, lost);
        }
        Grants.checkNoMoreThan(before, dom0::here);
    }

    private static int written(Shell guest) {
        return Integer.parseInt(guest.run(COUNT).strip());
    }

    private static String backend(ServedDisk disk) throws Exception {
        return "backend/vbd/" + DriverDomain.domid() + "/" + disk.vdev() + "/";
    }

    /** The guest finds what it wrote on a copy of the image, after its journal was played. */
    private static void another(DriverDomain dom0) throws Exception {
        try (ServedDisk disk = ServedDisk.attach(dom0, 'e', MEGABYTES)) {
            Shell guest = dom0.guest();
            guest.run("mkdir -p /mnt2; mount -t ext4 /dev/xvde /mnt2");
            guest.run("sed 's|/mnt/|/mnt2/|' /tmp/written | sha256sum -c");
            guest.run("umount /mnt2");
            guest.run("/bin/e2fsck -f -n /dev/xvde");
        }
    }

    /** The toolstack is rid of the lost one, though its frontend does not give it up. */
    private static void detached(DriverDomain dom0, ServedDisk lost) throws Exception {
        dom0.here("xl block-detach $(cat /run/domid) xvdd");
        RealGuest.check(dom0.store().readOrNull(backend(lost) + "state") == null, "the backend's node is still there");
        RealGuest.check(
                dom0.store().readOrNull(lost.frontend() + "state") == null, "the frontend's node is still there");
    }
}
