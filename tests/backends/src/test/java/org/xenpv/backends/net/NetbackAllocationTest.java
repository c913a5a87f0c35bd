package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.xenpv.io.netif.Netif;

/** In steady state a packet allocates nothing: through a transmit ring, a switch and a receive ring. */
class NetbackAllocationTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private long packets;

    /** A guest that sends, a switch, and a guest that receives. */
    private final class Path implements NetworkPort, AutoCloseable {
        final TxBench from = new TxBench();
        final RxBench to = new RxBench();
        final NetbackHash hash = new NetbackHash();
        final byte[] tcp = Frames.tcp(false, 9000, 0x18, true, 1);
        final byte[] small = Frames.udp(false, 18, true, 2);
        final LearningSwitch bridge = new LearningSwitch(() -> 1, from.guest);
        PortOffloads offloads = PortOffloads.ALL;
        Sink sink;

        Path() {
            from.keepFrames = false;
            RecordingPort source = new RecordingPort() {
                @Override
                public void plug(Sink target) {
                    from.sink = target;
                }
            };
            bridge.attach(source);
            bridge.attach(this);
            hash.algorithm(1);
            hash.flags(15);
            from.guest.fill(0, 0, tcp, 0, 4096);
            from.guest.fill(1, 0, tcp, 4096, 4096);
            from.guest.fill(2, 0, tcp, 8192, tcp.length - 8192);
            from.guest.fill(3, 0, small, 0, small.length);
        }

        void rounds(int count) {
            for (int round = 0; round < count; round++) {
                for (int i = 0; i < 8; i++) {
                    int flags = Netif.NETTXF_CSUM_BLANK | Netif.NETTXF_EXTRA_INFO | Netif.NETTXF_MORE_DATA;
                    from.request(100, 0, flags, 1, tcp.length);
                    from.gso(0, 1448, Netif.XEN_NETIF_GSO_TYPE_TCPV4);
                    from.request(101, 0, Netif.NETTXF_MORE_DATA, 2, 4096);
                    from.request(102, 0, 0, 3, tcp.length - 8192);
                    from.request(103, 0, Netif.NETTXF_CSUM_BLANK, 4, small.length);
                    from.request(103, 0, 0, 5, 3); // a bad one
                    packets += 3;
                }
                to.post(to.front.freeRequests());
                from.front.pushRequests();
                from.queue.poll(1000);
                for (int ready = from.front.unconsumedResponses(); ready > 0; ready--) {
                    from.front.nextResponse();
                }
                for (int ready = to.front.unconsumedResponses(); ready > 0; ready--) {
                    to.front.nextResponse();
                }
            }
        }

        @Override
        public PortOffloads offloads() {
            return offloads;
        }

        @Override
        public boolean carrier() {
            return true;
        }

        @Override
        public boolean send(NetFrame frame) {
            hash.select(frame, 2);
            return to.queue.send(frame);
        }

        @Override
        public void flush() {
            to.queue.flush();
        }

        @Override
        public void plug(Sink target) {
            sink = target;
        }

        @Override
        public void close() {
            bridge.close();
            to.close();
            from.close();
        }
    }

    private long fewestBytes(Path path) {
        path.rounds(2000); // compiled
        long thread = Thread.currentThread().getId();
        long fewest = Long.MAX_VALUE;
        for (int window = 0; window < 5; window++) { // an allocation per packet would show in every window
            long before = THREADS.getThreadAllocatedBytes(thread);
            path.rounds(200);
            fewest = Math.min(fewest, THREADS.getThreadAllocatedBytes(thread) - before);
        }
        return fewest;
    }

    @Test
    void shouldAllocateNothingPerPacket_wholeOrSegmented() {
        assumeThat(THREADS.isThreadAllocatedMemorySupported()).isTrue();
        try (Path path = new Path()) {
            assertThat(fewestBytes(path)).as("bytes for 4800 packets").isZero();
            assertThat(path.to.counters.rxFrames).isEqualTo(packets / 3 * 2);
            assertThat(path.from.counters.txGso).isEqualTo(packets / 3);
            assertThat(path.bridge.segmented()).isZero();

            path.offloads = PortOffloads.NONE;
            assertThat(fewestBytes(path))
                    .as("bytes for 4800 packets, segmented")
                    .isZero();
            assertThat(path.bridge.segmented()).isEqualTo(packets / 6);
            assertThat(path.to.counters.snapshot().dropped()).isEmpty();
        }
    }
}
