package org.xenpv.scenarios.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.net.CaptureStream;
import org.xenpv.backends.net.NetFrame;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackStats;
import org.xenpv.backends.net.NetworkPort;
import org.xenpv.backends.net.ReplayConfig;
import org.xenpv.backends.net.ReplayConfig.Spacing;
import org.xenpv.backends.net.ReplayConfig.Which;
import org.xenpv.backends.net.ReplayPort;
import org.xenpv.fault.XenException;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.wrapper.CaptureConfig;
import org.xenpv.netfront.wrapper.CapturingDevice;
import org.xenpv.pcapng.CaptureReader;
import org.xenpv.pcapng.CaptureSource;
import org.xenpv.pcapng.Pcapng;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** Captures replayed to guests. */
class ReplayPortTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    /** A driver domain with a capture in it, and what came out of the port. */
    private static final class Rig implements NetworkPort.Sink {
        final SimDomain driver;
        final ReplayPort port;
        final List<CaptureFile.Packet> seen = new ArrayList<>();
        int bursts;
        int told;
        int closeAfter = Integer.MAX_VALUE;
        boolean ready = true;

        Rig(SimulatedXen xen, CaptureSource capture, ReplayConfig config) {
            driver = xen.domains().isEmpty() ? xen.dom0() : xen.domains().get(0);
            port = driver.call(
                    domain -> new ReplayPort(new CaptureReader(capture), config, domain.loop(), domain.mapper()));
        }

        Rig start() {
            driver.run(domain -> port.start(() -> told++));
            return this;
        }

        Rig plugAndStart() {
            driver.run(domain -> port.plug(this));
            return start();
        }

        void awaitEnd() {
            assertThat(driver.await(port::isOver, SOON)).isTrue();
            assertThat(told).isEqualTo(1);
        }

        void close() {
            driver.run(domain -> {
                port.close();
                port.close();
            });
        }

        @Override
        public boolean ready() {
            return ready;
        }

        @Override
        public void received(NetFrame frame) {
            long now = driver.guest().clock().nanoTime();
            String extras = (frame.csumBlank() ? "blank " : "") + (frame.dataValidated() ? "validated " : "")
                    + frame.gsoType() + "/" + frame.gsoSize() + " " + frame.hashAlgorithm() + "/" + frame.hashType()
                    + "/" + frame.hashValue();
            seen.add(new CaptureFile.Packet(CaptureFile.boxed(frame.toBytes()), now, extras));
            if (seen.size() == closeAfter) {
                port.close();
            }
        }

        @Override
        public void receivedAll() {
            bursts++;
        }
    }

    private static byte[] plain(int bytes, int seed) {
        byte[] frame = new byte[bytes];
        Arrays.fill(frame, (byte) seed);
        byte[] head = RawFrames.blank(4, RawFrames.UDP, 0);
        System.arraycopy(head, 0, frame, 0, 12);
        return frame;
    }

    /** Everything that can travel, and enough of it to fill every buffer on the way many times. */
    private static CaptureFile everything() {
        CaptureFile file = new CaptureFile();
        for (int i = 0; i < 60; i++) {
            file.packet(5 * i, plain(14 + 25 * i, i));
            file.packet(5 * i + 1, RawFrames.blank(i % 2 == 0 ? 4 : 6, RawFrames.UDP, i), comment -> {
                comment.csumBlank(true);
                comment.dataValidated(true);
            });
            file.packet(5 * i + 2, plain(1514, i), comment -> comment.dataValidated(true));
            int version = i % 4 < 2 ? 4 : 6;
            int size = 1400 + i;
            file.packet(5 * i + 3, RawFrames.blank(version, RawFrames.TCP, 60_000 - i), comment -> {
                comment.csumBlank(true);
                comment.dataValidated(true);
                comment.gso(version == 4 ? Netif.XEN_NETIF_GSO_TYPE_TCPV4 : Netif.XEN_NETIF_GSO_TYPE_TCPV6, size);
            });
        }
        return file;
    }

    private static byte[] replayed(NetHost host, SimDomain guest, Netfront net, byte[] capture, int packets) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CapturingDevice capturing = guest.call(domain -> {
            CapturingDevice device =
                    new CapturingDevice(net.device(), domain.clock(), out::write, CaptureConfig.DEFAULT);
            device.receiver(packet -> {});
            return device;
        });
        Rig rig = new Rig(host.xen, CaptureFile.source(capture), ReplayConfig.DEFAULT).start();
        host.driverDomain.run(domain -> host.fabric.attach(rig.port));
        rig.awaitEnd();
        assertThat(rig.port.failure()).isNull();
        assertThat(rig.port.stats().frames()).isEqualTo(packets);
        assertThat(guest.await(() -> capturing.packets() >= packets, SOON)).isTrue();
        host.driverDomain.run(domain -> host.fabric.detach(rig.port));
        rig.close();
        return out.toByteArray();
    }

    @SimulatedXenTest
    void shouldBeCapturedAsItWas_whenACaptureIsReplayedToAGuest(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            SimDevice device = host.attach(guest);
            try (Netfront net = Netfront.connect(guest.guest(), NetHost.NODENAME, NetfrontConfig.DEFAULT)) {
                CaptureFile made = everything();
                byte[] once = replayed(host, guest, net, made.bytes(), made.packets());
                assertThat(CaptureFile.untimed(once)).isEqualTo(CaptureFile.untimed(made.bytes()));
                byte[] twice = replayed(host, guest, net, once, made.packets());
                assertThat(CaptureFile.untimed(twice)).isEqualTo(CaptureFile.untimed(once));
                NetbackStats stats =
                        host.driverDomain.call(domain -> host.backend(device).stats());
                assertThat(stats.dropped()).as("not one too fast").isEmpty();
            }
        }
    }

    @SimulatedXenTest
    void shouldSpacePacketsAsTheyWere_byTheClock(SimulatedXen xen) {
        long ms = 1_000_000;
        long[] recorded = {7000 * ms, 7005 * ms, 7005 * ms, 7003 * ms, 9000 * ms};
        long[] expected = {0, 5 * ms, 5 * ms, 5 * ms, 2000 * ms};
        CaptureFile file = new CaptureFile();
        for (int i = 0; i < recorded.length; i++) {
            file.packet(recorded[i], plain(60, i));
        }
        ReplayConfig config = new ReplayConfig(Spacing.AS_RECORDED, Which.ALL);
        Rig rig = new Rig(xen, CaptureFile.source(file.bytes()), config);
        rig.ready = false; // a wire asks nobody
        rig.plugAndStart().awaitEnd();
        assertThat(rig.seen).hasSize(recorded.length);
        for (int i = 0; i < recorded.length; i++) {
            long after = rig.seen.get(i).timeNs() - rig.seen.get(0).timeNs();
            assertThat(after).as("packet " + i).isBetween(expected[i], expected[i] + ms);
        }
        rig.close();
    }

    @SimulatedXenTest
    void shouldWait_untilSomethingIsPluggedIn_andWhileItIsNotReady(SimulatedXen xen) {
        CaptureFile file = new CaptureFile();
        for (int i = 0; i < 100; i++) {
            file.packet(0, plain(60, i));
        }
        Rig rig = new Rig(xen, CaptureFile.source(file.bytes()), ReplayConfig.DEFAULT).start();
        xen.runFor(Duration.ofSeconds(1));
        assertThat(rig.port.stats().frames()).isZero();
        rig.ready = false;
        rig.driver.run(domain -> rig.port.plug(rig));
        xen.runFor(Duration.ofSeconds(1));
        assertThat(rig.seen).isEmpty();
        rig.ready = true;
        rig.awaitEnd();
        assertThat(rig.seen).hasSize(100);
        assertThat(rig.bursts).as("never more than 32 at once").isEqualTo(4);
        boolean taken = rig.driver.call(domain -> rig.port.send(new NetFrame()));
        assertThat(taken).isFalse();
        assertThat(rig.port.carrier()).isFalse();
        assertThat(rig.port.stats().discarded()).isEqualTo(1);
        assertThatThrownBy(() -> rig.start()).hasMessageContaining("started before");
        rig.close();
        assertThatThrownBy(() -> rig.start()).hasMessageContaining("closed");
    }

    @ParameterizedTest
    @OnSimulatedXen
    @ValueSource(strings = {"ALL", "INBOUND", "OUTBOUND"})
    void shouldPassOver_whatDoesNotBelongOnTheWire(String which, SimulatedXen xen) {
        byte[] frame = plain(60, 1);
        byte[] udp = RawFrames.blank(4, RawFrames.UDP, 10);
        CaptureFile file = new CaptureFile()
                .packet(0, frame, 60, Pcapng.EPB_FLAGS_INBOUND, comment -> {})
                .packet(0, frame, 60, Pcapng.EPB_FLAGS_INBOUND, comment -> {})
                .packet(0, frame, 60, Pcapng.EPB_FLAGS_OUTBOUND, comment -> {})
                .packet(0, udp, comment -> comment.hash(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 1, 77))
                .packet(0, frame, comment -> comment.dropped(true))
                .packet(0, frame, 61, 0, comment -> {})
                .packet(0, new byte[13])
                .packet(0, new byte[65536])
                .packet(0, new byte[65535]);
        Rig rig = new Rig(
                        xen, CaptureFile.source(file.bytes()), new ReplayConfig(Spacing.AS_TAKEN, Which.valueOf(which)))
                .plugAndStart();
        rig.awaitEnd();
        int wanted = which.equals("ALL") ? 3 : which.equals("INBOUND") ? 2 : 1;
        assertThat(rig.seen).hasSize(wanted + 2);
        assertThat(rig.seen.get(wanted).comment()).isEqualTo("0/0 1/1/77");
        assertThat(rig.port.stats().passedOver()).isEqualTo(3 - wanted + 1);
        assertThat(rig.port.stats().cut()).isEqualTo(1);
        assertThat(rig.port.stats().unfit()).isEqualTo(2);
        rig.close();
    }

    @SimulatedXenTest
    void shouldEndWhereTheCaptureIsBroken_andSayWhere(SimulatedXen xen) {
        CaptureFile file = new CaptureFile();
        for (int i = 0; i < 5; i++) {
            file.packet(0, plain(60, i));
        }
        byte[] cut = Arrays.copyOf(file.bytes(), file.bytes().length - 1);
        Rig rig = new Rig(xen, CaptureFile.source(cut), ReplayConfig.DEFAULT).plugAndStart();
        rig.awaitEnd();
        assertThat(rig.seen).hasSize(4);
        assertThat(rig.bursts).isEqualTo(1);
        assertThat(rig.port.failure()).hasMessage("offset=" + cut.length + ": the capture ends in a block's body");
        rig.close();
    }

    @ParameterizedTest
    @OnSimulatedXen
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldEnd_whereACommentSaysWhatThePacketIsNot(int kind, SimulatedXen xen) {
        byte[] tcp = RawFrames.blank(4, RawFrames.TCP, 100);
        CaptureFile file = new CaptureFile().packet(0, plain(60, 1));
        int offset = file.bytes().length;
        file.packet(0, kind == 0 ? plain(60, 2) : tcp, comment -> {
            comment.csumBlank(kind != 1);
            boolean v6 = kind == 2;
            if (kind > 0) {
                comment.gso(v6 ? Netif.XEN_NETIF_GSO_TYPE_TCPV6 : Netif.XEN_NETIF_GSO_TYPE_TCPV4, kind == 3 ? 101 : 50);
            }
        });
        Rig rig = new Rig(xen, CaptureFile.source(file.bytes()), ReplayConfig.DEFAULT).plugAndStart();
        rig.awaitEnd();
        assertThat(rig.seen).hasSize(1);
        assertThat(rig.port.failure())
                .hasMessageStartingWith("offset=" + offset + ": the packet's comment is \"netif:");
        rig.close();
    }

    @SimulatedXenTest
    void shouldLeaveNothing_whenClosedByWhoeverTakesAFrame(SimulatedXen xen) {
        CaptureFile file = new CaptureFile();
        for (int i = 0; i < 10; i++) {
            file.packet(0, plain(60, i));
        }
        Rig rig = new Rig(xen, CaptureFile.source(file.bytes()), ReplayConfig.DEFAULT);
        rig.closeAfter = 3;
        rig.plugAndStart();
        assertThat(rig.driver.await(() -> rig.bursts == 1, SOON)).isTrue();
        xen.runFor(Duration.ofSeconds(1));
        assertThat(rig.seen).hasSize(3);
        assertThat(rig.told).isZero();
        rig.close();
    }

    @SimulatedXenTest
    void shouldNameTheFile_whenItCannotBeRead(SimulatedXen xen, @TempDir Path directory) throws Exception {
        Path missing = directory.resolve("missing.pcap");
        assertThatThrownBy(() -> CaptureStream.ofFile(missing))
                .isInstanceOf(XenException.class)
                .hasMessageContaining("cannot read the capture " + missing);
        Path file = Files.write(directory.resolve("short.pcapng"), new byte[] {1, 2});
        try (CaptureStream stream = CaptureStream.ofFile(file)) {
            Rig rig = new Rig(xen, stream, ReplayConfig.DEFAULT).plugAndStart();
            rig.awaitEnd();
            assertThat(rig.port.failure()).hasMessage("offset=2: the capture ends in the magic number");
            rig.close();
        }
    }

    @ParameterizedTest
    @OnSimulatedXen
    @ValueSource(strings = {"pcap", "nsecpcap", "pcapng"})
    void shouldReplayWhatWiresharksProgramsWrite(String format, SimulatedXen xen, @TempDir Path directory)
            throws Exception {
        Path editcap = Path.of("/usr/bin/editcap");
        assumeTrue(Files.isExecutable(editcap), "skipped: " + editcap + " is missing (package tshark)");
        CaptureFile made = new CaptureFile();
        for (int i = 0; i < 50; i++) {
            made.packet(1_700_000_000_000_000_000L + i * 1000L, plain(60 + i, i));
        }
        Path from = Files.write(directory.resolve("from"), made.bytes());
        Path to = directory.resolve("to");
        Process process = new ProcessBuilder(editcap.toString(), "-F", format, from.toString(), to.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("out").toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(directory.resolve("out")))
                .isZero();
        assertThat(CaptureFile.read(Files.readAllBytes(to))).isEqualTo(CaptureFile.read(made.bytes()));
        try (CaptureStream stream = CaptureStream.ofFile(to)) {
            Rig rig = new Rig(xen, stream, ReplayConfig.DEFAULT).plugAndStart();
            rig.awaitEnd();
            assertThat(rig.port.failure()).isNull();
            assertThat(rig.seen)
                    .extracting(CaptureFile.Packet::bytes)
                    .isEqualTo(CaptureFile.read(made.bytes()).stream()
                            .map(CaptureFile.Packet::bytes)
                            .toList());
            rig.close();
        }
    }
}
