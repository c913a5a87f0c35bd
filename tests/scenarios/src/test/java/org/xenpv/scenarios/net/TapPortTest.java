package org.xenpv.scenarios.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.net.NetFrame;
import org.xenpv.backends.net.NetworkPort;
import org.xenpv.backends.net.linux.CommandResult;
import org.xenpv.backends.net.linux.NetworkNamespace;
import org.xenpv.backends.net.linux.TapDevice;
import org.xenpv.backends.net.linux.TapPort;
import org.xenpv.fault.XenOpException;
import org.xenpv.io.netif.Netif;
import org.xenpv.scenarios.net.TapRig.Seen;
import org.xenpv.testkit.net.NetworkNamespaceExtension;

/** TAP ports with the kernel's network stack at their other end, in namespaces of their own. */
@Timeout(180)
@ExtendWith(NetworkNamespaceExtension.class)
class TapPortTest {

    private static final int ADDRESS = 10 << 24 | 99 << 16 | 2;

    private TapRig rig;

    @BeforeEach
    void open() {
        TapRig.needsTap();
        rig = new TapRig();
    }

    @AfterEach
    void close() throws Exception {
        if (rig != null) {
            rig.close();
        }
    }

    private static CommandResult ping(NetworkNamespace host, String... more) {
        assumeTrue(NetworkNamespace.isInstalled("ping"), "skipped: ping is missing (package iputils-ping)");
        String[] command = Arrays.copyOf(new String[] {"ping", "-q", "-n", "-W", "10", "10.99.0.2"}, 6 + more.length);
        System.arraycopy(more, 0, command, 6, more.length);
        return host.run(command);
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void shouldAnswerPings(boolean offloads, boolean mapped, NetworkNamespace host) {
        TapPort port = rig.port(offloads, mapped);
        EchoResponder responder = rig.responder(port, ADDRESS);
        host.adopt(port.device().name(), "10.99.0.1/24");
        host.run("ip", "link", "set", port.device().name(), "mtu", "9000").orThrow();
        assertThat(ping(host, "-c", "50", "-i", "0.002").orThrow().out()).contains("50 received, 0% packet loss");
        assertThat(ping(host, "-c", "5", "-i", "0.002", "-s", "8000").orThrow().out())
                .contains("5 received");
        assertThat(responder.echoes).isEqualTo(55);
        assertThat(responder.longest).isEqualTo(8042);
        assertThat(port.stats().framesToHost()).isGreaterThanOrEqualTo(56);
        assertThat(port.stats().droppedMalformed() + port.stats().droppedFailed())
                .isZero();
        assertThat(ping(host, "-c", "1", "10.99.0.3").succeeded())
                .as("nobody's address")
                .isFalse();
    }

    @Test
    void shouldAnswerTenThousandPings_andAllocateNothing(NetworkNamespace host) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assumeTrue(threads.isThreadAllocatedMemorySupported(), "skipped: this JVM does not count allocation");
        TapPort port = rig.port(true, true);
        EchoResponder responder = rig.responder(port, ADDRESS);
        host.adopt(port.device().name(), "10.99.0.1/24");
        long thread = rig.xen.dom0().call(dom0 -> Thread.currentThread().getId());
        assertThat(ping(host, "-f", "-c", "10000").orThrow().out()).contains("10000 received, 0% packet loss");
        long fewest = Long.MAX_VALUE;
        for (int window = 0;
                window < 8 && fewest != 0;
                window++) { // an allocation per frame would show in every window
            long before = threads.getThreadAllocatedBytes(thread);
            ping(host, "-f", "-c", "2000").orThrow();
            fewest = Math.min(fewest, threads.getThreadAllocatedBytes(thread) - before);
        }
        assertThat(fewest).as("bytes for 2000 frames each way").isZero();
        assertThat(responder.echoes).isGreaterThanOrEqualTo(12_000);
    }

    /** Two ports behind a bridge of the kernel's: what one is sent, the other gives, after the kernel has had its say. */
    private BlockingQueue<Seen> bridged(NetworkNamespace host, TapPort from, TapPort to) {
        host.withoutIpv6();
        host.run("ip", "link", "add", "br0", "type", "bridge").orThrow();
        host.run("ip", "link", "set", "br0", "up").orThrow();
        for (TapPort each : new TapPort[] {from, to}) {
            host.adopt(each.device().name());
            host.run("ip", "link", "set", each.device().name(), "master", "br0").orThrow();
        }
        return rig.watch(to, RawFrames.SOURCE);
    }

    @ParameterizedTest
    @CsvSource({"4, 6, true", "4, 17, true", "6, 6, true", "6, 17, true", "4, 6, false", "6, 17, false"})
    void shouldLeaveBlankChecksumsToWhoeverNeedsThem(
            int version, int protocol, boolean inPlace, NetworkNamespace host) {
        byte[] frame = RawFrames.blank(version, protocol, 777);
        TapPort from = rig.port(true, true);
        TapPort plain = rig.port(false, true);
        BlockingQueue<Seen> filled = bridged(host, from, plain);
        assertThat(rig.send(from, frame, inPlace ? 64 : 0, sent -> sent.csumBlank(true)))
                .isTrue();
        Seen seen = TapRig.next(filled);
        assertThat(seen.csumBlank()).isFalse();
        assertThat(RawFrames.isSound(seen.bytes(), version, protocol)).isTrue();
        assertThat(RawFrames.isSound(frame, version, protocol)).isFalse();
        assertThat(seen.copyable()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6})
    void shouldHandBlankChecksumsOn_whenBothEndsTakeThem(int version, NetworkNamespace host) {
        byte[] frame = RawFrames.blank(version, RawFrames.UDP, 100);
        TapPort from = rig.port(true, false);
        BlockingQueue<Seen> whole = bridged(host, from, rig.port(true, false));
        assertThat(rig.send(from, frame, 64, sent -> sent.csumBlank(true))).isTrue();
        Seen seen = TapRig.next(whole);
        assertThat(seen.bytes()).isEqualTo(frame);
        assertThat(seen.csumBlank() && seen.validated()).isTrue();
        assertThat(seen.gsoType() + seen.gsoSize()).isZero();
        assertThat(seen.copyable()).isFalse();
        RawFrames.put16(frame, RawFrames.checksumAt(version, RawFrames.UDP), 0x1111);
        assertThat(rig.send(from, frame, 64, sent -> sent.dataValidated(false))).isTrue();
        seen = TapRig.next(whole);
        assertThat(seen.bytes()).as("as it is, though wrong").isEqualTo(frame);
        assertThat(seen.csumBlank() || seen.validated()).isFalse();
    }

    /** What the kernel counted of UDP, by name. */
    private static long udp(NetworkNamespace host, String counter) {
        String[] lines =
                host.run("grep", "^Udp:", "/proc/net/snmp").orThrow().out().split("\n", -1);
        int column = Arrays.asList(lines[0].split(" ", -1)).indexOf(counter);
        return Long.parseLong(lines[1].split(" ", -1)[column]);
    }

    @Test
    void shouldHaveTheKernelLookAtChecksums_whoeverVouchesForThem(NetworkNamespace host) {
        TapPort port = rig.port(true, true);
        String name = port.device().name();
        host.adopt(name, "10.99.0.2/24");
        host.run("ip", "link", "set", name, "address", "02:00:00:00:0b:0b").orThrow();
        byte[] wrong = RawFrames.blank(4, RawFrames.UDP, 100);
        RawFrames.put16(wrong, RawFrames.checksumAt(4, RawFrames.UDP), 0x1111);
        assertThat(rig.send(port, wrong, 64, sent -> sent.dataValidated(false))).isTrue();
        assertThat(udp(host, "InCsumErrors")).isEqualTo(1);
        assertThat(udp(host, "NoPorts")).isZero();
        assertThat(rig.send(port, wrong, 64, sent -> sent.dataValidated(true))).isTrue();
        assertThat(udp(host, "InCsumErrors")).isEqualTo(2);
        byte[] blank = RawFrames.blank(4, RawFrames.UDP, 100);
        assertThat(rig.send(port, blank, 64, sent -> sent.csumBlank(true))).isTrue();
        assertThat(udp(host, "NoPorts")).as("good, but for nobody").isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"4, 1448, 60000", "6, 1428, 60000", "4, 500, 1001", "6, 1000, 1001"})
    void shouldHaveTheKernelCutSegments_whenTheFarEndTakesNone(
            int version, int size, int payload, NetworkNamespace host) {
        byte[] frame = RawFrames.blank(version, RawFrames.TCP, payload);
        int type = version == 4 ? Netif.XEN_NETIF_GSO_TYPE_TCPV4 : Netif.XEN_NETIF_GSO_TYPE_TCPV6;
        TapPort from = rig.port(true, true);
        BlockingQueue<Seen> segments = bridged(host, from, rig.port(false, true));
        boolean taken = rig.send(from, frame, 64, sent -> {
            sent.csumBlank(true);
            sent.gso(type, size);
        });
        assertThat(taken).isTrue();
        int data = RawFrames.transportAt(version) + 20;
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        int count = 0;
        while (joined.size() < payload) {
            Seen segment = TapRig.next(segments);
            assertThat(segment.gsoType()).isZero();
            assertThat(RawFrames.isSound(segment.bytes(), version, RawFrames.TCP))
                    .isTrue();
            joined.write(segment.bytes(), data, segment.bytes().length - data);
            count++;
        }
        assertThat(joined.toByteArray()).isEqualTo(Arrays.copyOfRange(frame, data, frame.length));
        assertThat(count).isEqualTo((payload + size - 1) / size);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6})
    void shouldHandSegmentsOnWhole_whenBothEndsTakeThem(int version, NetworkNamespace host) {
        byte[] frame = RawFrames.blank(version, RawFrames.TCP, 60000);
        int type = version == 4 ? Netif.XEN_NETIF_GSO_TYPE_TCPV4 : Netif.XEN_NETIF_GSO_TYPE_TCPV6;
        TapPort from = rig.port(true, true);
        BlockingQueue<Seen> whole = bridged(host, from, rig.port(true, true));
        assertThat(rig.send(from, frame, 64, sent -> {
                    sent.csumBlank(true);
                    sent.gso(type, 1400);
                }))
                .isTrue();
        Seen seen = TapRig.next(whole);
        assertThat(seen.bytes()).isEqualTo(frame);
        assertThat(seen.csumBlank()).isTrue();
        assertThat(seen.gsoType()).isEqualTo(type);
        assertThat(seen.gsoSize()).isEqualTo(1400);
    }

    @Test
    void shouldDropWhatIsNotWhatItSays(NetworkNamespace host) {
        TapPort port = rig.port(true, true);
        host.adopt(port.device().name());
        byte[] arp = new byte[60];
        RawFrames.put16(arp, 12, 0x0806);
        assertThat(rig.send(port, arp, 64, sent -> sent.csumBlank(true))).isFalse();
        byte[] tcp = RawFrames.blank(4, RawFrames.TCP, 3000);
        assertThat(rig.send(port, tcp, 64, sent -> sent.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 1000)))
                .isFalse();
        byte[] udp = RawFrames.blank(4, RawFrames.UDP, 3000);
        assertThat(rig.send(port, udp, 64, sent -> {
                    sent.csumBlank(true);
                    sent.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 0);
                }))
                .as("the kernel's own judgement")
                .isFalse();
        assertThat(rig.send(port, new byte[65554], 64, sent -> {})).isFalse();
        assertThat(port.stats().droppedMalformed()).isEqualTo(4);
        assertThat(rig.send(port, arp, 64, sent -> {})).isTrue();
        assertThat(port.stats().framesToHost()).isEqualTo(1);
        assertThat(port.stats().bytesToHost()).isEqualTo(60);
    }

    @Test
    void shouldDrop_whileTheInterfaceIsDown(NetworkNamespace host) {
        TapPort port = rig.port(true, true);
        EchoResponder responder = rig.responder(port, ADDRESS);
        byte[] frame = RawFrames.blank(4, RawFrames.UDP, 10);
        assertThat(rig.send(port, frame, 64, sent -> sent.csumBlank(true))).isFalse();
        assertThat(port.stats().droppedDown()).isEqualTo(1);
        host.adopt(port.device().name(), "10.99.0.1/24");
        assertThat(ping(host, "-c", "1").succeeded()).isTrue();
        host.run("ip", "link", "set", port.device().name(), "down").orThrow();
        assertThat(rig.send(port, frame, 64, sent -> sent.csumBlank(true))).isFalse();
        assertThat(port.stats().droppedDown()).isEqualTo(2);
        assertThat(port.carrier()).isTrue();
        host.run("ip", "link", "set", port.device().name(), "up").orThrow();
        assertThat(ping(host, "-c", "1").succeeded()).isTrue();
        assertThat(responder.echoes).isEqualTo(2);
        assertThat(port.failure()).isNull();
    }

    @Test
    void shouldSaySo_whenTheInterfaceIsTakenAway(NetworkNamespace host) throws Exception {
        TapPort port = rig.port(true, true);
        CountDownLatch told = new CountDownLatch(1);
        rig.xen
                .dom0()
                .run(dom0 -> port.plug(new NetworkPort.Sink() {
                    @Override
                    public void received(NetFrame frame) {}

                    @Override
                    public void receivedAll() {}

                    @Override
                    public void linkChanged() {
                        told.countDown();
                    }
                }));
        host.adopt(port.device().name());
        host.run("ip", "link", "del", port.device().name()).orThrow();
        assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(port.carrier()).isFalse();
        assertThat(port.failure())
                .hasMessageContaining("read(tap=" + port.device().name());
        assertThat(rig.send(port, new byte[60], 64, sent -> {})).isFalse();
    }

    @Test
    void shouldNameCallAndArguments_whenTheKernelRefuses() {
        TapPort port = rig.port(true, true);
        String name = port.device().name();
        assertThatThrownBy(() -> TapDevice.open(name, true))
                .isInstanceOf(XenOpException.class)
                .hasMessageContaining("ioctl TUNSETIFF(name=" + name + ") failed, errno=16");
        assertThatThrownBy(() -> TapDevice.open("", true)).hasMessageContaining("name=");
        assertThatThrownBy(() -> TapDevice.open("x".repeat(16), true)).hasMessageContaining("1 to 15 characters");
        assertThatThrownBy(() -> TapDevice.open("a/b", true)).hasMessageContaining("no slash");
    }

    @Test
    void shouldTakeTheInterfaceAway_andEndItsThread_whenClosed(NetworkNamespace host) {
        TapPort port = rig.port(true, true);
        String name = port.device().name();
        host.adopt(name);
        assertThat(host.run("ip", "link", "show", name).succeeded()).isTrue();
        assertThat(Thread.getAllStackTraces().keySet())
                .anyMatch(thread -> thread.getName().equals("tap " + name));
        rig.xen.dom0().run(dom0 -> {
            port.close();
            port.close();
        });
        assertThat(host.run("ip", "link", "show", name).succeeded()).isFalse();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().equals("tap " + name));
        assertThat(port.carrier()).isFalse();
    }

    @Test
    void shouldKeepTheFramesOfABurst_whenClosedByWhoeverTakesThem(NetworkNamespace host) throws Exception {
        TapPort port = rig.port(true, false);
        host.withoutIpv6();
        CountDownLatch over = new CountDownLatch(1);
        byte[][] late = new byte[1][];
        rig.xen
                .dom0()
                .run(dom0 -> port.plug(new NetworkPort.Sink() {
                    private final NetFrame first = new NetFrame();

                    @Override
                    public void received(NetFrame frame) {
                        port.close();
                        first.set(frame.memory(), frame.at(), frame.length(), frame.headroom());
                    }

                    @Override
                    public void receivedAll() {
                        late[0] = first.toBytes();
                        over.countDown();
                    }
                }));
        host.adopt(port.device().name(), "10.99.0.1/24");
        host.run("ping", "-c", "1", "-W", "1", "10.99.0.2");
        assertThat(over.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(late[0]).hasSizeGreaterThan(14);
    }
}
