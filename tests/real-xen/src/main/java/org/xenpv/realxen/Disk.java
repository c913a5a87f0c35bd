package org.xenpv.realxen;

import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontConfig;

/**
 * A disk that dom0 serves from a file of random bytes.
 *
 * @param vdev its number, in our directory's name
 * @param file dom0's
 */
record Disk(Dom0 dom0, String name, int vdev, String file) implements AutoCloseable {

    static final BlkfrontConfig PATIENT = BlkfrontConfig.DEFAULT
            .handshakeNs(RealGuest.PATIENCE_NS)
            .requestNs(RealGuest.PATIENCE_NS)
            .requestsPerQueue(16);

    private static final int XVDA = 51712;

    /**
     * @param letter of {@code xvdX}
     * @param access {@code rw} or {@code ro}, with another backend than xen-blkback behind it: {@code rw qdisk}
     */
    static Disk attach(Dom0 dom0, char letter, int megabytes, String access) {
        String name = "xvd" + letter;
        dom0.run("disk-attach " + name + " " + megabytes + " " + access);
        return new Disk(dom0, name, XVDA + 16 * (letter - 'a'), "/disks/" + name);
    }

    String nodename() {
        return "device/vbd/" + vdev;
    }

    Blkfront connect(RealGuest guest, BlkfrontConfig config) {
        return Blkfront.connect(guest.xen(), nodename(), config);
    }

    /** Of the file, as dom0 sees it. */
    String sha256() {
        return dom0.run("disk-sha256 " + name);
    }

    @Override
    public void close() {
        dom0.run("disk-detach " + name);
    }
}
