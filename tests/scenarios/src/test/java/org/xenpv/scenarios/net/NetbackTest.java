package org.xenpv.scenarios.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.net.LearningSwitch;
import org.xenpv.backends.net.NetFrame;
import org.xenpv.backends.net.Netback;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackDrop;
import org.xenpv.backends.net.NetbackService;
import org.xenpv.grant.CopyPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.ring.SharedRing;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.xenbus.XenbusState;

/** The network backend and its switch on a simulated host, against frontends that are driven by hand. */
class NetbackTest {

    private static final String[] MACS = {"00:16:3e:00:00:01", "00:16:3e:00:00:02", "00:16:3e:00:00:03"};

    private final SimulatedXen xen = SimulatedXen.deterministic(30);
    private final SimDomain driver = xen.createDomain(DomainConfig.named("net").asDriverDomain());
    private final SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
    private final SimDomain other = xen.createDomain(DomainConfig.named("other"));
    private LearningSwitch bridge;
    private NetbackService service;

    @AfterEach
    void shouldLeaveNothingBehind() {
        try (xen) {
            driver.stopServices();
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }

    private void serve(NetbackConfig config) {
        service = driver.start(g -> {
                    bridge = new LearningSwitch(g.clock(), g.mapper());
                    NetbackService started = new NetbackService(g, bridge, config);
                    started.start();
                    return new Served(started, bridge);
                })
                .service;
    }

    /** Service and switch end together. */
    private record Served(NetbackService service, LearningSwitch bridge) implements AutoCloseable {
        @Override
        public void close() {
            service.close();
            bridge.close();
        }
    }

    private SimDevice attach(SimDomain domain, int handle, String... pairs) {
        Map<String, String> params = new LinkedHashMap<>();
        params.put("mac", MACS[handle]);
        for (int i = 0; i < pairs.length; i += 2) {
            params.put(pairs[i], pairs[i + 1]);
        }
        return xen.toolstack().attachNetwork(domain, driver, handle, params);
    }

    private Netback backend(SimDevice device) {
        Netback backend = service.device(device.backendNodename());
        assertThat(backend).isNotNull();
        return backend;
    }

    private void soon(BooleanSupplier condition) {
        assertThat(xen.runUntil(condition, Duration.ofSeconds(20))).isTrue();
    }

    private static byte[] frame(int to, int from, int length, int seed) {
        byte[] frame = new byte[length];
        new Random(seed).nextBytes(frame);
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) Integer.parseInt(MACS[to].substring(i * 3, i * 3 + 2), 16);
            frame[6 + i] = (byte) Integer.parseInt(MACS[from].substring(i * 3, i * 3 + 2), 16);
        }
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        return frame;
    }

    @Test
    void shouldJoinTwoGuestsThroughTheSwitch() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront one = new ScriptedNetfront(guest, attach(guest, 0)).connect(1, true, false);
        ScriptedNetfront two = new ScriptedNetfront(other, attach(other, 1)).connect(1, false, false);
        one.queue(0).post(40);
        two.queue(0).post(40);
        byte[] there = frame(1, 0, 60, 1);
        one.queue(0).send(there);
        assertThat(one.queue(0).awaitAnswers(1)).containsExactly(new ScriptedNetfront.Answer(0, (short) 0));
        List<ScriptedNetfront.Got> got = two.queue(0).await(1);
        assertThat(got).hasSize(1);
        assertThat(got.get(0).bytes()).isEqualTo(there);
        byte[] back = frame(0, 1, 20_000, 2);
        two.queue(0).send(back);
        assertThat(two.queue(0).awaitAnswers(5)).hasSize(5);
        assertThat(one.queue(0).await(1).get(0).bytes()).isEqualTo(back);
        assertThat(one.queue(0).rxLine.events).isPositive();
        assertThat(bridge.portOf(0x00163e000001L)).isSameAs(backend(one.device));
        assertThat(bridge.stats(backend(two.device)).framesOut()).isEqualTo(1);
        one.close();
        two.close();
    }

    /** The neighbour's frame is what finds the ring broken; its own packets are answered and go where they still can. */
    @Test
    void shouldServeTheNeighbour_whenAGuestBreaksItsReceiveRing() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront one = new ScriptedNetfront(guest, attach(guest, 0)).connect(1, true, false);
        ScriptedNetfront two = new ScriptedNetfront(other, attach(other, 1)).connect(1, true, false);
        two.queue(0).rx.memory().putInt(SharedRing.REQ_PROD_OFFSET, 100_000); // and no event
        for (int i = 0; i < 2; i++) {
            one.queue(0).send(frame(1, 0, 60, i));
            assertThat(one.queue(0).awaitAnswers(1)).containsExactly(new ScriptedNetfront.Answer(0, (short) 0));
        }
        assertThat(backend(two.device).reason()).hasMessageContaining("receive ring");
        assertThat(backend(two.device).stats().dropped(NetbackDrop.RX_NOT_CONNECTED))
                .isPositive();
        one.close();
        two.state(XenbusState.CLOSED);
        two.release();
    }

    @Test
    void shouldTellFramesThatAreTooShort_fromThoseThatAreTooLong() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront front = new ScriptedNetfront(guest, attach(guest, 0)).connect(1, true, false);
        front.queue(0).post(40);
        Netback backend = backend(front.device);
        driver.run(g -> {
            try (CopyPages pages = g.mapper().copyPages(17)) {
                NetFrame frame = new NetFrame();
                for (int length : new int[] {0, 13, 14, 0xffff, 0x10000}) {
                    frame.set(pages, 0, length, 0);
                    assertThat(backend.send(frame)).isEqualTo(length == 14 || length == 0xffff);
                    backend.flush();
                }
            }
        });
        assertThat(front.queue(0).await(2))
                .extracting(got -> got.bytes().length)
                .containsExactly(14, 0xffff);
        assertThat(backend.stats().dropped(NetbackDrop.RX_RUNT)).isEqualTo(2);
        assertThat(backend.stats().dropped(NetbackDrop.RX_TOO_LONG)).isEqualTo(1);
        front.close();
    }

    @Test
    void shouldAdvertiseEverything() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront front = new ScriptedNetfront(guest, attach(guest, 0));
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        for (String feature : List.of(
                "rx-copy",
                "sg",
                "ipv6-csum-offload",
                "gso-tcpv4",
                "gso-tcpv6",
                "split-event-channels",
                "multicast-control",
                "dynamic-multicast-control",
                "ctrl-ring",
                "xdp-headroom")) {
            assertThat(front.backend("feature-" + feature)).as(feature).isEqualTo("1");
        }
        assertThat(front.backend("feature-no-csum-offload")).isEqualTo("0");
        assertThat(front.backend("feature-rx-flip")).isEqualTo("0");
        assertThat(front.backend("multi-queue-max-queues")).isEqualTo("8");
        assertThat(front.backend("carrier")).isEqualTo("1");
        assertThat(front.own("mac")).isEqualTo(MACS[0]);
        assertThat(front.own("mtu")).isEqualTo("1500");
        front.connect(1, true, true).close();
    }

    private static Arguments off(String key, String value, UnaryOperator<NetbackConfig.Builder> change) {
        return Arguments.of(
                key, value, change.apply(NetbackConfig.DEFAULT.with()).build());
    }

    static Stream<Arguments> oneFeatureOff() {
        return Stream.of(
                off("feature-rx-copy", "0", c -> c.rxCopy(false)),
                off("feature-sg", "0", c -> c.sg(false)),
                off("feature-no-csum-offload", "1", c -> c.csumV4(false)),
                off("feature-ipv6-csum-offload", "0", c -> c.csumV6(false)),
                off("feature-gso-tcpv4", "0", c -> c.gsoV4(false)),
                off("feature-gso-tcpv6", "0", c -> c.gsoV6(false)),
                off("feature-split-event-channels", "0", c -> c.splitEventChannels(false)),
                off("feature-multicast-control", "0", c -> c.multicastControl(false)),
                off("feature-dynamic-multicast-control", "0", c -> c.dynamicMulticastControl(false)),
                off("feature-ctrl-ring", "0", c -> c.ctrlRing(false)),
                off("feature-xdp-headroom", "0", c -> c.xdpHeadroom(false)),
                off("multi-queue-max-queues", null, c -> c.queuesMax(1)),
                Arguments.of("feature-sg", "0", NetbackConfig.PLAIN));
    }

    @ParameterizedTest(name = "{0}={1}")
    @MethodSource("oneFeatureOff")
    void shouldConnectAndServe_withOneFeatureOff(String key, String value, NetbackConfig config) {
        serve(config);
        ScriptedNetfront front = new ScriptedNetfront(guest, attach(guest, 0));
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        assertThat(front.backend(key)).isEqualTo(value);
        front.connect(config.queuesMax() > 1 ? 2 : 1, config.splitEventChannels(), config.ctrlRing());
        assertThat(backend(front.device).queues()).isEqualTo(config.queuesMax() > 1 ? 2 : 1);
        front.queue(0).send(frame(1, 0, 60, 1));
        assertThat(front.queue(0).awaitAnswers(1)).containsExactly(new ScriptedNetfront.Answer(0, (short) 0));
        front.close();
    }

    /** Nothing but Connected makes xen-netback connect, so nothing else may make ours. */
    @Test
    void shouldTakeNoNotice_ofAFrontendThatSaysInitialised() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront front = new ScriptedNetfront(guest, attach(guest, 0));
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        front.publish(1, false, false);
        front.state(XenbusState.INITIALISED);
        assertThat(front.awaitBackend(XenbusState.CONNECTED)).isFalse();
        front.state(XenbusState.CONNECTED);
        assertThat(front.awaitBackend(XenbusState.CONNECTED)).isTrue();
        front.close();
    }

    @ParameterizedTest
    @CsvSource({
        "request-rx-copy,0",
        "request-rx-copy,nonsense",
        "multi-queue-num-queues,0",
        "multi-queue-num-queues,9",
        "tx-ring-ref,99999",
        "rx-ring-ref,nonsense",
        "event-channel-tx,0",
        "event-channel-rx,1000",
        "ctrl-ring-ref,99999",
        "event-channel-ctrl,0",
        "feature-sg,2",
        "xdp-headroom,-1"
    })
    void shouldRefuse_whatAFrontendMustNotPublish(String key, String value) {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront front = new ScriptedNetfront(guest, attach(guest, 0));
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        front.publish(1, true, true);
        front.write(key, value);
        front.state(XenbusState.CONNECTED);
        assertThat(front.awaitBackend(XenbusState.CLOSING)).isTrue();
        Netback backend = backend(front.device);
        assertThat(backend.reason()).isNotNull();
        assertThat(backend.queues()).isZero();
        assertThat(xen.toolstack().read(driver.home() + "/error/" + front.device.backendNodename() + "/error"))
                .isNotEmpty();
        front.state(XenbusState.CLOSED);
        assertThat(front.awaitBackend(XenbusState.CLOSED)).isTrue();
        front.release();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "nonsense", "00:16:3e:00:00", "00:16:3e:00:00:0g", "01:16:3e:00:00:01", "00-16-3e-00-00-01"})
    void shouldRefuse_whatIsNoAddressOfOneInterface(String mac) {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront front = new ScriptedNetfront(guest, attach(guest, 0, "mac", mac));
        assertThat(front.awaitBackend(XenbusState.CLOSING)).isTrue();
        assertThat(backend(front.device).reason()).hasMessageContaining("mac");
        xen.toolstack().detach(front.device);
    }

    @Test
    void shouldSpreadFlowsOverQueues_andKeepEachOnOne() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront one = new ScriptedNetfront(guest, attach(guest, 0)).connect(1, true, false);
        ScriptedNetfront two = new ScriptedNetfront(other, attach(other, 1)).connect(4, true, false);
        for (int q = 0; q < 4; q++) {
            two.queue(q).post(60);
        }
        for (int round = 0; round < 2; round++) {
            for (int flow = 0; flow < 24; flow++) {
                one.queue(0).send(udp(flow));
                one.queue(0).awaitAnswers(1);
            }
        }
        int all = 0;
        for (int q = 0; q < 4; q++) {
            List<ScriptedNetfront.Got> got = two.queue(q).await(1);
            all += got.size();
            assertThat(got.size()).as("queue %d", q).isPositive().isEven();
        }
        assertThat(all).isEqualTo(48);
        one.close();
        two.close();
    }

    private static byte[] udp(int port) {
        byte[] frame = frame(1, 0, 60, 1);
        frame[12] = 8;
        frame[13] = 0;
        frame[14] = 0x45;
        frame[16] = 0;
        frame[17] = 46;
        frame[20] = 0;
        frame[21] = 0;
        frame[23] = 17;
        System.arraycopy(new byte[] {10, 0, 0, 1, 10, 0, 0, 2, 0, (byte) port, 0, 53}, 0, frame, 26, 12);
        return frame;
    }

    @Test
    void shouldHashAndSteer_asTheControlRingSays() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront one = new ScriptedNetfront(guest, attach(guest, 0)).connect(1, true, false);
        ScriptedNetfront two = new ScriptedNetfront(other, attach(other, 1)).connect(3, true, true);
        ScriptedNetfront.Control control = two.control;
        assertThat(control.ask(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, 1, 0, 0))
                .isZero();
        assertThat(control.ask(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, 1, 0, 0))
                .isZero();
        control.page.memory().putInt(0, 2);
        assertThat(control.ask(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 1, 0, 0))
                .isZero();
        assertThat(control.ask(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, control.page.gref(0), 1, 0))
                .isZero();
        two.queue(2).post(10);
        one.queue(0).send(udp(7));
        List<ScriptedNetfront.Got> got = two.queue(2).await(1);
        assertThat(got.get(0).extras()).hasSize(1);
        long extra = got.get(0).extras().get(0);
        assertThat(NetifExtraInfo.type(extra)).isEqualTo(Netif.XEN_NETIF_EXTRA_TYPE_HASH);
        assertThat(NetifExtraInfo.hashType(extra)).isEqualTo(Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_BIT);
        assertThat(NetifExtraInfo.hashValue(extra)).as("no key yet").isZero();
        one.close();
        two.close();
    }

    @Test
    void shouldFilterGroups_fromTheStartOrWhenAsked() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront one = new ScriptedNetfront(guest, attach(guest, 0)).connect(1, true, false);
        ScriptedNetfront two =
                new ScriptedNetfront(other, attach(other, 1)).connect(1, true, false, "request-multicast-control", "1");
        two.queue(0).post(40);
        byte[] toGroup = frame(1, 0, 60, 1);
        toGroup[0] |= 1;
        long group = 0x01163e000002L;
        one.queue(0).send(toGroup);
        one.queue(0).awaitAnswers(1);
        assertThat(backend(two.device).stats().rxFrames()).isZero();
        two.queue(0).group(true, group);
        assertThat(two.queue(0).awaitAnswers(2)).hasSize(2);
        one.queue(0).send(toGroup);
        assertThat(two.queue(0).await(1).get(0).bytes()).isEqualTo(toGroup);
        two.queue(0).group(false, group);
        two.queue(0).awaitAnswers(2);
        one.queue(0).send(toGroup);
        one.queue(0).awaitAnswers(2);
        assertThat(backend(two.device).stats().rxFrames()).isEqualTo(1);
        two.write("request-multicast-control", "0");
        soon(() -> !backend(two.device).filtersGroups());
        one.queue(0).send(toGroup);
        assertThat(two.queue(0).await(1)).hasSize(1);
        one.close();
        two.close();
    }

    @Test
    void shouldLeaveHeadroom_fromTheStartAndWhenReconfigured() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront one = new ScriptedNetfront(guest, attach(guest, 0)).connect(1, true, false);
        ScriptedNetfront two =
                new ScriptedNetfront(other, attach(other, 1)).connect(1, true, false, "xdp-headroom", "256");
        two.queue(0).post(60);
        two.headroom = 256;
        byte[] frame = frame(1, 0, 9000, 1);
        one.queue(0).send(frame);
        ScriptedNetfront.Got got = two.queue(0).await(1).get(0);
        assertThat(got.bytes()).isEqualTo(frame);
        assertThat(got.extras()).extracting(NetifExtraInfo::xdpHeadroom).containsExactly(256);

        two.state(XenbusState.RECONFIGURING);
        assertThat(two.awaitBackend(XenbusState.RECONFIGURED)).isTrue();
        two.write("xdp-headroom", "0"); // after the state, as Linux's frontend does
        two.state(XenbusState.CONNECTED);
        assertThat(two.awaitBackend(XenbusState.CONNECTED)).isTrue();
        two.headroom = 0;
        one.queue(0).send(frame);
        got = two.queue(0).await(1).get(0);
        assertThat(got.bytes()).isEqualTo(frame);
        assertThat(got.extras()).isEmpty();
        one.close();
        two.close();
    }

    @Test
    void shouldTellTheGuest_whenTheCableIsPulled() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront one = new ScriptedNetfront(guest, attach(guest, 0)).connect(1, true, false);
        driver.run(g -> backend(one.device).link(false));
        soon(() -> "0".equals(one.backend("carrier")));
        one.queue(0).send(frame(1, 0, 60, 1));
        assertThat(one.queue(0).awaitAnswers(1)).hasSize(1);
        assertThat(bridge.stats(backend(one.device)).framesIn()).isZero();
        driver.run(g -> backend(one.device).link(true));
        soon(() -> "1".equals(one.backend("carrier")));
        one.close();
    }

    @Test
    void shouldCloseTheInterface_whenARingCannotBe() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront front = new ScriptedNetfront(guest, attach(guest, 0)).connect(2, true, false);
        front.queue(1).tx.memory().putInt(0, 100_000);
        guest.run(g -> g.events().send(front.queue(1).txLine.port));
        assertThat(front.awaitBackend(XenbusState.CLOSING)).isTrue();
        assertThat(backend(front.device).reason()).hasMessageContaining("queue 1, transmit ring");
        front.state(XenbusState.CLOSED);
        assertThat(front.awaitBackend(XenbusState.CLOSED)).isTrue();
        front.release();
    }

    @Test
    void shouldServeAFrontendThatStartsAnew_andABackendThatIsRestarted() {
        serve(NetbackConfig.DEFAULT);
        ScriptedNetfront front = new ScriptedNetfront(guest, attach(guest, 0)).connect(1, true, true);
        front.state(XenbusState.INITIALISING);
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        front.release();
        front.connect(1, true, true);
        assertThat(backend(front.device).connections()).isEqualTo(2);
        front.state(XenbusState.INITIALISING);
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        front.release();
        driver.run(g -> service.restart(front.device.backendNodename()));
        front.connect(1, true, true);
        front.queue(0).send(frame(1, 0, 60, 1));
        assertThat(front.queue(0).awaitAnswers(1)).hasSize(1);
        assertThat(bridge.ports()).isEqualTo(1);
        front.close();
        assertThat(xen.toolstack().detach(front.device)).isTrue();
        soon(() -> bridge.ports() == 0);
    }
}
