package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whatever arrives: nothing is thrown, no packet is lost, each frame is counted once. */
class LayersFuzzTest {

    private static final List<byte[]> GOOD = List.of(
            Bytes.toLeft(0x0806, Bytes.of("0001 0800 06 04 0001 00163e000002 c0000202 000000000000 c0000201")),
            Bytes.toLeft(
                    0x0800,
                    Bytes.ipv4(1, 0, 1, "192.0.2.2", "192.0.2.1", Bytes.of("0800 549d 1234 0001 6162 6364 6566 67"))),
            Bytes.toLeft(
                    0x0800, Bytes.ipv4(2, 0, 17, "192.0.2.2", "192.0.2.1", Bytes.of("2328 0007 000b 0000 686921"))),
            Bytes.toLeft(0x0800, Bytes.ipv4(3, 0x2000, 17, "192.0.2.2", "192.0.2.1", Bytes.of("2328 0007 0010 0000"))),
            Bytes.toLeft(0x0800, Bytes.ipv4(3, 1, 17, "192.0.2.2", "192.0.2.1", Bytes.of("0102 0304 0506 0708"))));

    @Provide
    Arbitrary<byte[]> anything() {
        return Arbitraries.bytes().array(byte[].class).ofMaxSize(120);
    }

    /** Behind an Ethernet header that is ours, so that the layers above see it. */
    @Provide
    Arbitrary<byte[]> typed() {
        return Arbitraries.of(0x0800, 0x0806).flatMap(type -> anything().map(bytes -> Bytes.toLeft(type, bytes)));
    }

    /** A good packet with some bytes changed and its end moved; the IPv4 checksum made right again in half of them. */
    @Provide
    Arbitrary<byte[]> mutated() {
        return Arbitraries.of(GOOD)
                .flatMap(good -> Arbitraries.integers()
                        .between(0, good.length + 5)
                        .list()
                        .ofSize(3)
                        .flatMap(places -> Arbitraries.integers()
                                .between(0, 255)
                                .list()
                                .ofSize(3)
                                .flatMap(values -> Arbitraries.of(true, false)
                                        .map(right -> mutate(good, places, values, right)))));
    }

    private static byte[] mutate(byte[] good, List<Integer> places, List<Integer> values, boolean right) {
        byte[] bytes = java.util.Arrays.copyOf(good, Math.max(places.get(0), good.length / 2));
        for (int i = 1; i < 3; i++) {
            if (places.get(i) < bytes.length) {
                bytes[places.get(i)] = values.get(i).byteValue();
            }
        }
        if (right && bytes.length >= 34) {
            Bytes.putChecksum(bytes, 24, 0);
            Bytes.putChecksum(bytes, 24, Bytes.checksum(java.util.Arrays.copyOfRange(bytes, 14, 34)));
        }
        return bytes;
    }

    @Provide
    Arbitrary<byte[]> frames() {
        return Arbitraries.oneOf(anything(), typed(), mutated(), Arbitraries.of(GOOD));
    }

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE)
    void shouldThrowNothingAndCountEachFrameOnce(
            @ForAll("frames") byte[] first,
            @ForAll @Size(max = 12) List<@net.jqwik.api.From("frames") byte[]> more,
            @ForAll boolean csumBlank,
            @ForAll boolean validated,
            @ForAll @IntRange(max = 100) int cut) {
        try (Cable cable = new Cable()) {
            Host left = new Host(cable.left(), "192.0.2.1/24");
            UdpEcho<UdpLayer> echo = new UdpEcho<>(left.stack.udp(), 7);
            left.device.receive(first, csumBlank, validated);
            for (byte[] each : more) {
                if (cut > 0 && each.length > cut) {
                    left.device.receive(each, cut, each.length - cut);
                } else {
                    left.device.receive(each);
                }
            }
            cable.carry();
            left.alarms.pass(100_000_000_000L);
            cable.carry();
            checkCounts(left.stack, 1 + more.size(), echo);
            assertThat(left.alarms.isQuiet()).isTrue();
            left.close();
        }
    }

    private static void checkCounts(Ipv4Stack<CableDevice> stack, int frames, UdpEcho<UdpLayer> echo) {
        EthernetCounters ethernet = stack.ethernet().counters();
        ArpCounters arp = stack.arp().counters();
        Ipv4Counters ipv4 = stack.ipv4().counters();
        IcmpCounters icmp = stack.icmp().counters();
        UdpCounters udp = stack.udp().counters();
        assertThat(ethernet.received() + ethernet.dropped()).isEqualTo(frames);
        long arps = arp.received() + arp.dropped() - arp.dropped(ArpCounters.Drop.SEND_UNRESOLVED);
        long datagramsLost = ipv4.dropped(Ipv4Counters.Drop.REASSEMBLY_TIMEOUT)
                + ipv4.dropped(Ipv4Counters.Drop.REASSEMBLY_EVICTED)
                + ipv4.dropped(Ipv4Counters.Drop.SEND_NO_ROUTE);
        long ipv4s = ipv4.received() - ipv4.reassembled() + ipv4.fragments() + ipv4.dropped() - datagramsLost;
        assertThat(arps + ipv4s).as(stack.toString()).isEqualTo(ethernet.received());
        assertThat(icmp.received() + icmp.dropped() + udp.received() + udp.dropped())
                .as(stack.toString())
                .isEqualTo(ipv4.received());
        assertThat(echo.echoed() + echo.unanswered()).isEqualTo(udp.received());
    }
}
