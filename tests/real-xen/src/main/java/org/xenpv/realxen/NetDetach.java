package org.xenpv.realxen;

import java.util.Set;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.layers.Ipv4Address;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetStats;

/** The toolstack takes an interface away while packets flow both ways: we are told, nothing stays lent, the next one works. */
final class NetDetach implements Scenario {

    private static final int ROUNDS = 3;
    private static final int PACKETS_FIRST = 200;
    private static final int BURST = 16;
    private static final int ECHO_BYTES = 1400;

    private int sequence;

    @Override
    public void run(RealGuest guest) throws Exception {
        Set<String> mapped = Grants.mapped(guest.dom0()::run);
        for (int round = 0; round < ROUNDS; round++) {
            guest.dom0().run("net-attach");
            Network net = new Network(guest, Network.PATIENT.txPages(64));
            try {
                guest.dom0().run("net-up");
                net.pinged(2, 56);
                torn(guest, net, round);
            } finally {
                net.close();
            }
            RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "round " + round + ": pages lent");
            Grants.checkNoMoreThan(mapped, guest.dom0()::run);
        }
    }

    private void torn(RealGuest guest, Network net, int round) {
        int dom0 = Ipv4Address.parse(Network.THEIRS);
        EventLoop.Source sender = () -> burst(net, dom0) > 0;
        guest.dom0().run("net-load " + Network.OURS);
        guest.xen().loop().tryRun(() -> guest.xen().loop().addSource(sender));
        net.until(
                () -> net.device().stats().rxPackets() > PACKETS_FIRST
                        && net.device().stats().txPackets() > PACKETS_FIRST,
                "the packets both ways");
        guest.dom0().start("net-detach");
        net.until(net::isOver, "word that the interface is gone");
        guest.xen().loop().tryRun(() -> guest.xen().loop().removeSource(sender));
        guest.dom0().result("net-detach");
        NetStats stats = net.device().stats();
        System.out.println("round " + round + ": " + net.why() + "; " + stats);
        RealGuest.check(net.why() instanceof XenPeerGoneException, "the interface ended with " + net.why());
        RealGuest.checkEqual(stats.faults(), 0L, "faults");
        RealGuest.check(net.device().acquire(64) == null, "an interface that is gone has pages for packets");
    }

    private int burst(Network net, int to) {
        int sent = 0;
        while (sent < BURST) {
            NetPacket packet = net.stack().icmp().acquire(ECHO_BYTES);
            if (packet == null) {
                break;
            }
            net.stack().icmp().request(packet, to, 78, ++sequence & 0xffff);
            sent++;
        }
        net.device().flush();
        return sent;
    }
}
