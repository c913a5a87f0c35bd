package org.xenpv.netfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.io.netif.Netif.NETRXF_CSUM_BLANK;
import static org.xenpv.io.netif.Netif.NETRXF_DATA_VALIDATED;
import static org.xenpv.io.netif.Netif.NETRXF_EXTRA_INFO;
import static org.xenpv.io.netif.Netif.NETRXF_MORE_DATA;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_FLAG_MORE;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.io.netif.NetifRxRequest;
import org.xenpv.io.netif.NetifRxResponse;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.SharedRing;
import org.xenpv.xenbus.KeySnapshot;

/** The receive ring against a backend written by hand: what is handed on, what is dropped and why, what breaks it. */
class NetRxQueueTest {

    private static final int PAGE = SharedMemory.PAGE_BYTES;

    private final FakeGrants grants = new FakeGrants();
    private final SentEvents events = new SentEvents();
    private final NetCounters counters = new NetCounters();
    private final List<XenProtocolException> faults = new ArrayList<>();
    private final List<byte[]> received = new ArrayList<>();
    private final List<String> extras = new ArrayList<>();
    private final ChronicleMemory copyMemory = ChronicleMemory.allocatePages(RxCopy.PAGES);
    private NetRxQueue queue;
    private RxTerms terms;
    private SharedMemory ring;
    private BackRing back;

    private void open(NetfrontConfig config, boolean copied) {
        open(config, copied, 1500);
    }

    private void open(NetfrontConfig config, boolean copied, int mtu) {
        queue = new NetRxQueue(grants, events, 1, counters, faults::add);
        ring = grants.page(queue.ringRef());
        NetfrontFeatures features = NetfrontFeatures.parse(
                new KeySnapshot(Map.of(
                        NetifKeys.FEATURE_RX_COPY, "1",
                        NetifKeys.FEATURE_SG, "1",
                        NetifKeys.FEATURE_XDP_HEADROOM, "1")),
                config);
        terms = new RxTerms(features, config, mtu);
        queue.connect(grants, 1, 5, terms, copied ? new RxCopy(copyMemory) : null);
        back = BackRing.attach(new SharedRing(ring, Netif.RX_SLOT_BYTES), 0);
    }

    private void open() {
        open(NetfrontConfig.DEFAULT, false);
    }

    @AfterEach
    void shouldLeaveNothingGranted() {
        queue.stop();
        queue.release();
        queue.release();
        assertThat(grants.live).isZero();
        grants.close();
        copyMemory.close();
    }

    private int poll() {
        return queue.poll(64, packet -> {
            received.add(packet.toBytes());
            extras.add(packet.csumBlank() + " " + packet.dataValidated() + " " + packet.gsoType() + " "
                    + packet.gsoSize() + " " + packet.hashValue() + " " + packet.headroom());
        });
    }

    /** Takes the next posted page, writes numbered bytes to it and answers. */
    private void data(int offset, int status, int flags) {
        long request = NetifRxRequest.load(ring, back.unconsumedRequests() > 0 ? back.nextRequest() : -1);
        int id = NetifRxRequest.id(request);
        SharedMemory page = grants.page(NetifRxRequest.gref(request));
        for (int i = 0; i < status && offset + i < PAGE; i++) {
            page.putByte(offset + i, (byte) i);
        }
        NetifRxResponse.put(ring, back.nextResponse(), id, offset, flags, (short) status);
    }

    private int extraSlot() {
        assertThat(back.unconsumedRequests()).isPositive();
        back.nextRequest();
        return back.nextResponse();
    }

    private void publish() {
        back.pushResponses();
    }

    private static byte[] numbers(int... lengths) {
        int total = 0;
        for (int length : lengths) {
            total += length;
        }
        byte[] bytes = new byte[total];
        int at = 0;
        for (int length : lengths) {
            for (int i = 0; i < length; i++) {
                bytes[at++] = (byte) i;
            }
        }
        return bytes;
    }

    private void assertDropped(NetDrop reason) {
        assertThat(received).isEmpty();
        assertThat(faults).isEmpty();
        assertThat(counters.snapshot().drops()).containsExactly(Map.entry(reason, 1L));
        data(0, 60, 0); // the ring goes on
        publish();
        poll();
        assertThat(received).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldOfferEveryPageAndHandPacketsOn(boolean copied) {
        open(NetfrontConfig.DEFAULT, copied);
        assertThat(back.unconsumedRequests()).isEqualTo(256);
        assertThat(events.sent).isEqualTo(1);
        for (int round = 0; round < 40; round++) {
            for (int i = 0; i < 16; i++) {
                data(i, 60 + i, NETRXF_DATA_VALIDATED);
            }
            publish();
            assertThat(poll()).isEqualTo(16);
            assertThat(back.unconsumedRequests()).isEqualTo(256);
        }
        assertThat(received).hasSize(640);
        for (int i = 0; i < 640; i++) {
            assertThat(received.get(i)).isEqualTo(numbers(60 + i % 16));
        }
        assertThat(extras.get(0)).isEqualTo("false true 0 0 0 0");
        assertThat(counters.rxBytesCopied).isEqualTo(copied ? counters.rxBytes : 0);
        assertThat(counters.grantsRevoked).isEqualTo(copied ? 0 : 640);
    }

    @Test
    void shouldPutPiecesTogether() {
        open(NetfrontConfig.DEFAULT, false, 9000);
        data(0, PAGE, NETRXF_MORE_DATA);
        data(96, 1000, NETRXF_MORE_DATA);
        data(0, 1, 0);
        publish();
        poll();
        assertThat(received).containsExactly(numbers(PAGE, 1000, 1));
    }

    @Test
    void shouldReadExtrasAfterTheFirstPiece() {
        open();
        queue.hashes(true);
        tcpPiece(1400, NETRXF_CSUM_BLANK | NETRXF_EXTRA_INFO | NETRXF_MORE_DATA);
        NetifExtraInfo.putGso(ring, extraSlot(), XEN_NETIF_EXTRA_FLAG_MORE, 1000, Netif.XEN_NETIF_GSO_TYPE_TCPV4, 0);
        NetifExtraInfo.putHash(ring, extraSlot(), 0, 1, 1, 77);
        data(0, 900, 0);
        publish();
        poll();
        assertThat(received).hasSize(1);
        assertThat(received.get(0)).hasSize(2300);
        assertThat(extras).containsExactly("true true 1 1000 77 0");
    }

    private void tcpPiece(int bytes, int flags) {
        ipPiece(4, PacketHeaders.PROTOCOL_TCP, bytes, flags);
    }

    /** The first piece of a packet over IP, with the shortest headers there are. */
    private void ipPiece(int version, int protocol, int bytes, int flags) {
        int gref = NetifRxRequest.gref(NetifRxRequest.load(ring, 64 + (back.rspProdPvt() & 255) * 8));
        SharedMemory page = grants.page(gref);
        data(0, bytes, flags);
        page.zero(0, 80);
        boolean v6 = version == 6;
        page.putByte(12, (byte) (v6 ? 0x86 : 0x08));
        page.putByte(13, (byte) (v6 ? 0xdd : 0));
        page.putByte(14, (byte) (v6 ? 0x60 : 0x45));
        page.putByte(v6 ? 20 : 23, (byte) protocol);
        page.putByte((v6 ? 54 : 34) + 12, (byte) 0x50);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldLeaveHeadroomWhereItWasAskedFor(boolean copied) {
        open(NetfrontConfig.DEFAULT.xdpHeadroomBytes(256), copied);
        data(0, 256 + 60, NETRXF_EXTRA_INFO);
        NetifExtraInfo.putXdp(ring, extraSlot(), 0, 256);
        publish();
        poll();
        assertThat(received.get(0)).hasSize(60).startsWith(0, 1, 2);
        assertThat(extras).containsExactly("false false 0 0 0 256");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldGiveHeadroomThatLiesWithinThePage(boolean copied) {
        open(NetfrontConfig.DEFAULT.xdpHeadroomBytes(2048), copied);
        data(0, 2048 + 60, NETRXF_EXTRA_INFO);
        NetifExtraInfo.putXdp(ring, extraSlot(), 0, 2048);
        publish();
        queue.poll(64, packet -> {
            packet.push(packet.headroom());
            assertThat(packet.fragmentAt(0)).isNotNegative();
            assertThat(packet.fragmentAt(0) % PAGE).isZero();
            received.add(packet.toBytes());
        });
        assertThat(received).hasSize(1);
        assertThat(received.get(0)).hasSize(2048 + 60);
    }

    @ParameterizedTest(name = "headroom {0} where 256 was asked for, copied {1}")
    @CsvSource({
        "0, true",
        "255, true",
        "257, true",
        "4000, true",
        "4096, true",
        "65535, true",
        "4000, false",
        "0, false"
    })
    void shouldDropHeadroomThatWasNotAskedFor(int said, boolean copied) {
        open(NetfrontConfig.DEFAULT.xdpHeadroomBytes(256), copied);
        data(0, said + 60 > PAGE ? PAGE : said + 60, NETRXF_EXTRA_INFO);
        NetifExtraInfo.putXdp(ring, extraSlot(), 0, said);
        publish();
        poll();
        assertDropped(NetDrop.RX_BAD_EXTENT);
    }

    @ParameterizedTest(name = "offset {0} status {1}: {2}")
    @CsvSource({
        "0, -1, RX_ERROR_STATUS",
        "0, -32768, RX_ERROR_STATUS",
        "4090, 7, RX_BAD_EXTENT",
        "65535, 1, RX_BAD_EXTENT",
        "1, 4096, RX_BAD_EXTENT",
        "0, 32767, RX_BAD_EXTENT",
        "0, 0, RX_RUNT",
        "4090, 6, RX_RUNT",
        "0, 13, RX_RUNT"
    })
    void shouldDropBadExtents(int offset, int status, NetDrop reason) {
        open();
        data(offset, status, 0);
        publish();
        assertThat(poll()).isEqualTo(1);
        assertDropped(reason);
    }

    @Test
    void shouldDropPacketsInTooManyPieces() {
        open();
        for (int i = 0; i < 40; i++) {
            data(0, 100, i < 39 ? NETRXF_MORE_DATA : 0);
        }
        publish();
        assertThat(poll()).isEqualTo(1);
        assertDropped(NetDrop.RX_TOO_MANY_SLOTS);
    }

    @Test
    void shouldDropPacketsThatAreTooLong() {
        open(NetfrontConfig.DEFAULT, false, NetLink.MTU_MAX);
        for (int i = 0; i < 18; i++) {
            data(0, PAGE, i < 17 ? NETRXF_MORE_DATA : 0);
        }
        publish();
        poll();
        assertDropped(NetDrop.RX_TOO_LONG);
    }

    @Test
    void shouldDropTheWholePacket_whenOnlyAPartWasPublished() {
        open();
        data(0, 100, NETRXF_MORE_DATA);
        publish();
        assertThat(poll()).isEqualTo(1);
        data(0, 100, NETRXF_MORE_DATA);
        data(0, 100, 0);
        publish();
        poll();
        assertDropped(NetDrop.RX_MISSING_SLOTS);
    }

    /** Nothing of its tail is taken for a packet, though a part of it looks like one. */
    @ParameterizedTest(name = "{0} extras of 3, {1} pieces behind them")
    @CsvSource({"0, 0", "1, 0", "2, 0", "0, 2", "1, 2", "2, 2"})
    void shouldDropTheWholePacket_whenItWasCutWithinItsExtras(int published, int pieces) {
        open();
        data(0, 100, NETRXF_EXTRA_INFO | (pieces > 0 ? NETRXF_MORE_DATA : 0));
        for (int i = 0; i < 3; i++) {
            if (i == published) {
                publish();
                assertThat(poll()).isEqualTo(1);
            }
            int at = extraSlot();
            NetifExtraInfo.putHash(ring, at, i < 2 ? XEN_NETIF_EXTRA_FLAG_MORE : 0, 1, 1, 100 << 16);
            ring.putByte(at, (byte) (i + 1));
        }
        for (int i = 1; i <= pieces; i++) {
            data(0, 100, i < pieces ? NETRXF_MORE_DATA : 0);
            publish(); // one by one
            poll();
        }
        publish();
        poll();
        assertThat(counters.rxResponses).isEqualTo(4 + pieces);
        assertThat(received).isEmpty();
        assertThat(faults).isEmpty();
        assertThat(counters.snapshot().drops().values()).containsExactly(1L);
        data(0, 60, 0);
        publish();
        poll();
        assertThat(received).hasSize(1);
    }

    @ParameterizedTest(name = "extra type {0} twice {1}")
    @CsvSource({"0, false", "6, false", "255, false", "1, true"})
    void shouldDropUnknownAndDoubledExtras(int type, boolean twice) {
        open();
        tcpPiece(1400, NETRXF_CSUM_BLANK | NETRXF_EXTRA_INFO);
        for (int i = twice ? 0 : 1; i < 2; i++) {
            int at = extraSlot();
            NetifExtraInfo.putGso(ring, at, i == 0 ? XEN_NETIF_EXTRA_FLAG_MORE : 0, 1000, 1, 0);
            ring.putByte(at, (byte) type);
        }
        publish();
        assertThat(poll()).isEqualTo(1);
        assertDropped(NetDrop.RX_BAD_EXTRA);
    }

    @Test
    void shouldConsumeEveryExtraThatWasPublished_whenTheyNeverEnd() {
        open();
        tcpPiece(1400, NETRXF_CSUM_BLANK | NETRXF_EXTRA_INFO);
        for (int i = 0; i < 100; i++) {
            NetifExtraInfo.putGso(ring, extraSlot(), XEN_NETIF_EXTRA_FLAG_MORE, 1000, 1, 0);
        }
        publish();
        assertThat(poll()).isEqualTo(1);
        assertThat(counters.rxResponses).isEqualTo(101);
        assertThat(back.unconsumedRequests()).isEqualTo(256); // all of them are offered again
        NetifExtraInfo.putGso(ring, extraSlot(), 0, 1000, 1, 0); // they do end
        publish();
        poll();
        assertDropped(NetDrop.RX_BAD_EXTRA);
    }

    @ParameterizedTest(name = "gso size {0} type {1} blank {2}: {3}")
    @CsvSource({
        "0, 1, true, RX_BAD_GSO",
        "1387, 1, true, RX_BAD_GSO",
        "1000, 0, true, RX_BAD_GSO",
        "1000, 3, true, RX_BAD_GSO",
        "1000, 1, false, RX_BAD_GSO",
        "1000, 2, true, RX_UNNEGOTIATED"
    })
    void shouldDropImpossibleSegments(int size, int type, boolean blank, NetDrop reason) {
        open(NetfrontConfig.DEFAULT.without(NetFeature.GSO_V6), false);
        tcpPiece(1400, NETRXF_EXTRA_INFO | (blank ? NETRXF_CSUM_BLANK : 0));
        NetifExtraInfo.putGso(ring, extraSlot(), 0, size, type, 0);
        publish();
        poll();
        assertDropped(reason);
    }

    @ParameterizedTest(name = "extra {0}")
    @ValueSource(ints = {2, 3, 4, 5})
    void shouldDropExtrasThatWereNotAgreedOn(int type) {
        open();
        data(0, 1400, NETRXF_EXTRA_INFO);
        int at = extraSlot();
        NetifExtraInfo.putHash(ring, at, 0, 1, 1, 1);
        ring.putByte(at, (byte) type);
        publish();
        poll();
        assertDropped(NetDrop.RX_UNNEGOTIATED);
    }

    @Test
    void shouldDropBlankChecksumsThatWereNotAgreedOn() {
        open(NetfrontConfig.DEFAULT.without(NetFeature.CSUM_V4, NetFeature.CSUM_V6), false);
        tcpPiece(1400, NETRXF_CSUM_BLANK);
        publish();
        poll();
        assertDropped(NetDrop.RX_UNNEGOTIATED);
    }

    /** What of IPv4 and IPv6 the feature was left out for is dropped, the other is not. */
    @ParameterizedTest
    @EnumSource(
            value = NetFeature.class,
            names = {"CSUM_V4", "CSUM_V6"})
    void shouldDropBlankChecksumsOfTheVersionThatWasNotAgreedOn(NetFeature without) {
        open(NetfrontConfig.DEFAULT.without(without), false);
        for (int version : new int[] {4, 6}) {
            ipPiece(version, PacketHeaders.PROTOCOL_TCP, 1400, NETRXF_CSUM_BLANK);
        }
        publish();
        poll();
        assertThat(received).hasSize(1);
        assertThat(received.get(0)[14] >> 4).isEqualTo((byte) (without == NetFeature.CSUM_V4 ? 6 : 4));
        received.clear();
        assertDropped(NetDrop.RX_UNNEGOTIATED);
    }

    /** Left out with the checksum goes segmentation. */
    @ParameterizedTest
    @CsvSource({"CSUM_V4, 4", "CSUM_V6, 6", "GSO_V4, 4", "GSO_V6, 6", "SCATTER_GATHER, 4", "SCATTER_GATHER, 6"})
    void shouldDropSegmentsThatWereNotAgreedOn(NetFeature without, int version) {
        open(NetfrontConfig.DEFAULT.without(without), false);
        segmented(version, version, PacketHeaders.PROTOCOL_TCP, 1000);
        assertDropped(NetDrop.RX_UNNEGOTIATED);
    }

    @ParameterizedTest(name = "of TCPv{0}, but IPv{1} with protocol {2}, in segments of {3}")
    @CsvSource({
        "6, 4, 6, 1000",
        "4, 6, 6, 1000",
        "4, 4, 17, 1000",
        "6, 6, 17, 1000",
        "4, 4, 6, 1347",
        "6, 6, 6, 1327",
        "4, 4, 6, 1386",
        "4, 4, 6, 65535"
    })
    void shouldDropSegmentsThatTheHeadersContradict(int type, int version, int protocol, int size) {
        open();
        segmented(type, version, protocol, size);
        assertDropped(NetDrop.RX_BAD_GSO);
    }

    @ParameterizedTest
    @CsvSource({"4, 1346", "6, 1326", "4, 1", "6, 1"})
    void shouldHandSegmentsOn_downToOneSegment(int version, int size) {
        open();
        segmented(version, version, PacketHeaders.PROTOCOL_TCP, size);
        assertThat(counters.snapshot().drops()).isEmpty();
        assertThat(received).hasSize(1);
    }

    private void segmented(int type, int version, int protocol, int size) {
        ipPiece(version, protocol, 1400, NETRXF_CSUM_BLANK | NETRXF_EXTRA_INFO);
        int gso = type == 6 ? Netif.XEN_NETIF_GSO_TYPE_TCPV6 : Netif.XEN_NETIF_GSO_TYPE_TCPV4;
        NetifExtraInfo.putGso(ring, extraSlot(), 0, size, gso, 0);
        publish();
        poll();
    }

    @Test
    void shouldDropPiecesThatWereNotAgreedOn() {
        open(NetfrontConfig.DEFAULT.without(NetFeature.SCATTER_GATHER), false);
        data(0, 100, NETRXF_MORE_DATA);
        data(0, 100, 0);
        publish();
        assertThat(poll()).isEqualTo(1);
        assertDropped(NetDrop.RX_UNNEGOTIATED);
    }

    @ParameterizedTest(name = "mtu {0}: {1} bytes fit")
    @CsvSource({"1500, 1522", "68, 90", "4000, 4022"})
    void shouldMeasureFramesByTheMtu_withTwoTags(int mtu, int longest) {
        open(NetfrontConfig.DEFAULT, false, mtu);
        data(0, longest, 0);
        publish();
        poll();
        assertThat(received).hasSize(1);
        received.clear();
        data(0, longest + 1, 0);
        publish();
        poll();
        assertThat(received).isEmpty();
        assertThat(counters.snapshot().drops()).containsExactly(Map.entry(NetDrop.RX_TOO_LONG, 1L));
    }

    @Test
    void shouldLetTheLimitGrowWithTheMtu_andNotFallWhileLongFramesMayBeOnTheirWay() {
        open();
        terms.mtu(3000);
        terms.mtu(1500);
        data(0, 3022, 0);
        data(0, 3023, 0);
        publish();
        poll();
        assertThat(received).hasSize(1);
        received.clear();
        assertDropped(NetDrop.RX_TOO_LONG);
    }

    @Test
    void shouldDropBlankChecksumsWithoutAPlaceForThem() {
        open();
        data(0, 60, NETRXF_CSUM_BLANK);
        publish();
        poll();
        assertDropped(NetDrop.RX_BAD_HEADERS);
    }

    @Test
    void shouldBreakAndShowNothing_whenAPageIsStillMapped() {
        open();
        data(0, 100, NETRXF_MORE_DATA);
        long second = NetifRxRequest.load(ring, 64 + 8);
        grants.mapped.add(NetifRxRequest.gref(second));
        data(0, 100, 0);
        publish();
        poll();
        assertThat(received).isEmpty();
        assertThat(faults)
                .singleElement()
                .satisfies(fault -> assertThat(fault.fault()).isEqualTo(PeerFault.GRANT_STILL_MAPPED));
        assertThat(poll()).isZero();
    }

    @Test
    void shouldBreak_whenAnAnswerIsInAnotherSlot() {
        open();
        data(0, 100, 0);
        NetifRxResponse.put(ring, 64, 1, 0, 0, (short) 100);
        publish();
        poll();
        assertThat(received).isEmpty();
        assertThat(faults)
                .singleElement()
                .satisfies(fault -> assertThat(fault.fault()).isEqualTo(PeerFault.BAD_ID));
    }

    @Test
    void shouldBreak_whenMoreIsAnsweredThanWasAsked() {
        open();
        ring.putIntRelease(SharedRing.RSP_PROD_OFFSET, 257);
        poll();
        assertThat(faults)
                .singleElement()
                .satisfies(fault -> assertThat(fault.fault()).isEqualTo(PeerFault.RSP_PROD_OVERFLOW));
    }

    /** rsp_event: without it a backend that tells only who wants to be told stays silent. */
    @Test
    void shouldAskForAnEventWithTheNextPacket_onceItHasFoundTheRingEmpty() {
        open();
        assertThat(poll()).isZero();
        for (int packets = 1; packets <= 3; packets++) {
            data(0, 60, 0);
            data(0, 60, 0);
            assertThat(back.pushResponsesAndCheckNotify())
                    .as("event after %d polls", packets)
                    .isTrue();
            data(0, 60, 0);
            assertThat(back.pushResponsesAndCheckNotify()).as("a second one").isFalse();
            assertThat(poll()).isEqualTo(3);
        }
        assertThat(received).hasSize(9);
    }

    @Test
    void shouldGoOn_whenItStopsWithinABatch() {
        open();
        data(0, 100, 0);
        data(0, 100, 0);
        publish();
        queue.poll(64, packet -> {
            received.add(packet.toBytes());
            queue.stop();
        });
        assertThat(received).hasSize(1);
    }
}
