package org.xenpv.realxen;

import org.xenpv.layers.UdpLayer;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetStats;

/** A hundred thousand datagrams to a program in dom0 that sends them back, in order, each byte compared. */
final class NetSoak implements Scenario {

    private static final int DATAGRAMS = 100_000;
    /** Fewer than dom0's socket holds: none may be lost. */
    private static final int UNDER_WAY = 32;

    private static final int PORT = 9;
    private static final int LARGE_BYTES = 1472;

    @Override
    public void run(RealGuest guest) {
        guest.dom0().run("net-attach");
        try {
            try (Network net = new Network(guest, Network.PATIENT.txPages(64))) {
                guest.dom0().run("net-up");
                soak(guest, net);
                NetStats stats = net.device().stats();
                System.out.println(stats + " " + net.stack());
                RealGuest.checkEqual(stats.faults(), 0L, "faults");
            }
            RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent");
        } finally {
            guest.dom0().run("net-detach");
        }
    }

    private static void soak(RealGuest guest, Network net) {
        Sender sender = new Sender(net);
        net.stack().udp().bind(PORT, sender);
        String mirror = guest.dom0().run("udp-mirror " + Network.OURS + " " + PORT);
        int came = -1;
        while (came < sender.came) { // as long as some come
            came = sender.came;
            int next = Math.min(DATAGRAMS, came + 1000);
            net.until(() -> sender.came >= next, "datagram " + next + ", " + sender.sent + " were sent;");
        }
        guest.dom0().run("kill " + mirror);
        net.stack().udp().unbind(PORT);
        RealGuest.checkEqual(sender.came, DATAGRAMS, "datagrams that came back");
    }

    /**
     * Begins with the first datagram that comes, which says where to, and keeps {@link #UNDER_WAY} on their way. Dom0 may have sent all
     * back and xen-netback not yet have given us any of the pages: then it goes on when it does.
     */
    private static final class Sender implements UdpLayer.Receiver {

        private final Network net;
        private int destination;
        private int destinationPort;
        private int sent;
        private int came = -1;

        Sender(Network net) {
            this.net = net;
            net.stack().udp().whenWritable(this::send);
        }

        @Override
        public void received(int source, int sourcePort, NetPacket packet) {
            if (came >= 0) {
                compare(came, packet);
            }
            came++;
            destination = source;
            destinationPort = sourcePort;
            send();
        }

        private void send() {
            while (came >= 0 && sent < DATAGRAMS && sent - came < UNDER_WAY) {
                NetPacket next = net.stack().udp().acquire(length(sent));
                if (next == null) {
                    break;
                }
                fill(sent, next);
                RealGuest.check(
                        net.stack().udp().send(next, PORT, destination, destinationPort),
                        "datagram " + sent + " was not sent");
                sent++;
            }
            net.stack().udp().flush();
        }

        /** Every sixteenth fills a frame. */
        private static int length(int number) {
            return number % 16 == 15 ? LARGE_BYTES : 4 + number * 37 % 250;
        }

        private static void fill(int number, NetPacket packet) {
            for (int i = 0; i < packet.length(); i++) {
                packet.putU8(i, expected(number, i));
            }
        }

        private static void compare(int number, NetPacket packet) {
            RealGuest.checkEqual(packet.length(), length(number), "the length of datagram " + number);
            for (int i = 0; i < packet.length(); i++) {
                if (packet.getU8(i) != expected(number, i)) {
                    throw new AssertionError("byte " + i + " of datagram " + number + " is " + packet.getU8(i));
                }
            }
        }

        /** The number in the first four bytes, then what depends on it. */
        private static int expected(int number, int at) {
            return at < 4 ? number >>> 8 * at & 0xff : number * 31 + at & 0xff;
        }
    }
}
