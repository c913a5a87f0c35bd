package org.xenpv.realxen;

import java.nio.file.Files;
import java.nio.file.Path;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.fault.XenException;
import org.xenpv.xenbus.XenGuests;
import org.xenpv.xenbus.linux.KernelDrivers;
import org.xenpv.xenbus.linux.LinuxGuest;

/** The kernel's own frontend has the disk: that is said, and the disk is taken from it when that is asked for. */
final class BlkUnbind implements Scenario {

    private static final Path BLOCK_DEVICE = Path.of("/sys/block/xvdg");
    private static final int LOOKS = 100;

    @Override
    public void run(RealGuest guest) throws Exception {
        command("insmod", "/lib/xen-blkfront.ko");
        try (Disk image = Disk.attach(guest.dom0(), 'g', 2, "rw")) {
            KernelDrivers drivers = new KernelDrivers();
            for (int look = 0; look < LOOKS && !Files.exists(BLOCK_DEVICE); look++) {
                guest.dom0().run("sleep 0.2");
            }
            RealGuest.check(Files.exists(BLOCK_DEVICE), "the kernel's driver did not take the disk");
            RealGuest.checkEqual(drivers.driverOf(image.nodename()), "vbd", "the driver that sysfs names");
            try (Blkfront disk = image.connect(guest, Disk.PATIENT)) {
                throw new AssertionError("two frontends drive " + image.nodename() + ", " + disk.geometry());
            } catch (XenException said) {
                System.out.println(said.getMessage());
                RealGuest.check(
                        said.getMessage().contains("belongs to the kernel's driver \"vbd\""), said.getMessage());
            }
            try (LinuxGuest taking = XenGuests.linux(Main.options().withUnbind(true));
                    Blkfront disk = Blkfront.connect(taking, image.nodename(), Disk.PATIENT)) {
                RealGuest.check(drivers.driverOf(image.nodename()) == null, "the kernel's driver is still there");
                RealGuest.checkEqual(BlkRead.digest(disk), image.sha256(), "sha256");
            }
        } finally {
            command("rmmod", "xen-blkfront");
        }
    }

    static void command(String... words) throws Exception {
        int status = new ProcessBuilder(words).inheritIO().start().waitFor();
        RealGuest.checkEqual(status, 0, "the exit status of " + String.join(" ", words));
    }
}
