package org.xenpv.netfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifTxRequest;
import org.xenpv.io.netif.NetifTxResponse;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.SharedRing;

/** The transmit ring against a backend written by hand: what stands on the ring, what answers do, what breaks it. */
class NetTxQueueTest {

    private static final int TX_PAGES = 64;

    private final FakeGrants grants = new FakeGrants();
    private final SentEvents events = new SentEvents();
    private final NetCounters counters = new NetCounters();
    private final List<XenProtocolException> faults = new ArrayList<>();
    private NetTxQueue queue;
    private TxPages pages;
    private SharedMemory ring;
    private BackRing back;

    @BeforeEach
    void open() {
        queue = new NetTxQueue(grants, events, 1, counters, faults::add);
        pages = new TxPages(grants, 1, TX_PAGES);
        ring = grants.page(queue.ringRef());
        queue.connect(5, pages);
        back = BackRing.attach(new SharedRing(ring, Netif.TX_SLOT_BYTES), 0);
    }

    @AfterEach
    void shouldLeaveNothingGranted() {
        queue.stop();
        queue.release();
        queue.release();
        pages.release();
        assertThat(grants.live).isZero();
        grants.close();
    }

    private NetPacket packet(int length) {
        NetPacket packet = pages.take(length);
        for (int i = 0; i < length; i++) {
            packet.putU8(i, i * 7);
        }
        return packet;
    }

    private NetifTxRequest take() {
        assertThat(back.unconsumedRequests()).isPositive();
        NetifTxRequest request = new NetifTxRequest();
        request.copyFrom(ring, back.nextRequest());
        return request;
    }

    private long takeExtra() {
        assertThat(back.unconsumedRequests()).isPositive();
        return NetifExtraInfo.load(ring, back.nextRequest());
    }

    private void answer(int id, int status) {
        NetifTxResponse.put(ring, back.nextResponse(), id, (short) status);
    }

    private void publish() {
        back.pushResponses();
    }

    private byte[] bytes(NetifTxRequest request, int count) {
        byte[] bytes = new byte[count];
        grants.page(request.gref()).copyOut(request.offset(), bytes, 0, count);
        return bytes;
    }

    private void assertBroken(PeerFault fault) {
        assertThat(faults)
                .singleElement()
                .satisfies(reason -> assertThat(reason.fault()).isEqualTo(fault));
        assertThat(queue.fits(1)).isFalse();
        assertThat(queue.poll(64)).isZero();
    }

    @Test
    void shouldPutAFrameIntoOneReadOnlyPage() {
        NetPacket packet = packet(60);
        byte[] expected = packet.toBytes();
        queue.send(packet, false);
        assertThat(back.unconsumedRequests()).isZero(); // nothing is seen before the push
        queue.push();
        assertThat(events.sent).isEqualTo(1);
        NetifTxRequest request = take();
        assertThat(request.size()).isEqualTo(60);
        assertThat(request.flags()).isZero();
        assertThat(bytes(request, 60)).isEqualTo(expected);
        assertThat(grants.access(request.gref())).isEqualTo(GrantAccess.READ_ONLY);
        answer(request.id(), 0);
        publish();
        assertThat(queue.poll(64)).isEqualTo(1);
        assertThat(pages.free()).isEqualTo(TX_PAGES);
        assertThat(counters.txPackets).isEqualTo(1);
        assertThat(counters.txBytes).isEqualTo(60);
    }

    @Test
    void shouldChainPiecesAndExtras() {
        NetPacket packet = packet(9000);
        byte[] expected = packet.toBytes();
        packet.csumBlank(true);
        packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV6, 1440);
        packet.hash(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 3, 0x01020304);
        queue.send(packet, true);
        queue.push();
        NetifTxRequest first = take();
        assertThat(first.size()).isEqualTo(9000);
        assertThat(first.flags())
                .isEqualTo(Netif.NETTXF_CSUM_BLANK
                        | Netif.NETTXF_DATA_VALIDATED
                        | Netif.NETTXF_EXTRA_INFO
                        | Netif.NETTXF_MORE_DATA);
        long gso = takeExtra();
        assertThat(NetifExtraInfo.type(gso)).isEqualTo(Netif.XEN_NETIF_EXTRA_TYPE_GSO);
        assertThat(NetifExtraInfo.flags(gso)).isEqualTo(Netif.XEN_NETIF_EXTRA_FLAG_MORE);
        assertThat(NetifExtraInfo.gsoSize(gso)).isEqualTo(1440);
        assertThat(NetifExtraInfo.gsoType(gso)).isEqualTo(Netif.XEN_NETIF_GSO_TYPE_TCPV6);
        long hash = takeExtra();
        assertThat(NetifExtraInfo.type(hash)).isEqualTo(Netif.XEN_NETIF_EXTRA_TYPE_HASH);
        assertThat(NetifExtraInfo.flags(hash)).isZero();
        assertThat(NetifExtraInfo.hashValue(hash)).isEqualTo(0x01020304);
        NetifTxRequest second = take();
        NetifTxRequest third = take();
        assertThat(second.flags()).isEqualTo(Netif.NETTXF_MORE_DATA);
        assertThat(third.flags()).isZero();
        assertThat(second.size() + third.size()).isEqualTo(9000 - 4096);
        assertThat(bytes(second, 4096)).isEqualTo(Arrays.copyOfRange(expected, 4096, 8192));
        assertThat(bytes(third, third.size())).isEqualTo(Arrays.copyOfRange(expected, 8192, 9000));
        assertThat(back.unconsumedRequests()).isZero();
        answer(third.id(), 0); // in any order
        answer(0xffff, Netif.NETIF_RSP_NULL); // the id of these means nothing
        answer(first.id(), 0);
        answer(0, Netif.NETIF_RSP_NULL);
        answer(second.id(), 0);
        publish();
        assertThat(queue.poll(64)).isEqualTo(5);
        assertThat(faults).isEmpty();
        assertThat(pages.free()).isEqualTo(TX_PAGES);
        assertThat(queue.inFlight()).isZero();
    }

    @Test
    void shouldGiveBackPagesThatWereTruncatedAway() {
        NetPacket packet = packet(9000);
        packet.truncate(100);
        queue.send(packet, false);
        assertThat(pages.free()).isEqualTo(TX_PAGES - 1);
        queue.push();
        answer(take().id(), 0);
        publish();
        queue.poll(64);
        assertThat(pages.free()).isEqualTo(TX_PAGES);
    }

    @Test
    void shouldSendABatchWithOneEvent() {
        for (int i = 0; i < 32; i++) {
            queue.send(packet(60), false);
        }
        queue.push();
        queue.push(); // nothing new
        assertThat(events.sent).isEqualTo(1);
        for (int i = 0; i < 32; i++) {
            queue.send(packet(60), false);
        }
        queue.push(); // the backend has not asked again
        assertThat(events.sent).isEqualTo(1);
        assertThat(counters.notificationsSuppressed).isEqualTo(1);
        assertThat(counters.txRequests).isEqualTo(64);
    }

    @Test
    void shouldAskForAnEventWhenHalfIsAnswered() {
        for (int i = 0; i < 32; i++) {
            queue.send(packet(60), false);
        }
        queue.push();
        queue.poll(64);
        for (int i = 0; i < 16; i++) {
            answer(take().id(), 0);
        }
        assertThat(back.pushResponsesAndCheckNotify()).isFalse();
        answer(take().id(), 0);
        assertThat(back.pushResponsesAndCheckNotify()).isTrue();
        queue.reap(); // and who needs pages looks by himself
        assertThat(pages.free()).isEqualTo(TX_PAGES - 15);
    }

    @Test
    void shouldCountFailedPacketsOnce() {
        queue.send(packet(5000), false);
        queue.push();
        answer(take().id(), Netif.NETIF_RSP_ERROR);
        answer(take().id(), Netif.NETIF_RSP_DROPPED);
        publish();
        queue.poll(64);
        assertThat(counters.snapshot().drops()).containsExactly(Map.entry(NetDrop.TX_ERROR_STATUS, 1L));
        assertThat(pages.free()).isEqualTo(TX_PAGES);
    }

    /** Whichever of its requests it was, and in whatever order they are answered. */
    @ParameterizedTest(name = "request {0} fails, answered backwards {1}")
    @CsvSource({"0, false", "1, false", "2, false", "0, true", "1, true", "2, true"})
    void shouldCountAPacketAsFailed_whenAnyOfItsRequestsDid(int bad, boolean backwards) {
        queue.send(packet(60), false);
        queue.send(packet(9000), false);
        queue.send(packet(60), false);
        queue.push();
        answer(take().id(), 0);
        int[] ids = {take().id(), take().id(), take().id()};
        for (int i = 0; i < 3; i++) {
            int which = backwards ? 2 - i : i;
            answer(ids[which], which == bad ? Netif.NETIF_RSP_ERROR : 0);
        }
        answer(take().id(), 0);
        publish();
        assertThat(queue.poll(64)).isEqualTo(5);
        queue.stop();
        assertThat(counters.snapshot().drops()).containsExactly(Map.entry(NetDrop.TX_ERROR_STATUS, 1L));
        assertThat(pages.free()).isEqualTo(TX_PAGES);
    }

    /** Lost is what nobody knows the end of: a packet of which a request is not answered, unless it has failed before. */
    @Test
    void shouldCountAPacketAsLostOrFailed_neverBoth() {
        for (int i = 0; i < 3; i++) {
            queue.send(packet(5000), false);
        }
        queue.push();
        int[] ids = {take().id(), take().id(), take().id(), take().id(), take().id(), take().id()};
        answer(ids[1], 0); // the last of the first packet
        answer(ids[2], Netif.NETIF_RSP_ERROR);
        publish();
        queue.poll(64);
        queue.stop();
        assertThat(counters.snapshot().drops())
                .containsExactlyInAnyOrderEntriesOf(Map.of(NetDrop.TX_ERROR_STATUS, 1L, NetDrop.TX_LOST, 2L));
    }

    /** An extra that the backend has not been shown cannot be what it answers (attacks.md R12). */
    @Test
    void shouldBreak_whenNullAnswersAnExtraThatIsNotPublishedYet() {
        queue.send(packet(60), false);
        queue.push();
        take();
        queue.filter(new MacAddress(0x3333_0000_0001L), true); // staged
        answer(0, Netif.NETIF_RSP_NULL);
        publish();
        queue.poll(64);
        assertBroken(PeerFault.ID_NOT_IN_FLIGHT);
        assertThat(counters.txResponses).isZero();
    }

    /** What would otherwise put pages that are still lent into the wrong packet. */
    @ParameterizedTest
    @ValueSource(ints = {60, 9000})
    void shouldRefuseToChangeThePagesOfAnAcquiredPacket(int length) {
        NetPacket packet = packet(length);
        assertThatThrownBy(packet::clear)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("acquired");
        assertThatThrownBy(() -> packet.add(0, 60)).isInstanceOf(IllegalStateException.class);
        assertThat(packet.length()).isEqualTo(length);
        pages.giveBack(packet);
        assertThat(pages.free()).isEqualTo(TX_PAGES);
    }

    @Test
    void shouldTellTheFilterOfAGroupWithoutData() {
        queue.filter(new MacAddress(0x3333_0000_0001L), true);
        queue.push();
        NetifTxRequest request = take();
        assertThat(request.size()).isZero();
        assertThat(request.flags()).isEqualTo(Netif.NETTXF_EXTRA_INFO);
        long extra = takeExtra();
        assertThat(NetifExtraInfo.type(extra)).isEqualTo(Netif.XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
        assertThat(NetifExtraInfo.mcastAddr(extra)).isEqualTo(0x3333_0000_0001L);
        answer(request.id(), 0);
        answer(0, Netif.NETIF_RSP_NULL);
        publish();
        assertThat(queue.poll(64)).isEqualTo(2);
        assertThat(pages.free()).isEqualTo(TX_PAGES);
    }

    @Test
    void shouldTurnTheRingManyTimes() {
        for (int round = 0; round < 300; round++) {
            for (int i = 0; i < 20; i++) {
                queue.send(packet(60 + i), false);
            }
            queue.push();
            for (int i = 0; i < 20; i++) {
                NetifTxRequest request = take();
                assertThat(request.size()).isEqualTo(60 + i);
                answer(request.id(), 0);
            }
            publish();
            assertThat(queue.poll(64)).isEqualTo(20);
        }
        assertThat(faults).isEmpty();
    }

    @Test
    void shouldBreak_whenMoreIsAnsweredThanWasAsked() {
        queue.send(packet(60), false);
        queue.push();
        ring.putIntRelease(SharedRing.RSP_PROD_OFFSET, 2); // within the ring, more than outstanding
        queue.poll(64);
        assertBroken(PeerFault.RSP_PROD_OVERFLOW);
    }

    @Test
    void shouldBreak_whenAnAnswerNamesNoId() {
        queue.send(packet(60), false);
        queue.push();
        take();
        answer(256, 0);
        publish();
        queue.poll(64);
        assertBroken(PeerFault.BAD_ID);
    }

    @Test
    void shouldBreak_whenAnAnswerComesTwice() {
        queue.send(packet(60), false);
        queue.send(packet(60), false);
        queue.push();
        int id = take().id();
        take();
        answer(id, 0);
        answer(id, 0);
        publish();
        queue.poll(64);
        assertBroken(PeerFault.ID_NOT_IN_FLIGHT);
        assertThat(pages.free()).isEqualTo(TX_PAGES - 1);
    }

    @Test
    void shouldBreak_whenAnAnswerNamesARequestThatIsNotPublishedYet() {
        queue.send(packet(60), false);
        queue.push();
        take();
        queue.send(packet(60), false);
        answer(1, 0);
        publish();
        queue.poll(64);
        assertBroken(PeerFault.ID_NOT_IN_FLIGHT);
    }

    @Test
    void shouldBreak_whenNullAnswersNoExtra() {
        queue.send(packet(60), false);
        queue.push();
        take();
        answer(0, Netif.NETIF_RSP_NULL);
        publish();
        queue.poll(64);
        assertBroken(PeerFault.ID_NOT_IN_FLIGHT);
    }

    @Test
    void shouldSendTheEventAgain_whenNothingIsAnswered() {
        queue.send(packet(60), false);
        queue.push();
        queue.nudge(0);
        queue.nudge(99_999_999);
        assertThat(events.sent).isEqualTo(1);
        queue.nudge(100_000_000);
        assertThat(events.sent).isEqualTo(2);
    }

    @Test
    void shouldKeepPagesGrantedUntilTheLastPacketIsBack() {
        NetPacket packet = packet(60);
        queue.stop();
        pages.release();
        assertThat(pages.take(60)).isNull();
        packet.putU8(0, 1);
        assertThat(grants.live).isEqualTo(2);
        pages.giveBack(packet);
        assertThat(grants.live).isEqualTo(1);
    }
}
