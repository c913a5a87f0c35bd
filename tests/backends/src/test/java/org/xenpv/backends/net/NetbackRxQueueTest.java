package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.io.netif.Netif.NETRXF_CSUM_BLANK;
import static org.xenpv.io.netif.Netif.NETRXF_DATA_VALIDATED;
import static org.xenpv.io.netif.Netif.NETRXF_EXTRA_INFO;
import static org.xenpv.io.netif.Netif.NETRXF_MORE_DATA;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_FLAG_MORE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_GSO;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_HASH;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_XDP;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_TCPV6;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.net.RxBench.Got;
import org.xenpv.fault.PeerFault;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifRxRequest;
import org.xenpv.ring.SharedRing;

/** What a receive queue does with frames, with the guest's buffers, with time and with events. */
class NetbackRxQueueTest {

    private static byte[] noise(int bytes, int seed) {
        return Frames.raw(1, 2, bytes, seed);
    }

    @ParameterizedTest
    @CsvSource({"14, 1", "60, 1", "4095, 1", "4096, 1", "4097, 2", "65535, 16"})
    void shouldUseAsManyBuffersAsTheFrameIsLong(int length, int slots) {
        try (RxBench bench = new RxBench()) {
            bench.post(20);
            byte[] frame = noise(length, 1);
            assertThat(bench.send(frame)).isTrue();
            assertThat(bench.take(0)).as("before the flush").isEmpty();
            bench.queue.flush();
            List<Got> got = bench.take(0);
            assertThat(got).hasSize(1);
            assertThat(got.get(0).slots).isEqualTo(slots);
            assertThat(got.get(0).bytes).isEqualTo(frame);
            assertThat(got.get(0).flags & ~NETRXF_MORE_DATA).isZero();
            assertThat(bench.guest.batches).isEqualTo(1);
            assertThat(bench.counters.rxSlots).isEqualTo(slots);
        }
    }

    @Test
    void shouldSayWhatTravelsWithAFrame_inExtrasAfterTheFirstBuffer() {
        try (RxBench bench = new RxBench()) {
            bench.queue.xdpHeadroom(256);
            bench.post(20);
            byte[] bytes = noise(9000, 1);
            NetFrame frame = bench.frame(bytes);
            frame.csumBlank(true);
            frame.gso(XEN_NETIF_GSO_TYPE_TCPV6, 1400);
            frame.hash(XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 3, 0xdeadbeef);
            assertThat(bench.queue.send(frame)).isTrue();
            bench.queue.flush();
            Got got = bench.take(256).get(0);
            assertThat(got.bytes).isEqualTo(bytes);
            assertThat(got.slots).isEqualTo(3);
            assertThat(got.flags)
                    .isEqualTo(NETRXF_CSUM_BLANK | NETRXF_DATA_VALIDATED | NETRXF_EXTRA_INFO | NETRXF_MORE_DATA);
            assertThat(got.extras)
                    .extracting(NetifExtraInfo::type)
                    .containsExactly(XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_TYPE_XDP);
            assertThat(got.extras)
                    .extracting(NetifExtraInfo::flags)
                    .containsExactly(XEN_NETIF_EXTRA_FLAG_MORE, XEN_NETIF_EXTRA_FLAG_MORE, 0);
            assertThat(NetifExtraInfo.gsoSize(got.extras.get(0))).isEqualTo(1400);
            assertThat(NetifExtraInfo.gsoType(got.extras.get(0))).isEqualTo(XEN_NETIF_GSO_TYPE_TCPV6);
            assertThat(NetifExtraInfo.hashValue(got.extras.get(1))).isEqualTo(0xdeadbeef);
            assertThat(NetifExtraInfo.hashType(got.extras.get(1))).isEqualTo(3);
            assertThat(NetifExtraInfo.hashAlgorithm(got.extras.get(1))).isEqualTo(1);
            assertThat(NetifExtraInfo.xdpHeadroom(got.extras.get(2))).isEqualTo(256);
            assertThat(bench.guest.bytes(0, 0, 256)).as("the headroom").containsOnly(0);
            assertThat(bench.front.unconsumedResponses()).isZero();
        }
    }

    @Test
    void shouldSayThatDataIsValidated_whenItIs() {
        try (RxBench bench = new RxBench()) {
            bench.post(2);
            NetFrame frame = bench.frame(noise(60, 1));
            frame.dataValidated(true);
            bench.queue.send(frame);
            bench.queue.flush();
            assertThat(bench.take(0).get(0).flags).isEqualTo(NETRXF_DATA_VALIDATED);
        }
    }

    @Test
    void shouldPublishABurst_withOneCallAndOneEvent() {
        try (RxBench bench = new RxBench()) {
            bench.post(200);
            for (int i = 0; i < 100; i++) {
                assertThat(bench.send(noise(64 + i, i))).isTrue();
            }
            bench.queue.flush();
            assertThat(bench.events).isEqualTo(1);
            assertThat(bench.guest.batches).isEqualTo(1);
            List<Got> got = bench.take(0);
            assertThat(got).hasSize(100);
            for (int i = 0; i < 100; i++) {
                assertThat(got.get(i).bytes).isEqualTo(noise(64 + i, i));
            }
            bench.queue.flush();
            assertThat(bench.guest.batches).as("nothing to do").isEqualTo(1);
            bench.send(noise(60, 1));
            bench.queue.flush();
            assertThat(bench.events).as("rsp_event not moved").isEqualTo(1);
            assertThat(bench.counters.notificationsSuppressed).isEqualTo(1);
        }
    }

    @Test
    void shouldTakeAFrameInAnyMemory() {
        try (RxBench bench = new RxBench()) {
            bench.post(3);
            byte[] bytes = noise(5000, 1);
            assertThat(bench.queue.send(Frames.frame(bytes))).isTrue();
            bench.queue.flush();
            assertThat(bench.take(0).get(0).bytes).isEqualTo(bytes);
            assertThat(bench.counters.rxBacklogged).as("it did not wait").isZero();
        }
    }

    @Test
    void shouldLetFramesWait_andAskForTheEventThatTheyNeed() {
        try (RxBench bench = new RxBench()) {
            bench.post(1);
            byte[] big = noise(10_000, 1);
            byte[] small = noise(60, 2);
            NetFrame frame = bench.frame(big);
            frame.csumBlank(true);
            assertThat(bench.queue.send(frame)).isTrue();
            assertThat(bench.send(small)).as("behind the big one").isTrue();
            bench.queue.flush();
            assertThat(bench.take(0)).isEmpty();
            assertThat(bench.queue.backlogged()).isEqualTo(2);
            assertThat(bench.post(1)).as("one of two that are missing").isFalse();
            assertThat(bench.post(1)).as("the second").isTrue();
            assertThat(bench.queue.poll(100)).isEqualTo(1);
            Got got = bench.take(0).get(0);
            assertThat(got.bytes).isEqualTo(big);
            assertThat(got.flags & NETRXF_CSUM_BLANK).isNotZero();
            assertThat(bench.post(1)).isTrue();
            assertThat(bench.queue.poll(100)).isEqualTo(1);
            assertThat(bench.take(0).get(0).bytes).isEqualTo(small);
            assertThat(bench.counters.rxBacklogged).isEqualTo(2);
            assertThat(bench.post(1)).as("nothing waits").isFalse();
        }
    }

    @Test
    void shouldDropTheNewest_whenAsMuchWaitsAsMay() {
        try (RxBench bench = new RxBench()) {
            int taken = 0;
            while (bench.send(noise(1000, taken))) {
                taken++;
            }
            assertThat(taken).isBetween(32 * 4096 / 1024 - 1, 32 * 4096 / 1000);
            assertThat(bench.dropped(NetbackDrop.RX_NO_BUFFERS)).isEqualTo(1);
            bench.post(200);
            bench.queue.poll(1000);
            List<Got> got = bench.take(0);
            assertThat(got).hasSize(taken);
            for (int i = 0; i < taken; i++) {
                assertThat(got.get(i).bytes).isEqualTo(noise(1000, i));
            }
        }
    }

    @Test
    void shouldDropWhatWaitedTooLong() {
        try (RxBench bench = new RxBench()) {
            bench.send(noise(60, 1));
            bench.nowNs += 10;
            bench.send(noise(60, 2));
            bench.queue.flush();
            assertThat(bench.wakeNs).isEqualTo(5 + RxBench.DRAIN_NS);
            bench.sleep();
            assertThat(bench.dropped(NetbackDrop.RX_EXPIRED)).isEqualTo(1);
            assertThat(bench.queue.backlogged()).isEqualTo(1);
            bench.post(1);
            bench.queue.poll(10);
            assertThat(bench.take(0).get(0).bytes).isEqualTo(noise(60, 2));
        }
    }

    @Test
    void shouldLookForBuffersWhenTimeIsUp_whenNoEventCame() {
        try (RxBench bench = new RxBench()) {
            bench.send(noise(60, 1));
            bench.post(1);
            bench.sleep();
            assertThat(bench.take(0)).hasSize(1);
            assertThat(bench.dropped(NetbackDrop.RX_EXPIRED)).isZero();
        }
    }

    @Test
    void shouldStall_whenTheGuestPostsNothing_andRecover() {
        try (RxBench bench = new RxBench()) {
            bench.send(noise(60, 1));
            while (bench.stalls.isEmpty()) {
                bench.sleep();
            }
            assertThat(bench.nowNs).isEqualTo(5 + RxBench.STALL_NS);
            assertThat(bench.stalls).containsExactly(true);
            assertThat(bench.queue.isStalled()).isTrue();
            assertThat(bench.send(noise(60, 2))).isFalse();
            assertThat(bench.dropped(NetbackDrop.RX_STALLED)).isEqualTo(1);
            assertThat(bench.queue.backlogged()).isZero();
            assertThat(bench.post(1)).as("it wants to know").isTrue();
            bench.queue.poll(10);
            assertThat(bench.stalls).containsExactly(true, false);
            assertThat(bench.send(noise(60, 3))).isTrue();
            bench.queue.flush();
            assertThat(bench.take(0).get(0).bytes).isEqualTo(noise(60, 3));
        }
    }

    @Test
    void shouldNeverStall_whenTheFrontendSendsNoEvents() {
        try (RxBench bench = new RxBench(0, 0)) {
            for (int i = 0; i < 20; i++) {
                bench.send(noise(60, i));
                bench.sleep();
            }
            assertThat(bench.stalls).isEmpty();
            assertThat(bench.dropped(NetbackDrop.RX_EXPIRED)).isEqualTo(20);
        }
    }

    @Test
    void shouldTellTheGuest_whenABufferIsNotGranted() {
        try (RxBench bench = new RxBench()) {
            bench.postPage(GuestGrants.BASE);
            bench.postPage(GuestGrants.READ_ONLY + 1);
            bench.postPage(GuestGrants.BASE + 2);
            bench.front.pushRequests();
            bench.send(noise(60, 1));
            bench.send(noise(60, 2));
            bench.send(noise(60, 3));
            bench.queue.flush();
            List<Got> got = bench.take(0);
            assertThat(got).extracting(g -> g.status).containsExactly(0, GuestGrants.GNTST_BAD_GREF, 0);
            assertThat(got.get(2).bytes).isEqualTo(noise(60, 3));
            assertThat(bench.dropped(NetbackDrop.RX_NOT_GRANTED)).isEqualTo(1);
        }
    }

    @Test
    void shouldBreak_whenTheProducerIndexCannotBe() {
        try (RxBench bench = new RxBench()) {
            bench.ringMemory.putInt(SharedRing.REQ_PROD_OFFSET, 257);
            assertThat(bench.send(noise(60, 1))).isFalse();
            assertThat(bench.fault).isEqualTo(PeerFault.REQ_PROD_OVERFLOW);
            assertThat(bench.send(noise(60, 1))).isFalse();
            assertThat(bench.dropped(NetbackDrop.RX_NOT_CONNECTED)).isEqualTo(2);
        }
    }

    /** As the device does it: what breaks a ring ends the connection, while the frame is still being sent. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldDropTheFrame_whenSendingItFindsTheRingBroken(boolean inAnyMemory) {
        RxBench bench = new RxBench();
        bench.whenBroken = bench.queue::close;
        bench.ringMemory.putInt(SharedRing.REQ_PROD_OFFSET, 257);
        NetFrame frame = inAnyMemory ? Frames.frame(noise(60, 1)) : bench.frame(noise(60, 1));
        assertThat(bench.queue.send(frame)).isFalse();
        assertThat(bench.fault).isEqualTo(PeerFault.REQ_PROD_OVERFLOW);
        assertThat(bench.dropped(inAnyMemory ? NetbackDrop.RX_DISCONNECTED : NetbackDrop.RX_NOT_CONNECTED))
                .isEqualTo(1);
        assertThat(bench.counters.rxBacklogged).isZero();
        assertThat(bench.wakeNs).as("nothing waits").isEqualTo(Long.MAX_VALUE);
        assertThat(bench.queue.send(frame)).isFalse();
        bench.close();
    }

    /** A guest on another processor uses a slot again as soon as an answer stands in it, before it is published. */
    @ParameterizedTest
    @CsvSource({"60, 0", "9000, 256"})
    void shouldPublishInTime_whenTheGuestPostsMoreThanItsRingHolds(int length, int headroom) {
        try (RxBench bench = new RxBench()) {
            bench.queue.xdpHeadroom(headroom);
            bench.post(256);
            byte[] bytes = noise(length, 1);
            NetFrame frame = bench.frame(bytes);
            int answered = 0;
            int first = 0;
            for (int i = 0; i < 300; i++) {
                first = answered;
                assertThat(bench.queue.send(frame)).as("frame %d", i).isTrue();
                answered = (int) (bench.counters.rxSlots + bench.counters.rxExtras);
                for (int index = 256 + first; index < 256 + answered; index++) {
                    int slot = SharedRing.RING_OFFSET + (index & 0xff) * NetifRxRequest.SIZEOF;
                    NetifRxRequest.put(bench.ringMemory, slot, index & 0xffff, GuestGrants.BASE + (index & 0xff));
                }
                bench.ringMemory.putIntRelease(SharedRing.REQ_PROD_OFFSET, 256 + answered);
                int published = bench.ringMemory.getInt(SharedRing.RSP_PROD_OFFSET);
                assertThat(answered - published).as("answers not published").isBetween(1, 256);
            }
            bench.queue.flush();
            assertThat(bench.fault).isNull();
            assertThat(bench.counters.rxBacklogged).isZero();
            assertThat(bench.ringMemory.getInt(SharedRing.RSP_PROD_OFFSET)).isEqualTo(answered);
            int part = Math.min(length, 4096 - headroom);
            assertThat(bench.guest.bytes(first & 0xff, headroom, part)).isEqualTo(Arrays.copyOf(bytes, part));
        }
    }

    @Test
    void shouldCountWhatWaited_whenTheConnectionEnds() {
        RxBench bench = new RxBench();
        bench.send(noise(60, 1));
        bench.send(noise(60, 2));
        bench.close();
        assertThat(bench.dropped(NetbackDrop.RX_DISCONNECTED)).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {-300, 0x7fffffff - 300})
    void shouldGoOn_whereTheIndicesWrap(int index) {
        try (RxBench bench = new RxBench(index, RxBench.STALL_NS)) {
            for (int round = 0; round < 300; round++) {
                bench.post(3);
                byte[] frame = noise(4096 * 3 - round, round);
                bench.send(frame);
                bench.queue.flush();
                assertThat(bench.take(0).get(0).bytes).isEqualTo(frame);
            }
            int end = bench.front.reqProdPvt();
            assertThat(Integer.signum(index)).as("it wrapped").isNotEqualTo(Integer.signum(end));
        }
    }

    @Test
    void shouldGetByOnAFullRing_whateverTheOrderOfPostingAndSending() {
        try (RxBench bench = new RxBench()) {
            bench.post(256);
            for (int i = 0; i < 256; i++) {
                assertThat(bench.send(noise(60, i))).isTrue();
            }
            assertThat(bench.send(noise(60, 256))).as("waits").isTrue();
            bench.queue.flush();
            assertThat(bench.take(0)).hasSize(256);
            bench.post(1);
            bench.queue.poll(5);
            assertThat(bench.take(0).get(0).bytes).isEqualTo(noise(60, 256));
        }
    }
}
