package org.xenpv.realxen;

import java.io.IOException;
import org.xenpv.backends.block.Blkback;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.xenbus.XenbusState;

/**
 * A disk that a program in dom0 serves from a file, and that the guest's kernel has as {@code /dev/xvdX}.
 *
 * @param vdev its number, in its directories' names
 */
record ServedDisk(DriverDomain dom0, String name, int vdev) implements AutoCloseable {

    private static final int XVDA = 51712;

    /** Of zeros. Returns when the guest has it. @param letter of {@code xvdX} */
    static ServedDisk attach(DriverDomain dom0, char letter, int megabytes) throws IOException {
        String name = "xvd" + letter;
        dom0.here("program-disk-attach " + name + " " + megabytes + " rw");
        ServedDisk disk = new ServedDisk(dom0, name, XVDA + 16 * (letter - 'a'));
        dom0.store().awaitValue(RealGuest.PATIENCE_NS, disk.frontend() + "state", connected());
        dom0.guest().run("i=0; until [ -b /dev/" + name + " ]; do i=$((i+1)); [ $i -lt 300 ]; sleep 0.1; done");
        return disk;
    }

    private static String connected() {
        return Integer.toString(XenbusState.CONNECTED.value());
    }

    /** The guest's directory, with a slash behind it. */
    String frontend() throws IOException {
        return DriverDomain.directory() + "device/vbd/" + vdev + "/";
    }

    Blkback device(BlkbackService service) throws IOException {
        return service.device("backend/vbd/" + DriverDomain.domid() + "/" + vdev);
    }

    /** Of the file, as dom0 sees it. */
    String sha256() throws IOException {
        return dom0.here("sha256sum </disks/" + name).substring(0, 64);
    }

    /** Of the disk, as the guest sees it, past its cache. */
    String sha256InGuest() {
        return dom0.guest()
                .run("echo 3 >/proc/sys/vm/drop_caches; sha256sum </dev/" + name)
                .substring(0, 64);
    }

    @Override
    public void close() throws IOException {
        dom0.here("program-disk-detach " + name);
    }
}
