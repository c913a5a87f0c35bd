package org.xenpv.netfront.wrapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.event.Clock;
import org.xenpv.event.EventLoop;
import org.xenpv.netfront.NetOffloads;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimulatedXen;

/** The three of them in any order are a device like the one below. */
class StackTest {

    private final MemoryDevice below = new MemoryDevice(4);
    private final SimulatedXen xen = SimulatedXen.deterministic(1);
    private final EventLoop loop =
            xen.createDomain(DomainConfig.named("guest")).guest().loop();
    private long written;

    @AfterEach
    void close() {
        below.close();
        xen.close();
    }

    private NetworkDevice wrap(char kind, NetworkDevice device) {
        Clock clock = () -> 5;
        return switch (kind) {
            case 'T' -> new TracingDevice(device, clock, 8);
            case 'C' ->
                new CapturingDevice(device, clock, (bytes, at, length) -> written += length, CaptureConfig.DEFAULT);
            default -> new FaultyDevice(device, loop, 1, FaultConfig.NONE, FaultConfig.NONE, null);
        };
    }

    private NetworkDevice stack(String kinds) {
        NetworkDevice top = below;
        for (int i = 0; i < kinds.length(); i++) {
            top = wrap(kinds.charAt(i), top);
        }
        return top;
    }

    static Stream<String> orders() {
        return Stream.of("TCF", "TFC", "CTF", "CFT", "FTC", "FCT", "TTCCFF");
    }

    @ParameterizedTest
    @MethodSource("orders")
    void shouldBeADeviceLikeTheOneBelow(String order) {
        NetworkDevice top = stack(order);
        Frames above = new Frames();
        top.receiver(above);
        assertThat(top.mac()).isEqualTo(below.mac());
        assertThat(top.mtu()).isEqualTo(1500);
        assertThat(top.carrier()).isTrue();
        assertThat(top.offloads()).isSameAs(below.offloads());
        for (int i = 0; i < 10; i++) {
            Frames.send(top, Frames.numbered(i, 60), packet -> packet.csumBlank(true));
            below.deliver(Frames.numbered(i, 60));
        }
        top.flush();
        below.above().receivedAll();
        below.above().writable();
        below.above().linkChanged();
        assertThat(below.sent).hasSize(10).allMatch(sent -> sent.csumBlank() && sent.bytes().length == 60);
        assertThat(above.numbers()).isEqualTo(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
        assertThat(List.of(below.flushes, above.batches, above.writable, above.linkChanges))
                .containsOnly(1);
        top.release(top.acquire(100));
        below.carrier = false;
        assertThat(top.carrier()).isFalse();
        assertThat(Frames.send(top, Frames.numbered(1, 60))).isFalse();
        assertThat(below.outstanding()).isZero();
        assertThat(written).isPositive();
    }

    private void packets(NetworkDevice top, byte[] frame, int count) {
        for (int i = 0; i < count; i++) {
            NetPacket packet = top.acquire(frame.length);
            packet.copyIn(0, frame, 0, frame.length);
            top.send(packet);
            below.deliver(frame);
        }
        top.flush();
    }

    @Test
    void shouldAllocateNothingPerPacket() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assumeTrue(threads.isThreadAllocatedMemorySupported(), "skipped: this JVM does not count allocation");
        NetworkDevice top = stack("TCF");
        below.keep = false;
        top.receiver(packet -> {});
        byte[] frame = Frames.numbered(1, 9000);
        below.offloads = new NetOffloads(true, true, true, true, 9014, 65535);
        packets(top, frame, 20_000);
        long thread = Thread.currentThread().getId();
        long fewest = Long.MAX_VALUE;
        for (int window = 0; window < 5; window++) { // an allocation per packet would show in every window
            long before = threads.getThreadAllocatedBytes(thread);
            packets(top, frame, 1000);
            fewest = Math.min(fewest, threads.getThreadAllocatedBytes(thread) - before);
        }
        assertThat(fewest).as("bytes for 2000 packets").isZero();
        assertThat(written).isGreaterThan(9000L * 40_000);
    }
}
