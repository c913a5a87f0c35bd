package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.netfront.NetPacket;

/** Packets cost no garbage, in either direction. The least of several rounds counts: the JVM itself allocates now and then. */
class LayersAllocationTest {

    private static final int ROUNDS = 8;
    private static final int PACKETS_PER_ROUND = 2_000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private int replies;

    @ParameterizedTest
    @CsvSource({"64, false", "64, true", "1472, false", "8000, false"})
    void shouldAllocateNothingPerPacket(int bytes, boolean csumOffload) {
        assumeTrue(threads.isThreadAllocatedMemorySupported(), "skipped: this JVM does not count allocation");
        try (Cable cable = new Cable();
                Host left = new Host(cable.left(), "192.0.2.1/24");
                Host right = new Host(cable.right(), "192.0.2.2/24")) {
            cable.left().change(1500, csumOffload, true);
            UdpEcho<UdpLayer> echo = new UdpEcho<>(left.stack.udp(), 7);
            right.stack.udp().bind(5000, (source, port, packet) -> replies++);
            right.stack.icmp().onReply((source, id, sequence, packet) -> replies++);
            long least = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS && least != 0; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                run(cable, left, right, bytes);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).isZero();
            assertThat(echo.echoed()).isGreaterThanOrEqualTo(PACKETS_PER_ROUND / 2);
            assertThat(replies).isEqualTo(2 * (int) echo.echoed());
        }
    }

    private static void run(Cable cable, Host left, Host right, int bytes) {
        for (int i = 0; i < PACKETS_PER_ROUND / 2; i++) {
            NetPacket datagram = right.stack.udp().acquire(bytes);
            datagram.putInt(0, i);
            right.stack.udp().send(datagram, 5000, left.address(), 7);
            NetPacket ping = right.stack.icmp().acquire(bytes);
            ping.putInt(0, i);
            right.stack.icmp().request(ping, left.address(), 1, i);
            right.stack.udp().flush();
            cable.carry();
        }
    }
}
