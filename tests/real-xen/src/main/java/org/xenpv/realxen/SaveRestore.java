package org.xenpv.realxen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.xenpv.blkfront.BlkStats;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.layers.Ipv4Address;
import org.xenpv.netfront.NetPacket;

/**
 * The guest is saved with reads, writes and echoes under way: as a checkpoint, after which it goes on in the same domain as if nothing had
 * been, and to be restored, in another. What was under way at a disk is done afterwards, what was written is there, the network works after
 * dom0 has been told where we are, nothing is left of the domains that were, and of the program one event channel device for each.
 */
final class SaveRestore implements Scenario {

    private static final int RESTORES = 2;
    /** Until at one of them something was under way at the disk: by chance it is not. */
    private static final int RESTORES_MAX = 6;

    private static final int MEGABYTES = 4;
    private static final int LARGE_SECTORS = 600;
    private static final int ROUNDS_PER_LOOK = 8;
    private static final int ROUNDS_AFTER = 20;
    private static final int ECHOES_AFTER = 200;
    private static final long SEED = 20261201;

    private final Random random = new Random(SEED);

    @Override
    public void run(RealGuest guest) throws Exception {
        System.out.println("seed " + SEED);
        Set<String> mapped = mapped(guest);
        guest.dom0().run("net-attach");
        try (Disk image = Disk.attach(guest.dom0(), 'j', MEGABYTES, "rw")) {
            try (Blkfront disk = image.connect(guest, Disk.PATIENT);
                    Network net = new Network(guest, Network.PATIENT.txPages(64))) {
                guest.dom0().run("net-up");
                Echoes echoes = new Echoes(net);
                byte[] model = BlkMixed.content(disk);
                int domid = guest.xen().domid();
                around(guest, "guest-checkpoint", 0, image, disk, net, echoes, model);
                RealGuest.checkEqual(guest.xen().domid(), domid, "the domain after a checkpoint");
                for (int i = 0; i < RESTORES || disk.stats().reissued() == 0 && i < RESTORES_MAX; i++) {
                    around(guest, "guest-restore", 1, image, disk, net, echoes, model);
                    RealGuest.check(guest.xen().domid() != domid, "the domain is still " + domid);
                    domid = guest.xen().domid();
                }
                RealGuest.check(disk.stats().reissued() > 0, "nothing was under way at the disk");
                RealGuest.checkEqual(disk.stats().timeouts(), 0L, "operations that ran out of time");
                RealGuest.checkEqual(
                        disk.stats().faults() + net.device().stats().faults(), 0L, "faults");
            }
            RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent");
        } finally {
            guest.dom0().run("net-detach");
        }
        Set<String> left = mapped(guest);
        left.removeAll(mapped);
        RealGuest.check(left.isEmpty(), "still mapped (owner, reference, mapped by): " + left);
    }

    @Override
    public long limitMs() {
        return 600_000;
    }

    /** @param connections how many further ones it takes */
    private void around(
            RealGuest guest,
            String command,
            int connections,
            Disk image,
            Blkfront disk,
            Network net,
            Echoes echoes,
            byte[] model)
            throws Exception {
        BlkStats before = disk.stats();
        long reconnects = net.device().stats().reconnects() + connections;
        long left = guest.xen().devicesLeft() + connections;
        guest.dom0().run("net-load " + Network.OURS);
        echoes.begin();
        guest.dom0().start(command);
        do {
            for (int i = 0; i < ROUNDS_PER_LOOK; i++) {
                BlkMixed.round(disk, model, random, LARGE_SECTORS);
            }
        } while (!guest.dom0().isAnswered());
        guest.dom0().result(command);
        net.until(() -> net.device().stats().reconnects() >= reconnects, "the interface's next connection");
        if (connections > 0) {
            announced(guest, net);
        }
        for (int i = 0; i < ROUNDS_AFTER; i++) {
            BlkMixed.round(disk, model, random, LARGE_SECTORS);
        }
        RealGuest.checkEqual(
                disk.stats().reconnects(), before.reconnects() + connections, command + ": connections of the disk");
        RealGuest.checkEqual(Sha256.of(BlkMixed.content(disk)), Sha256.of(model), command + ": sha256 of what we read");
        RealGuest.checkEqual(image.sha256(), Sha256.of(model), command + ": sha256 of the file in dom0");
        echoes.begin();
        int came = echoes.came;
        net.until(() -> echoes.came >= came + ECHOES_AFTER, "echoes after " + command);
        echoes.end();
        net.pinged(3, 1400);
        net.echoes(1400);
        System.out.println(command + ": domain " + guest.xen().domid() + ", reissued "
                + (disk.stats().reissued() - before.reissued()) + ", " + disk.stats() + " "
                + net.device().stats());
        RealGuest.checkEqual(net.device().stats().reconnects(), reconnects, command + ": connections of the interface");
        RealGuest.checkEqual((long) guest.xen().devicesLeft(), left, command + ": devices that cannot be closed");
        RealGuest.checkEqual(openDevices(), left + 1, command + ": devices that are open");
    }

    /** How many event channel devices the kernel says this program has open. */
    private static long openDevices() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.filter(SaveRestore::isEventChannels).count();
        }
    }

    private static boolean isEventChannels(Path file) {
        try {
            return Files.readSymbolicLink(file).toString().equals("/dev/xen/evtchn");
        } catch (IOException e) {
            return false; // the one with which the folder was listed
        }
    }

    /**
     * Dom0 has taken our station from what we sent unasked: an entry that it had asked for would not be stale so soon. We are silent, since
     * the echoes that were under way are lost.
     */
    private static void announced(RealGuest guest, Network net) {
        String neighbour = "";
        long deadlineNs = System.nanoTime() + RealGuest.PATIENCE_NS;
        while (neighbour.isEmpty() && System.nanoTime() - deadlineNs < 0) {
            neighbour = guest.dom0().run("ip neigh show to " + Network.OURS);
        }
        System.out.println(neighbour);
        RealGuest.check(
                neighbour.contains(net.device().mac().toString()) && neighbour.endsWith("STALE"),
                "dom0 knows us as: " + neighbour);
    }

    /** What is mapped of whom, this domain named so whatever its number. */
    private static Set<String> mapped(RealGuest guest) throws Exception {
        Set<String> mapped = new TreeSet<>();
        String owner = guest.xen().domid() + " ";
        for (String line : Grants.mapped(guest.dom0()::run)) {
            mapped.add(line.startsWith(owner) ? "guest " + line.substring(owner.length()) : line);
        }
        return mapped;
    }

    /** Keeps some echoes on their way to dom0 and back. What is lost is not sent again. */
    private static final class Echoes {

        private static final int UNDER_WAY = 8;
        private static final int BYTES = 1000;

        private final Network net;
        private int sequence;
        private int came;
        private boolean going;

        Echoes(Network net) {
            this.net = net;
            net.stack().icmp().onReply((source, id, number, packet) -> {
                came++;
                if (going) {
                    send();
                    this.net.device().flush();
                }
            });
        }

        void begin() {
            going = true;
            for (int i = 0; i < UNDER_WAY; i++) {
                send();
            }
            net.device().flush();
        }

        /** Those under way are the last ones. With more of them dom0's ping, which gets a copy of each, does not see its own any more. */
        void end() {
            going = false;
        }

        private void send() {
            NetPacket packet = net.stack().icmp().acquire(BYTES);
            if (packet != null) {
                sequence = sequence + 1 & 0xffff;
                net.stack().icmp().request(packet, Ipv4Address.parse(Network.THEIRS), 79, sequence);
            }
        }
    }
}
