package org.xenpv.scenarios.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.fault.XenConfigException;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetFeature;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetfrontDevice;
import org.xenpv.netfront.NetfrontFeatures;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** Two guests on a switch, with every feature switched off one at a time and all at once, on either side. */
class NegotiationTest {

    private static final NetfrontConfig FRONT = NetfrontConfig.DEFAULT.queuesMax(3);
    private static final NetbackConfig BACK = NetbackConfig.DEFAULT;
    private static final int LARGE = 40_000;
    private static final int SEGMENT = 1400;

    /** @param expected what the frontend must have negotiated */
    record Variant(String name, NetfrontConfig front, NetbackConfig back, Predicate<NetfrontFeatures> expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Variant> variants() {
        return Stream.of(
                new Variant(
                        "all features",
                        FRONT,
                        BACK,
                        f -> f.queues() == 3 && f.gsoV4() && f.gsoV6() && f.ctrlRing() && !f.multicastControl()),
                new Variant(
                        "the oldest backend",
                        FRONT,
                        NetbackConfig.PLAIN,
                        f -> f.queues() == 1
                                && !f.scatterGather()
                                && !f.gsoV4()
                                && !f.gsoV6()
                                && !f.csumV6()
                                && !f.splitEventChannels()
                                && !f.ctrlRing()),
                new Variant(
                        "a frontend that wants nothing",
                        NetfrontConfig.DEFAULT.without(NetFeature.values()),
                        BACK,
                        f -> !f.scatterGather() && !f.csumV4() && !f.csumV6() && !f.gsoV4() && !f.ctrlRing()),
                new Variant("one queue", NetfrontConfig.DEFAULT, BACK, f -> f.queues() == 1),
                new Variant(
                        "backend: one queue", FRONT, BACK.with().queuesMax(1).build(), f -> f.queues() == 1),
                new Variant(
                        "backend: no sg", FRONT, BACK.with().sg(false).build(), f -> !f.scatterGather() && !f.gsoV4()),
                new Variant(
                        "backend: no csum v4",
                        FRONT,
                        BACK.with().csumV4(false).build(),
                        f -> !f.csumV4() && !f.gsoV4() && f.gsoV6()),
                new Variant(
                        "backend: no csum v6",
                        FRONT,
                        BACK.with().csumV6(false).build(),
                        f -> !f.csumV6() && f.gsoV4() && !f.gsoV6()),
                new Variant(
                        "backend: no gso v4", FRONT, BACK.with().gsoV4(false).build(), f -> !f.gsoV4()),
                new Variant(
                        "backend: no gso v6", FRONT, BACK.with().gsoV6(false).build(), f -> !f.gsoV6()),
                new Variant(
                        "backend: no split event channels",
                        FRONT,
                        BACK.with().splitEventChannels(false).build(),
                        f -> !f.splitEventChannels()),
                new Variant(
                        "backend: no control ring",
                        FRONT,
                        BACK.with().ctrlRing(false).build(),
                        f -> !f.ctrlRing()),
                new Variant(
                        "groups filtered",
                        FRONT.multicastControl(true),
                        BACK,
                        f -> f.multicastControl() && f.dynamicMulticast()),
                new Variant(
                        "backend: no filter that can be switched",
                        FRONT.multicastControl(true),
                        BACK.with().dynamicMulticastControl(false).build(),
                        f -> f.multicastControl() && !f.dynamicMulticast()),
                new Variant(
                        "backend: no filter of groups",
                        FRONT.multicastControl(true),
                        BACK.with().multicastControl(false).build(),
                        f -> !f.multicastControl() && !f.dynamicMulticast()),
                new Variant("headroom asked for", FRONT.xdpHeadroomBytes(256), BACK, f -> f.xdpHeadroomBytes() == 256),
                new Variant(
                        "headroom not to be had",
                        FRONT.xdpHeadroomBytes(256),
                        BACK.with().xdpHeadroom(false).build(),
                        f -> f.xdpHeadroomBytes() == 0),
                new Variant("packets copied out", FRONT.rxCopied(true), BACK, f -> true),
                new Variant(
                        "packets copied out, with headroom",
                        FRONT.rxCopied(true).xdpHeadroomBytes(256),
                        BACK,
                        f -> f.xdpHeadroomBytes() == 256),
                new Variant("no sg", FRONT.without(NetFeature.SCATTER_GATHER), BACK, f -> !f.scatterGather()),
                new Variant("no csum v4", FRONT.without(NetFeature.CSUM_V4), BACK, f -> !f.csumV4() && !f.gsoV4()),
                new Variant("no csum v6", FRONT.without(NetFeature.CSUM_V6), BACK, f -> !f.csumV6() && !f.gsoV6()),
                new Variant("no gso v4", FRONT.without(NetFeature.GSO_V4), BACK, f -> !f.gsoV4() && f.gsoV6()),
                new Variant("no gso v6", FRONT.without(NetFeature.GSO_V6), BACK, f -> f.gsoV4() && !f.gsoV6()),
                new Variant(
                        "one event channel",
                        FRONT.without(NetFeature.SPLIT_EVENT_CHANNELS),
                        BACK,
                        f -> !f.splitEventChannels()),
                new Variant("no control ring", FRONT.without(NetFeature.CTRL_RING), BACK, f -> !f.ctrlRing()));
    }

    private static byte[] receive(Netfront net) throws InterruptedException {
        byte[] frame = net.receive(5, TimeUnit.SECONDS);
        assertThat(frame).isNotNull();
        return frame;
    }

    @ParameterizedTest
    @MethodSource("variants")
    @OnSimulatedXen
    void shouldCarryFramesBothWays_whateverWasNegotiated(Variant variant, SimulatedXen xen)
            throws InterruptedException {
        try (NetHost host = new NetHost(xen, variant.back());
                Netfront one = host.connect(host.guest("one"), variant.front());
                Netfront two = host.connect(host.guest("two"), variant.front())) {
            assertThat(variant.expected()).accepts(one.features());
            MacAddress a = one.mac();
            MacAddress b = two.mac();
            assertThat(a).isNotEqualTo(b);
            for (int i = 0; i < 40; i++) {
                byte[] there = Frames.raw(b, a, 60 + i * 37, i);
                assertThat(one.send(ByteBuffer.wrap(there)).join()).isTrue();
                assertThat(receive(two)).isEqualTo(there);
                byte[] back = Frames.udp(a, b, i % 2 == 0, 1000 + i, 18 + i * 36, i);
                assertThat(two.send(ByteBuffer.wrap(back)).join()).isTrue();
                assertThat(receive(one)).isEqualTo(back);
            }
            assertThat(one.stats().drops()).isEmpty();
            assertThat(two.stats().drops()).isEmpty();
            assertThat(one.stats().faults() + two.stats().faults()).isZero();
        }
    }

    /** TCP in one packet, or in segments where the sender cannot; the other end gets it in one or in segments, as it can. */
    @ParameterizedTest
    @MethodSource("variants")
    @OnSimulatedXen
    void shouldDeliverEveryByteOfLargePackets_whateverEitherEndCan(Variant variant, SimulatedXen xen)
            throws InterruptedException {
        try (NetHost host = new NetHost(xen, variant.back());
                Netfront sender = host.connect(host.guest("sender"), FRONT);
                Netfront receiver = host.connect(host.guest("receiver"), variant.front())) {
            for (boolean v6 : new boolean[] {false, true}) {
                byte[] large = Frames.tcpBlank(receiver.mac(), sender.mac(), v6, LARGE, 3);
                if (v6 ? sender.features().gsoV6() : sender.features().gsoV4()) {
                    assertThat(sendLarge(sender.device(), large, v6)).isTrue();
                } else {
                    for (int at = 0; at < LARGE; at += SEGMENT) {
                        byte[] segment = Frames.tcpSegment(large, at, Math.min(SEGMENT, LARGE - at));
                        assertThat(sender.send(ByteBuffer.wrap(segment)).join()).isTrue();
                    }
                }
                boolean blank = variant.front().wants(v6 ? NetFeature.CSUM_V6 : NetFeature.CSUM_V4);
                assertThat(reassemble(receiver, large.length, blank))
                        .isEqualTo(Arrays.copyOfRange(large, large.length - LARGE, large.length));
            }
            assertThat(sender.stats().drops()).isEmpty();
            assertThat(receiver.stats().drops()).isEmpty();
        }
    }

    /** @param blank whether checksums may be left to the receiver */
    private static byte[] reassemble(Netfront receiver, int wholeBytes, boolean blank) throws InterruptedException {
        byte[] carried = new byte[LARGE];
        for (int have = 0; have < LARGE; ) {
            byte[] frame = receive(receiver);
            int bytes = Frames.tcpPayload(frame);
            assertThat(Frames.tcpSequence(frame) - Frames.SEQUENCE).isEqualTo(have);
            System.arraycopy(frame, frame.length - bytes, carried, have, bytes);
            have += bytes;
            if (frame.length < wholeBytes) {
                assertThat(frame.length).isLessThanOrEqualTo(1514);
            }
            assertThat(Frames.checksumHolds(frame) || blank && Frames.checksumIsBlank(frame))
                    .as("checksum of %d bytes", frame.length)
                    .isTrue();
        }
        return carried;
    }

    private static boolean sendLarge(NetfrontDevice device, byte[] large, boolean v6) {
        NetPacket packet = device.acquire(large.length);
        packet.copyIn(0, large, 0, large.length);
        packet.csumBlank(true);
        packet.gso(v6 ? Netif.XEN_NETIF_GSO_TYPE_TCPV6 : Netif.XEN_NETIF_GSO_TYPE_TCPV4, SEGMENT);
        boolean sent = device.send(packet);
        device.flush();
        return sent;
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    @OnSimulatedXen
    void shouldFilterGroups_whereThatIsOffered(boolean control, boolean dynamic, SimulatedXen xen)
            throws InterruptedException {
        NetbackConfig back = BACK.with()
                .multicastControl(control)
                .dynamicMulticastControl(dynamic)
                .build();
        try (NetHost host = new NetHost(xen, back);
                Netfront one = host.connect(host.guest("one"), FRONT);
                Netfront two = host.connect(host.guest("two"), FRONT.multicastControl(true))) {
            MacAddress group = new MacAddress(0x0100_5e00_00fbL);
            byte[] toGroup = Frames.raw(group, one.mac(), 60, 1);
            byte[] afterIt = Frames.raw(two.mac(), one.mac(), 60, 2);
            one.send(ByteBuffer.wrap(toGroup)).join();
            one.send(ByteBuffer.wrap(afterIt)).join();
            if (!control) {
                assertThat(receive(two)).isEqualTo(toGroup);
            }
            assertThat(receive(two)).isEqualTo(afterIt);
            if (!dynamic || !control) {
                assertThatThrownBy(() -> two.device().multicastFilter(false))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("dynamic");
            }
        }
    }

    @SimulatedXenTest
    void shouldRefuseABackendThatCannotCopy(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, BACK.with().rxCopy(false).build())) {
            assertThatThrownBy(() -> host.connect(host.guest("guest"), FRONT))
                    .isInstanceOf(XenConfigException.class)
                    .hasMessageContaining("feature-rx-copy");
        }
    }

    @SimulatedXenTest
    void shouldRefuseAnAddressThatIsNone(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, BACK)) {
            SimDomain guest = host.guest("guest");
            xen.toolstack().writeFrontend(host.attach(guest), "mac", "00:16:3e:00:00");
            assertThatThrownBy(() -> Netfront.connect(guest.guest(), NetHost.NODENAME, FRONT))
                    .isInstanceOf(XenConfigException.class)
                    .hasMessageContaining("mac");
        }
    }

    @SimulatedXenTest
    void shouldRefuseTheAddressOfAGroup(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, BACK)) {
            SimDomain guest = host.guest("guest");
            xen.toolstack().writeFrontend(host.attach(guest), "mac", "01:00:5e:00:00:01");
            assertThatThrownBy(() -> Netfront.connect(guest.guest(), NetHost.NODENAME, FRONT))
                    .isInstanceOf(XenConfigException.class)
                    .hasMessageContaining("01:00:5e:00:00:01");
        }
    }

    @SimulatedXenTest
    void shouldRefuseAnMtuThatIsNone(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, BACK)) {
            SimDomain guest = host.guest("guest");
            xen.toolstack().writeFrontend(host.attach(guest), "mtu", "67");
            assertThatThrownBy(() -> Netfront.connect(guest.guest(), NetHost.NODENAME, FRONT))
                    .isInstanceOf(XenConfigException.class)
                    .hasMessageContaining("mtu");
        }
    }

    @SimulatedXenTest
    void shouldSpreadFlowsOverTheQueues(SimulatedXen xen) throws InterruptedException {
        try (NetHost host = new NetHost(xen, BACK);
                Netfront one = host.connect(host.guest("one"), FRONT);
                Netfront two = host.connect(host.guest("two"), FRONT)) {
            long before = one.stats().notificationsSent();
            for (int flow = 0; flow < 64; flow++) {
                one.send(ByteBuffer.wrap(Frames.udp(two.mac(), one.mac(), false, flow, 18, flow)));
            }
            Map<Integer, Boolean> seen = new HashMap<>();
            for (int flow = 0; flow < 64; flow++) {
                byte[] frame = receive(two);
                seen.put((frame[34] & 0xff) << 8 | frame[35] & 0xff, true);
            }
            assertThat(seen).hasSize(64);
            assertThat(one.stats().notificationsSent() - before).isGreaterThanOrEqualTo(3); // an event on each ring
        }
    }
}
