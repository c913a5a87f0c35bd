package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.NetDrop;
import org.xenpv.netfront.NetFeature;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.scenarios.hostile.HostileNetback.RxRequest;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** Rows N: packets that a backend pretends to have received, and pages it keeps. */
class HostileNetPacketTest {

    private static final int MORE = Netif.NETRXF_MORE_DATA;
    private static final int EXTRA = Netif.NETRXF_EXTRA_INFO;
    private static final int GSO = Netif.XEN_NETIF_EXTRA_TYPE_GSO;
    private static final int EXTRA_MORE = Netif.XEN_NETIF_EXTRA_FLAG_MORE;

    private static HostileNetHost connected(SimulatedXen xen) {
        return new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 4096",
        "4090, 7",
        "4095, 2",
        "4096, 1",
        "0, 4097",
        "0, 32767",
        "65535, 1",
        "65535, 32767",
        "32768, 0",
        "61440, 4096"
    })
    @OnSimulatedXen
    void N1_aPieceThatDoesNotLieWithinItsPageIsDropped(int offset, int status, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.evil.putNextRx(offset, 0, status);
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_BAD_EXTENT);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    @OnSimulatedXen
    void N1_aPacketIsDroppedWhole_whicheverOfItsPiecesIsBad(int bad, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            for (int i = 0; i < 3; i++) {
                host.evil.putNextRx(i == bad ? 4000 : 0, i < 2 ? MORE : 0, 100);
            }
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_BAD_EXTENT);
        }
    }

    /** Far more often than there are pages: a page lost with each would be noticed (XSA-457). */
    @SimulatedXenTest
    void N1_N22_badPacketsWithoutEndCostNoPage(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            int lent = host.lent();
            for (int lap = 1; lap <= 10; lap++) {
                for (int i = 0; i < 200; i++) {
                    host.evil.putNextRx(4000, 0, 100 + i);
                }
                host.evil.publish(host.evil.rx);
                int dropped = lap * 200;
                host.await(() -> host.vif.stats().dropped(NetDrop.RX_BAD_EXTENT) == dropped, HostileNetHost.AT_ONCE);
            }
            assertThat(host.lent()).isEqualTo(lent);
            assertThat(host.quarantined()).isZero();
            assertThat(host.received).isEmpty();
            host.assertInService();
            host.assertEveryPageIsOffered();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {19, 20, 100, 256})
    @OnSimulatedXen
    void N7_aPacketInMorePiecesThanAPacketCanHaveIsDropped(int pieces, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            for (int i = 0; i < pieces; i++) {
                host.evil.putNextRx(0, i < pieces - 1 ? MORE : 0, 100);
            }
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_TOO_MANY_SLOTS);
        }
    }

    @SimulatedXenTest
    void N7_aPacketThatNeverEndsIsOneDropAndNoMemory_andTheNeighbourWorksMeanwhile(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            for (int lap = 1; lap <= 10; lap++) {
                for (int i = 0; i < 200; i++) {
                    host.evil.putNextRx(0, MORE, 100);
                }
                host.evil.publish(host.evil.rx);
                int slots = lap * 200;
                host.await(() -> host.vif.stats().rxResponses() == slots, HostileNetHost.AT_ONCE);
                host.assertNeighbourWorks();
                host.assertEveryPageIsOffered();
            }
            host.evil.putNextRx(0, 0, 100); // it does end
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_TOO_MANY_SLOTS);
        }
    }

    @SimulatedXenTest
    void N8_aPacketOfWhichAPartWasPublishedIsDropped_withTheRestOfIt(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            for (int i = 0; i < 3; i++) {
                host.evil.putNextRx(0, i < 2 ? MORE : 0, 100);
                host.evil.publish(host.evil.rx);
                xen.runFor(HostileNetHost.AT_ONCE);
            }
            host.assertDropped(NetDrop.RX_MISSING_SLOTS);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 100, 255})
    @OnSimulatedXen
    void N11_extraInformationThatNeverEndsIsDropped(int extras, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.evil.putNextRx(0, EXTRA, 100);
            for (int i = 0; i < extras; i++) {
                host.evil.putExtra(GSO, EXTRA_MORE);
            }
            host.evil.publish(host.evil.rx);
            host.await(() -> host.vif.stats().dropped(NetDrop.RX_BAD_EXTRA) == 1, HostileNetHost.AT_ONCE);
            host.assertEveryPageIsOffered();
            host.evil.putExtra(GSO, 0); // they do end
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_BAD_EXTRA);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "0, 2", "1, 2"})
    @OnSimulatedXen
    void N11_extraInformationThatIsMissingIsNotWaitedFor_andTheRestIsNoPacket(
            int extras, int pieces, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.evil.putNextRx(0, pieces > 0 ? EXTRA | MORE : EXTRA, 100);
            for (int i = 0; i < extras; i++) {
                host.evil.putExtra(GSO, EXTRA_MORE);
            }
            host.evil.publish(host.evil.rx);
            host.await(() -> host.vif.stats().dropped(NetDrop.RX_MISSING_SLOTS) == 1, HostileNetHost.AT_ONCE);
            host.assertEveryPageIsOffered();
            host.evil.putExtra(GSO, 0);
            for (int i = 1; i <= pieces; i++) {
                host.evil.putNextRx(0, i < pieces ? MORE : 0, 100);
            }
            host.evil.publish(host.evil.rx);
            int slots = 2 + extras + pieces;
            host.await(() -> host.vif.stats().rxResponses() == slots, HostileNetHost.AT_ONCE);
            host.assertDropped(NetDrop.RX_MISSING_SLOTS);
        }
    }

    /** With everything agreed on that there is: headroom that is not the one asked for would move a packet's start off its page. */
    @ParameterizedTest
    @CsvSource({"0, true", "255, true", "257, true", "4000, true", "65535, true", "4000, false"})
    @OnSimulatedXen
    void N17_J7_headroomThatWasNotAskedForIsDropped(int said, boolean copied, SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)
                .connect(HostileNetHost.PLAIN.xdpHeadroomBytes(256).rxCopied(copied), HostileNetHost.WITH_HEADROOM)) {
            host.onPacket = packet -> packet.push(packet.headroom());
            host.evil.putNextRx(0, EXTRA, Math.min(said + 60, 4096));
            host.evil.putHeadroom(said);
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_BAD_EXTENT);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @OnSimulatedXen
    void N10_aFrameLongerThanTheMtuIsDropped_alsoInPieces(boolean pieces, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.evil.putNextRx(0, pieces ? MORE : 0, pieces ? 1000 : 1523);
            if (pieces) {
                host.evil.putNextRx(0, 0, 523);
            }
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_TOO_LONG);
        }
    }

    @SimulatedXenTest
    void N14_aPacketInPiecesIsDropped_whereTheyWereNotAgreedOn(SimulatedXen xen) {
        NetfrontConfig config = HostileNetHost.PLAIN.without(NetFeature.SCATTER_GATHER);
        try (HostileNetHost host = new HostileNetHost(xen).connect(config, HostileNetHost.FULLY)) {
            host.evil.putNextRx(0, MORE, 100);
            host.evil.putNextRx(0, 0, 100);
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_UNNEGOTIATED);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = NetFeature.class,
            names = {"CSUM_V4", "GSO_V4"})
    @OnSimulatedXen
    void N14_checksumsAndSegmentsOfTheVersionThatWasNotAgreedOnAreDropped(NetFeature without, SimulatedXen xen) {
        try (HostileNetHost host =
                new HostileNetHost(xen).connect(HostileNetHost.PLAIN.without(without), HostileNetHost.FULLY)) {
            boolean gso = without == NetFeature.GSO_V4;
            host.evil.putNextRx(tcpV4(6, 1400), Netif.NETRXF_CSUM_BLANK | (gso ? EXTRA : 0));
            if (gso) {
                host.evil.putExtra(GSO, 0);
            }
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_UNNEGOTIATED);
        }
    }

    /** The segment size is 1000 of TCP over IPv4: not of UDP, nor of a payload of 999 bytes. */
    @ParameterizedTest
    @CsvSource({"17, 1400", "6, 1053"})
    @OnSimulatedXen
    void N13_segmentsThatTheHeadersContradictAreDropped(int protocol, int length, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.evil.putNextRx(tcpV4(protocol, length), Netif.NETRXF_CSUM_BLANK | EXTRA);
            host.evil.putExtra(GSO, 0);
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_BAD_GSO);
        }
    }

    private static byte[] tcpV4(int protocol, int length) {
        byte[] frame = new byte[length];
        frame[12] = 0x08;
        frame[14] = 0x45;
        frame[23] = (byte) protocol;
        frame[46] = 0x50;
        return frame;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 6, 255})
    @OnSimulatedXen
    void N12_extraInformationOfAKindThatIsNoneIsDropped(int type, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.evil.putNextRx(0, EXTRA, 100);
            host.evil.putExtra(type, 0);
            host.evil.publish(host.evil.rx);
            host.assertDropped(NetDrop.RX_BAD_EXTRA);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, READ_WRITE", "1, READ_WRITE", "2, READ_WRITE", "0, READ_ONLY"})
    @OnSimulatedXen
    void N18_aPageThatIsStillMappedWhenAnsweredBreaksTheInterface_andThePacketIsNotShown(
            int kept, GrantAccess access, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.sendAndTake(2);
            for (int i = 0; i < 3; i++) {
                RxRequest request = host.evil.putNextRx(0, i < 2 ? MORE : 0, 100);
                if (i == kept) {
                    host.evil.map(new int[] {request.gref()}, access);
                }
            }
            host.evil.putNextRx(0, 0, 100); // nor a good one behind it
            host.evil.publish(host.evil.rx);
            host.awaitFault();
            assertThat(host.received).isEmpty();
            assertThat(host.evil.heldPages()).isEqualTo(4); // with the rings
            host.assertBroken(PeerFault.GRANT_STILL_MAPPED, 2);
            assertThat(host.received).hasSize(1); // of the interface that took its place
        }
    }

    /** What the backend keeps is in nobody's use, however long it keeps it. */
    @SimulatedXenTest
    void N18_G2_aPageThatIsKeptIsNotLentAgain_andWritingThereReachesNobody(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            RxRequest request = host.evil.putNextRx(0, 0, 100);
            MappedPages kept = host.evil.map(new int[] {request.gref()}, GrantAccess.READ_WRITE);
            host.evil.publish(host.evil.rx);
            host.awaitFault();
            host.evil.requireFront(XenbusState.CLOSING);
            host.evil.state(XenbusState.CLOSED);
            host.awaitEnd();
            assertThat(host.quarantined()).isEqualTo(host.evil.heldPages()).isEqualTo(4);
            host.assertWorksAgain();
            assertThat(host.quarantined()).isEqualTo(4);
            List<Integer> lent = new ArrayList<>();
            for (GrantLedger.Entry entry :
                    host.guest.call(g -> g.grants().ledger().entries())) {
                if (!entry.quarantined()) {
                    lent.add(entry.gref());
                }
            }
            assertThat(lent).doesNotContain(request.gref());
            HostileBackend.fill(kept, 0xee);
            host.assertInService();
        }
    }

    /** A backend may keep its mappings where pages stay granted: then packets are copied out and pages are lent on. */
    @SimulatedXenTest
    void N18_whereEveryPacketIsCopied_keptPagesAreNoFault(SimulatedXen xen) {
        try (HostileNetHost host =
                new HostileNetHost(xen).connect(HostileNetHost.PLAIN.rxCopied(true), HostileNetHost.PLAINLY)) {
            RxRequest request = host.evil.putNextRx(HostileNetHost.frame(4), 0);
            MappedPages kept = host.evil.map(new int[] {request.gref()}, GrantAccess.READ_WRITE);
            host.onPacket = packet -> {
                HostileBackend.fill(kept, 0xee);
                assertThat(packet.toBytes()).isEqualTo(HostileNetHost.frame(4));
            };
            host.evil.publish(host.evil.rx);
            host.await(() -> host.received.size() == 1, HostileNetHost.AT_ONCE);
            host.onPacket = packet -> {};
            host.assertInService();
        }
    }

    private static HostileNetHost receivingOnTheSecondQueue(SimulatedXen xen) {
        HostileNetHost host =
                new HostileNetHost(xen).connect(HostileNetHost.PLAIN.queuesMax(2), HostileNetHost.WITH_TWO_QUEUES);
        host.evil.receiveOn(1);
        return host;
    }

    @SimulatedXenTest
    void N1_N11_badPacketsOnTheSecondQueueAreDropped(SimulatedXen xen) {
        try (HostileNetHost host = receivingOnTheSecondQueue(xen)) {
            host.evil.putNextRx(4090, 0, 7);
            host.evil.putNextRx(0, EXTRA, 100);
            host.evil.putExtra(GSO, EXTRA_MORE);
            host.evil.putExtra(GSO, 0);
            host.evil.publish(host.evil.rx);
            host.await(() -> host.vif.stats().rxResponses() == 4, HostileNetHost.AT_ONCE);
            assertThat(host.vif.stats().drops())
                    .containsOnly(Map.entry(NetDrop.RX_BAD_EXTENT, 1L), Map.entry(NetDrop.RX_BAD_EXTRA, 1L));
            host.assertInService();
            host.assertEveryPageIsOffered();
        }
    }

    @SimulatedXenTest
    void R2_aProducerPastOurRequestsOnTheSecondQueueBreaksTheInterface(SimulatedXen xen) {
        try (HostileNetHost host = receivingOnTheSecondQueue(xen)) {
            host.sendAndTake(2);
            host.evil.rx.rspProd(257);
            host.evil.event(host.evil.rx);
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, 2);
        }
    }

    @SimulatedXenTest
    void I3_N6_aPageAnsweredInAnotherSlotOfTheSecondQueueBreaksTheInterface(SimulatedXen xen) {
        try (HostileNetHost host = receivingOnTheSecondQueue(xen)) {
            host.sendAndTake(2);
            host.evil.takeRx();
            host.evil.putRx(1, 0, 0, 60);
            host.evil.publish(host.evil.rx);
            host.assertBroken(PeerFault.BAD_ID, 2);
        }
    }

    @SimulatedXenTest
    void N21_aBackendThatTakesNothingCostsNoMoreThanItsRing_andClosingIsBounded(SimulatedXen xen) {
        try (HostileNetHost host =
                new HostileNetHost(xen).connect(HostileNetHost.PLAIN.txPages(100), HostileNetHost.PLAINLY)) {
            host.send(100);
            host.onGuest(() -> assertThat(host.vif.acquire(60)).isNull());
            host.assertNeighbourWorks();
            long start = xen.clock().nanoTime();
            host.onGuest(host.vif::close);
            host.awaitEnd();
            assertThat(xen.clock().nanoTime() - start).isLessThan(4 * HostileNetHost.PHASE_NS);
            assertThat(host.vif.stats().dropped(NetDrop.TX_LOST)).isEqualTo(100);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }
}
