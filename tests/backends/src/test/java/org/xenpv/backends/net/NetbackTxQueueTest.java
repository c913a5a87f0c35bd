package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenpv.io.netif.Netif.NETIF_RSP_ERROR;
import static org.xenpv.io.netif.Netif.NETIF_RSP_NULL;
import static org.xenpv.io.netif.Netif.NETIF_RSP_OKAY;
import static org.xenpv.io.netif.Netif.NETTXF_CSUM_BLANK;
import static org.xenpv.io.netif.Netif.NETTXF_DATA_VALIDATED;
import static org.xenpv.io.netif.Netif.NETTXF_EXTRA_INFO;
import static org.xenpv.io.netif.Netif.NETTXF_MORE_DATA;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_FLAG_MORE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_TCPV4;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_TCPV6;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.net.TxBench.Answer;
import org.xenpv.backends.net.TxBench.Got;
import org.xenpv.fault.PeerFault;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.ring.SharedRing;

/** What a transmit queue does with good packets, with its ring and its events. */
class NetbackTxQueueTest {

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 60, 1514, 4096})
    void shouldTakeAPacketOfOnePiece(int length) {
        try (TxBench bench = new TxBench()) {
            byte[] frame = Frames.raw(Frames.MAC_B, Frames.MAC_A, length, 1);
            int offset = 4096 - length;
            bench.guest.fill(3, offset, frame, 0, length);
            bench.request(GuestGrants.READ_ONLY + 3, offset, 0, 0xfffe, length);
            assertThat(bench.run()).containsExactly(new Answer(0xfffe, NETIF_RSP_OKAY));
            assertThat(bench.frames).hasSize(1);
            assertThat(bench.frames.get(0).bytes()).isEqualTo(frame);
            assertThat(bench.frames.get(0).csumBlank()).isFalse();
            assertThat(bench.counters.txFrames).isEqualTo(1);
            assertThat(bench.counters.txBytes).isEqualTo(length);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 17, 18})
    void shouldPutTogetherAPacketOfManyPieces(int further) {
        try (TxBench bench = new TxBench()) {
            int[] pieces = new int[further];
            int length = 0;
            for (int i = 0; i < further; i++) {
                pieces[i] = i == 0 ? 66 : 100 * i;
                length += pieces[i];
            }
            length += 3000;
            byte[] frame = Frames.raw(Frames.MAC_B, Frames.MAC_A, length, 2);
            bench.stage(frame, 0, 10, 1, 8, pieces);
            List<Answer> answers = bench.run();
            assertThat(answers).hasSize(further + 1).allMatch(answer -> answer.status() == NETIF_RSP_OKAY);
            assertThat(answers).extracting(Answer::id).first().isEqualTo(10);
            assertThat(answers).extracting(Answer::id).last().isEqualTo(10 + further);
            assertThat(bench.frames).hasSize(1);
            assertThat(bench.frames.get(0).bytes()).isEqualTo(frame);
            assertThat(bench.guest.batches).as("hypercalls").isEqualTo(1);
        }
    }

    @Test
    void shouldTakeTheLongestPacket() {
        try (TxBench bench = new TxBench()) {
            byte[] frame = Frames.raw(Frames.MAC_B, Frames.MAC_A, 0xffff, 3);
            int[] pieces = new int[15];
            Arrays.fill(pieces, 4096);
            bench.stage(frame, 0, 0, 0, 0, pieces);
            assertThat(bench.run()).hasSize(16).allMatch(answer -> answer.status() == NETIF_RSP_OKAY);
            assertThat(bench.frames.get(0).bytes()).isEqualTo(frame);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldSayWhatTravelsWithAPacket_andAnswerItsExtrasNull(boolean v6) {
        try (TxBench bench = new TxBench()) {
            byte[] frame = Frames.tcp(v6, 3000, 0x10, true, 4);
            int type = v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
            bench.guest.fill(5, 0, frame, 0, frame.length);
            bench.request(105, 0, NETTXF_CSUM_BLANK | NETTXF_EXTRA_INFO | NETTXF_MORE_DATA, 40, frame.length);
            bench.gso(XEN_NETIF_EXTRA_FLAG_MORE, 1448, type);
            NetifExtraInfo.putHash(bench.front.memory(), bench.front.nextRequest(), 0, 1, 1, 0xcafebabe);
            bench.request(105, 1000, 0, 41, frame.length - 1000);
            assertThat(bench.run())
                    .extracting(Answer::status)
                    .containsExactly(NETIF_RSP_OKAY, NETIF_RSP_NULL, NETIF_RSP_NULL, NETIF_RSP_OKAY);
            Got got = bench.frames.get(0);
            assertThat(got.bytes()).isEqualTo(frame);
            assertThat(got.csumBlank()).isTrue();
            assertThat(got.gsoType()).isEqualTo(type);
            assertThat(got.gsoSize()).isEqualTo(1448);
            assertThat(got.hashValue()).isEqualTo(0xcafebabe);
            assertThat(bench.counters.txGso).isEqualTo(1);
            assertThat(bench.counters.txExtras).isEqualTo(2);
        }
    }

    @Test
    void shouldNotMixUpWhatTravelsWithTwoPackets() {
        try (TxBench bench = new TxBench()) {
            byte[] first = Frames.tcp(false, 2000, 0x10, true, 5);
            bench.stage(first, NETTXF_DATA_VALIDATED, 1, 1, 0);
            bench.guest.fill(2, 0, first, 0, first.length);
            bench.request(102, 0, NETTXF_CSUM_BLANK | NETTXF_EXTRA_INFO, 2, first.length);
            bench.gso(0, 500, XEN_NETIF_GSO_TYPE_TCPV4);
            bench.stage(first, 0, 3, 3, 0);
            bench.run();
            assertThat(bench.frames).extracting(Got::gsoSize).containsExactly(0, 500, 0);
            assertThat(bench.frames).extracting(Got::csumBlank).containsExactly(false, true, false);
            assertThat(bench.frames).extracting(Got::validated).containsExactly(true, false, false);
        }
    }

    @Test
    void shouldMakeTheChecksumBlank_whenAPacketToBeSegmentedDoesNotSayIt() {
        try (TxBench bench = new TxBench()) {
            byte[] frame = Frames.tcp(false, 2000, 0x10, false, 6);
            bench.guest.fill(0, 0, frame, 0, frame.length);
            bench.request(100, 0, NETTXF_EXTRA_INFO, 2, frame.length);
            bench.gso(0, 500, XEN_NETIF_GSO_TYPE_TCPV4);
            bench.run();
            assertThat(bench.frames.get(0).csumBlank()).isTrue();
            assertThat(bench.frames.get(0).bytes()).isEqualTo(Frames.tcp(false, 2000, 0x10, true, 6));
            assertThat(bench.counters.gsoFixups).isEqualTo(1);
        }
    }

    @Test
    void shouldPassOnABurst_beforeItAnswers_withOneCallAndOneEvent() {
        try (TxBench bench = new TxBench()) {
            for (int i = 0; i < 32; i++) {
                bench.stage(Frames.raw(i, Frames.MAC_A, 64, i), 0, i, i, 0);
            }
            assertThat(bench.run()).hasSize(32);
            assertThat(bench.frames).hasSize(32);
            assertThat(bench.bursts).isEqualTo(1);
            assertThat(bench.answersAtBurst)
                    .as("answered before it was passed on")
                    .isZero();
            assertThat(bench.events).isEqualTo(1);
            assertThat(bench.guest.batches).isEqualTo(1);
            assertThat(bench.counters.notificationsSent).isEqualTo(1);
            for (int i = 0; i < 32; i++) {
                assertThat(bench.frames.get(i).bytes()).isEqualTo(Frames.raw(i, Frames.MAC_A, 64, i));
            }
        }
    }

    @Test
    void shouldSendNoEvent_whenTheFrontendWantsNone() {
        try (TxBench bench = new TxBench()) {
            bench.stage(Frames.raw(1, 2, 64, 1), 0, 1, 1, 0);
            bench.run();
            assertThat(bench.events).isEqualTo(1);
            bench.stage(Frames.raw(1, 2, 64, 1), 0, 1, 1, 0);
            bench.run();
            assertThat(bench.events).as("rsp_event not moved").isEqualTo(1);
            assertThat(bench.counters.notificationsSuppressed).isEqualTo(1);
            bench.front.finalCheckForResponses();
            bench.stage(Frames.raw(1, 2, 64, 1), 0, 1, 1, 0);
            bench.run();
            assertThat(bench.events).isEqualTo(2);
        }
    }

    @Test
    void shouldAskForTheNextRequest_whenTheRingIsEmpty() {
        try (TxBench bench = new TxBench()) {
            bench.stage(Frames.raw(1, 2, 64, 1), 0, 1, 1, 0);
            assertThat(bench.front.pushRequestsAndCheckNotify()).isTrue();
            bench.queue.poll(10);
            bench.answers();
            bench.stage(Frames.raw(1, 2, 64, 1), 0, 1, 1, 0);
            bench.stage(Frames.raw(1, 2, 64, 1), 0, 1, 2, 0);
            assertThat(bench.front.pushRequestsAndCheckNotify()).isTrue();
            bench.stage(Frames.raw(1, 2, 64, 1), 0, 1, 3, 0);
            assertThat(bench.front.pushRequestsAndCheckNotify())
                    .as("it is awake")
                    .isFalse();
        }
    }

    @Test
    void shouldTakeNoMoreThanItsBudget() {
        try (TxBench bench = new TxBench()) {
            for (int i = 0; i < 200; i++) {
                bench.stage(Frames.raw(i, 2, 64, i), 0, i, i % 64, i / 64 * 64);
            }
            bench.front.pushRequests();
            assertThat(bench.queue.poll(70)).isEqualTo(70);
            assertThat(bench.answers()).hasSize(70);
            assertThat(bench.frames).hasSize(70);
            assertThat(bench.queue.poll(1000)).isEqualTo(130);
            assertThat(bench.queue.poll(1000)).isZero();
        }
    }

    @Test
    void shouldTakeARingFullOfTheLongestPackets() {
        try (TxBench bench = new TxBench()) {
            int[] pieces = new int[15];
            Arrays.fill(pieces, 4096);
            List<byte[]> sent = new ArrayList<>();
            for (int i = 0; i < 4; i++) { // 4 * 16 slots over all 64 pages of the guest
                byte[] frame = Frames.raw(i, 2, 0xffff, i);
                sent.add(frame);
                bench.stage(frame, 0, i * 16, i * 16, 0, pieces);
            }
            assertThat(bench.run()).hasSize(64);
            assertThat(bench.bursts).as("what the arena holds").isEqualTo(2);
            for (int i = 0; i < 4; i++) {
                assertThat(bench.frames.get(i).bytes()).isEqualTo(sent.get(i));
            }
        }
    }

    @Test
    void shouldKeepAFilterOfGroups() {
        try (TxBench bench = new TxBench()) {
            long group = 0x01005e000001L;
            bench.request(0, 0, NETTXF_EXTRA_INFO, 1, 0);
            NetifExtraInfo.putMcast(bench.front.memory(), bench.front.nextRequest(), 0, true, group);
            assertThat(bench.run()).extracting(Answer::status).containsExactly(NETIF_RSP_OKAY, NETIF_RSP_NULL);
            assertThat(bench.frames).isEmpty();
            bench.filter.turn(true);
            assertThat(bench.filter.passes(group)).isTrue();
            bench.request(0, 0, NETTXF_EXTRA_INFO, 1, 0);
            NetifExtraInfo.putMcast(bench.front.memory(), bench.front.nextRequest(), 0, false, group);
            assertThat(bench.run()).extracting(Answer::status).containsExactly(NETIF_RSP_OKAY, NETIF_RSP_NULL);
            assertThat(bench.filter.passes(group)).isFalse();
            for (int i = 0; i <= GroupFilter.GROUPS_MAX; i++) {
                bench.request(0, 0, NETTXF_EXTRA_INFO, i, 0);
                NetifExtraInfo.putMcast(bench.front.memory(), bench.front.nextRequest(), 0, true, group + i);
            }
            List<Answer> answers = bench.run();
            assertThat(answers.get(answers.size() - 4).status()).isEqualTo(NETIF_RSP_OKAY);
            assertThat(answers.get(answers.size() - 2).status()).as("the 65th").isEqualTo(NETIF_RSP_ERROR);
            assertThat(bench.counters.mcastAdded).isEqualTo(65);
        }
    }

    @Test
    void shouldBreak_whenTheProducerIndexCannotBe() {
        try (TxBench bench = new TxBench()) {
            bench.stage(Frames.raw(1, 2, 64, 1), 0, 9, 1, 0);
            assertThat(bench.run()).hasSize(1);
            bench.ringMemory.putInt(SharedRing.REQ_PROD_OFFSET, 1 + 257);
            assertThat(bench.queue.poll(10)).isZero();
            assertThat(bench.fault).isEqualTo(PeerFault.REQ_PROD_OVERFLOW);
            bench.fault = null;
            assertThat(bench.queue.poll(10)).isZero();
            assertThat(bench.fault).as("told once").isNull();
        }
    }

    /** The sender cannot help what is wrong where its packets go. */
    @Test
    void shouldAnswerTheWholeBurst_whenWhoeverTakesThePacketsThrows() {
        try (TxBench bench = new TxBench()) {
            IllegalStateException bad = new IllegalStateException("from another guest's queue");
            bench.whenReceived = () -> {
                throw bad;
            };
            byte[] frame = Frames.raw(Frames.MAC_B, Frames.MAC_A, 60, 1);
            bench.stage(frame, 0, 1, 0, 0);
            bench.stage(frame, 0, 2, 1, 0);
            assertThatThrownBy(bench::run).isSameAs(bad);
            assertThat(bench.answers()).extracting(Answer::id).containsExactly(1, 2);
            assertThat(bench.events).isEqualTo(1);
            bench.whenReceived = () -> {};
            bench.stage(frame, 0, 3, 0, 0);
            assertThat(bench.run()).extracting(Answer::id).containsExactly(3);
            assertThat(bench.frames).hasSize(1);
        }
    }

    @Test
    void shouldDeliverNoMore_whenTheConnectionEndsWithinABurst() {
        try (TxBench bench = new TxBench()) {
            bench.whenReceived = bench.queue::stop;
            byte[] frame = Frames.raw(Frames.MAC_B, Frames.MAC_A, 60, 1);
            bench.stage(frame, 0, 1, 0, 0);
            bench.stage(frame, 0, 2, 1, 0);
            bench.run();
            assertThat(bench.frames).as("the memory they are in is given back").hasSize(1);
            assertThat(bench.bursts)
                    .as("those who have some are told that no more come")
                    .isEqualTo(1);
        }
    }

    @Test
    void shouldNotTouchTheRing_whenTheConnectionEndsWithinABurst() {
        try (TxBench bench = new TxBench()) {
            bench.whenReceived = bench.queue::stop;
            bench.stage(Frames.raw(1, 2, 64, 1), 0, 9, 1, 0);
            assertThat(bench.run()).isEmpty();
            assertThat(bench.frames).hasSize(1);
            assertThat(bench.ringMemory.getInt(SharedRing.RSP_PROD_OFFSET)).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-30, 0x7fffffff - 30})
    void shouldGoOn_whereTheIndicesWrap(int index) {
        try (TxBench bench = new TxBench(index, TxBench.ALL)) {
            for (int round = 0; round < 20; round++) {
                byte[] frame = Frames.raw(round, 2, 5000, round);
                bench.stage(frame, 0, round, 0, 0, 4096);
                assertThat(bench.run()).extracting(Answer::id).containsExactly(round, round + 1);
                assertThat(bench.frames.get(round).bytes()).isEqualTo(frame);
            }
            int end = bench.front.reqProdPvt();
            assertThat(Integer.signum(index)).as("it wrapped").isNotEqualTo(Integer.signum(end));
        }
    }
}
