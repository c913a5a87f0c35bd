package org.xenpv.realxen;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.xenpv.layers.Ipv4Address;
import org.xenpv.netfront.NetFeature;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetStats;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetfrontFeatures;

/** Ping and datagrams both ways with xen-netback, over several kinds of connection one after the other. */
final class NetPing implements Scenario {

    private static final int PINGS = 5;

    /**
     * A kind of connection.
     *
     * @param agreed whether that is what was negotiated
     */
    private record Variant(NetfrontConfig config, Predicate<NetfrontFeatures> agreed) {}

    private final Map<String, Variant> variants = new LinkedHashMap<>();

    /** With the defaults only. */
    static NetPing plain() {
        NetPing ping = new NetPing();
        ping.variants.put(
                "default",
                new Variant(
                        Network.PATIENT.txPages(64),
                        is -> is.splitEventChannels() && is.scatterGather() && is.csumV4() && is.csumV6()));
        return ping;
    }

    /** With features left out and added. */
    static NetPing features() {
        NetfrontConfig few = Network.PATIENT.txPages(64);
        NetPing ping = new NetPing();
        ping.variants.put(
                "one event channel",
                new Variant(few.without(NetFeature.SPLIT_EVENT_CHANNELS), is -> !is.splitEventChannels()));
        ping.variants.put(
                "nothing offloaded",
                new Variant(few.without(NetFeature.CSUM_V4, NetFeature.CSUM_V6), is -> !is.csumV4() && !is.csumV6()));
        ping.variants.put("no pieces", new Variant(few.without(NetFeature.SCATTER_GATHER), is -> !is.scatterGather()));
        ping.variants.put(
                "multicast control", new Variant(few.multicastControl(true), NetfrontFeatures::multicastControl));
        for (int bytes : new int[] {192, 2048}) {
            ping.variants.put(
                    "headroom of " + bytes + " bytes",
                    new Variant(few.xdpHeadroomBytes(bytes), is -> is.xdpHeadroomBytes() == bytes));
        }
        return ping;
    }

    @Override
    public void run(RealGuest guest) {
        guest.dom0().run("net-attach");
        try {
            for (Map.Entry<String, Variant> variant : variants.entrySet()) {
                System.out.println("variant " + variant.getKey());
                one(guest, variant.getKey(), variant.getValue());
                RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, variant.getKey() + ": pages lent");
            }
        } finally {
            guest.dom0().run("net-detach");
        }
    }

    private static void one(RealGuest guest, String name, Variant variant) {
        try (Network net = new Network(guest, variant.config())) {
            RealGuest.check(
                    variant.agreed().test(net.device().features()),
                    name + ": " + net.device().features());
            System.out.println(net.device().features() + " mac " + net.device().mac() + " mtu "
                    + net.device().mtu());
            guest.dom0().run("net-up");
            net.pinged(PINGS, 56);
            net.pinged(PINGS, 1400);
            net.pinged(PINGS, 8000); // in fragments
            net.echoes(11);
            net.echoes(1400);
            net.echoes(6000);
            pings(net);
            if (net.device().features().scatterGather()) {
                jumbo(guest, net);
            }
            NetStats stats = net.device().stats();
            System.out.println(name + ": " + stats + " " + net.stack());
            RealGuest.checkEqual(stats.faults(), 0L, "faults");
            long echoes = net.device().features().scatterGather() ? 4 : 3;
            RealGuest.checkEqual(net.echoed(), echoes, "datagrams echoed");
        }
    }

    /** We ping dom0. */
    private static void pings(Network net) {
        int[] replies = new int[1];
        net.stack().icmp().onReply((source, id, sequence, packet) -> {
            for (int i = 0; i < packet.length(); i++) {
                if (packet.getU8(i) != ((i + sequence) & 0xff)) {
                    throw new AssertionError("byte " + i + " of an echo is not what was sent");
                }
            }
            replies[0]++;
        });
        for (int sequence = 1; sequence <= PINGS; sequence++) {
            int wanted = sequence;
            NetPacket packet = net.stack().icmp().acquire(1000);
            for (int i = 0; i < packet.length(); i++) {
                packet.putU8(i, (i + sequence) & 0xff);
            }
            net.stack().icmp().request(packet, Ipv4Address.parse(Network.THEIRS), 77, sequence);
            net.device().flush();
            net.until(() -> replies[0] >= wanted, "an echo of " + Network.THEIRS);
        }
    }

    /** Frames that take several slots: dom0's end sends up to 9000 bytes in one. */
    private static void jumbo(RealGuest guest, Network net) {
        guest.dom0().run("net-mtu 9000");
        net.until(() -> net.device().mtu() == 9000, "the MTU");
        long frames = net.device().stats().rxPackets();
        long slots = net.device().stats().rxResponses();
        net.pinged(PINGS, 8000);
        net.echoes(8000);
        frames = net.device().stats().rxPackets() - frames;
        slots = net.device().stats().rxResponses() - slots;
        System.out.println("jumbo frames=" + frames + " slots=" + slots);
        RealGuest.check(slots >= frames + PINGS, "no frame took several slots: frames=" + frames + ", slots=" + slots);
        guest.dom0().run("net-mtu 1500");
    }
}
