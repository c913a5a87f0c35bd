package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.netfront.MacAddress;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;
import org.xenpv.scenarios.hostile.HostileNetback.CtrlRequest;
import org.xenpv.scenarios.hostile.HostileNetback.Ring;
import org.xenpv.scenarios.hostile.HostileNetback.TxRequest;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** Rows R for a network interface: what a backend can write into the pages of its three rings. */
class HostileNetRingTest {

    /** Three packets in flight, all pages offered, a hash being set up: work on every ring, with honest answers to some of it. */
    private static HostileNetHost busy(SimulatedXen xen) {
        HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY);
        for (TxRequest request : host.sendAndTake(3)) {
            host.evil.putTx(request.id(), Netif.NETIF_RSP_OKAY);
        }
        host.askForHash();
        CtrlRequest asked = host.evil.takeCtrl();
        host.evil.putCtrl(asked.id(), asked.type(), Netif.XEN_NETIF_CTRL_STATUS_SUCCESS, 0);
        for (int i = 0; i < 3; i++) {
            host.evil.putNextRx(HostileNetHost.frame(i), 0);
        }
        return host;
    }

    private static void assertNothingWasBelieved(HostileNetHost host) {
        host.awaitFault();
        assertThat(host.vif.stats().txResponses()).isZero();
        assertThat(host.vif.stats().rxResponses()).isZero();
        assertThat(host.received).isEmpty();
        assertThat(host.evil.ctrl.untaken()).as("next steps of the hash").isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "TX, 257", "TX, 1000", "TX, 2147483647", "TX, -2147483648", "TX, -1",
        "RX, 257", "RX, 1000", "RX, 2147483647", "RX, -2147483648", "RX, -1",
        "CTRL, 129", "CTRL, 1000", "CTRL, 2147483647", "CTRL, -2147483648", "CTRL, -1"
    })
    @OnSimulatedXen
    void R1_aProducerPastTheRingBreaksTheInterface_beforeASlotIsRead(Ring ring, int rspProd, SimulatedXen xen) {
        try (HostileNetHost host = busy(xen)) {
            assertThat(host.evil.wire(ring).slots()).isEqualTo(ring == Ring.CTRL ? 128 : 256);
            host.evil.wire(ring).rspProd(rspProd);
            host.evil.event(host.evil.wire(ring));
            assertNothingWasBelieved(host);
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, 3);
        }
    }

    /** Of the receive ring every slot is offered at any time, so this is row R1 there. */
    @ParameterizedTest
    @CsvSource({"TX, 4", "TX, 256", "CTRL, 2", "CTRL, 128"})
    @OnSimulatedXen
    void R2_aProducerPastOurRequestsBreaksTheInterface_thoughWithinTheRing(Ring ring, int rspProd, SimulatedXen xen) {
        try (HostileNetHost host = busy(xen)) {
            host.evil.wire(ring).rspProd(rspProd);
            host.evil.event(host.evil.wire(ring));
            assertNothingWasBelieved(host);
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, 3);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Ring.class,
            names = {"TX", "CTRL"})
    @OnSimulatedXen
    void R2_nothingIsInFlight_andStillAProducerAheadBreaksTheInterface(Ring ring, SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY)) {
            host.evil.wire(ring).rspProd(1);
            host.evil.event(host.evil.wire(ring));
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, 0);
        }
    }

    /** Found when a sender looks for pages, without any event. */
    @SimulatedXenTest
    void R2_aSenderThatLooksForPagesFindsIt_andIsToldThatThereAreNone(SimulatedXen xen) {
        try (HostileNetHost host =
                new HostileNetHost(xen).connect(HostileNetHost.PLAIN.txPages(18), HostileNetHost.PLAINLY)) {
            host.send(18);
            host.evil.tx.rspProd(19);
            host.onGuest(() -> assertThat(host.vif.acquire(60)).isNull());
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, 18);
        }
    }

    @ParameterizedTest
    @EnumSource(Ring.class)
    @OnSimulatedXen
    void R3_aProducerBehindWhatWeConsumedBreaksTheInterface(Ring ring, SimulatedXen xen) {
        try (HostileNetHost host = busy(xen)) {
            host.evil.wire(ring).publish();
            host.evil.event(host.evil.wire(ring));
            host.await(
                    () -> switch (ring) {
                        case TX -> host.vif.stats().txResponses() == 3;
                        case RX -> host.received.size() == 3;
                        case CTRL -> host.evil.ctrl.untaken() == 1;
                    },
                    HostileNetHost.AT_ONCE);
            host.evil.wire(ring).rspProd(0);
            host.evil.event(host.evil.wire(ring));
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, ring == Ring.TX ? 0 : 3);
        }
    }

    /** 100 answers are more than one turn takes, so 100 have been seen and fewer consumed when the ring is looked at again. */
    @ParameterizedTest
    @EnumSource(
            value = Ring.class,
            names = {"TX", "RX"})
    @OnSimulatedXen
    void R3_aProducerThatGoesBackBreaksTheInterface_thoughWeHaveNotConsumedSoFar(Ring ring, SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.PLAINLY)) {
            host.sendAndTake(100).forEach(request -> host.evil.putTx(request.id(), Netif.NETIF_RSP_OKAY));
            for (int i = 0; i < (ring == Ring.RX ? 100 : 1); i++) {
                host.evil.putNextRx(HostileNetHost.frame(i), 0);
            }
            host.onPacket = packet -> host.evil.wire(ring).rspProd(90);
            host.evil.rx.publish();
            if (ring == Ring.TX) {
                host.evil.tx.publish();
            }
            host.evil.event(host.evil.rx);
            host.awaitFault();
            assertThat(ring == Ring.TX ? host.vif.stats().txResponses() : host.received.size())
                    .isEqualTo(64); // EventLoopLimits.budget
            host.assertBroken(PeerFault.PROD_BACKWARDS, ring == Ring.TX ? 36 : 100);
        }
    }

    /** The ring alone, with the slots of each of a device's. */
    @ParameterizedTest
    @CsvSource({"12, -32", "12, 2147483616", "8, -32", "8, 2147483616", "16, -32", "16, 2147483616"})
    void R4_theRingsGoOnAsIfNothingWere_whenTheirIndicesWrap(int slotBytes, int start) {
        SharedMemory page = ChronicleMemory.allocatePages(1);
        SharedRing shared = new SharedRing(page, slotBytes);
        shared.init(start);
        FrontRing ring = FrontRing.attach(shared, start);
        int consumed = 0;
        for (int lap = 0; lap < 10; lap++) {
            for (int i = 0; i < 7; i++) {
                ring.nextRequest();
            }
            ring.pushRequestsAndCheckNotify();
            page.putIntRelease(SharedRing.RSP_PROD_OFFSET, ring.reqProdPvt());
            assertThat(ring.unconsumedResponses()).isEqualTo(7);
            for (int i = 0; i < 7; i++, consumed++) {
                assertThat(ring.rspCons() & ring.nrEnts() - 1) // the slot, and so the id and page, of a receive ring
                        .isEqualTo((ring.nextResponse() - SharedRing.RING_OFFSET) / slotBytes);
            }
            assertThat(ring.finalCheckForResponses()).isFalse();
        }
        assertThat(Integer.signum(start + consumed)).isNotEqualTo(Integer.signum(start)); // it did wrap
        page.putIntRelease(SharedRing.RSP_PROD_OFFSET, ring.reqProdPvt() + 1);
        assertThat(ring.unconsumedResponses()).isEqualTo(FrontRing.BROKEN);
    }

    /** Several times round each ring of a device: slots, ids and pages stay in step. */
    @SimulatedXenTest
    void R4_theInterfaceGoesOn_whenItsRingsHaveGoneRound(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.PLAINLY)) {
            int sent = 0;
            for (int lap = 0; lap < 9; lap++) {
                int expected = sent += 100;
                host.sendAndTake(100).forEach(request -> host.evil.putTx(request.id(), Netif.NETIF_RSP_OKAY));
                host.evil.publish(host.evil.tx);
                for (int i = 0; i < 100; i++) {
                    host.evil.putNextRx(0, 0, 60);
                }
                host.evil.publish(host.evil.rx);
                host.await(
                        () -> host.vif.stats().txResponses() == expected && host.received.size() == expected,
                        HostileNetHost.AT_ONCE);
            }
            assertThat(host.evil.tx.reqProd()).isGreaterThan(3 * host.evil.tx.slots());
            host.assertInService();
            host.assertEveryPageIsOffered();
        }
    }

    /** The whole device, as after months, when the indices of all its rings pass 2^31 or 2^32. */
    @ParameterizedTest
    @ValueSource(ints = {0x7fff_fe00, 0xffff_fe00})
    @OnSimulatedXen
    void R4_theInterfaceGoesOn_whenTheIndicesOfItsRingsWrap(int reached, SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY)) {
            host.onGuest(() -> RingsInUse.advance(host.vif, reached));
            for (Ring ring : Ring.values()) {
                host.evil.wire(ring).advance(reached);
            }
            int before = Integer.signum(reached);
            for (int lap = 1; lap <= 9; lap++) {
                int expected = lap * 100;
                host.sendAndTake(100).forEach(request -> host.evil.putTx(request.id(), Netif.NETIF_RSP_OKAY));
                host.evil.publish(host.evil.tx);
                for (int i = 0; i < 100; i++) {
                    host.evil.putNextRx(HostileNetHost.frame(i), 0);
                }
                host.evil.publish(host.evil.rx);
                host.await(
                        () -> host.vif.stats().txResponses() == expected && host.received.size() == expected,
                        HostileNetHost.AT_ONCE);
                assertThat(host.received.get(expected - 1)).isEqualTo(HostileNetHost.frame(99));
            }
            for (int hashes = 1; hashes <= 80; hashes++) {
                int answers = hashes;
                host.askForHash();
                host.evil.agree(7);
                host.await(() -> host.hashAnswers.size() == answers, HostileNetHost.AT_ONCE);
            }
            assertThat(host.hashAnswers).containsOnlyNulls();
            for (Ring ring : Ring.values()) { // they did wrap
                assertThat(Integer.signum(host.evil.wire(ring).reqProd())).isNotEqualTo(before);
            }
            host.assertInService();
            host.assertEveryPageIsOffered();
            host.evil.tx.rspProd(host.evil.tx.reqProd() + 1);
            host.evil.event(host.evil.tx);
            host.awaitFault(); // and are judged as before
        }
    }

    private static final Set<String> RINGS = Set.of("vif tx ring", "vif rx ring", "vif ctrl ring");
    private static final Set<String> OURS = Set.of("vif tx data", "vif ctrl data");

    /** Pages that stay granted; where they are taken back instead, nobody can write there any more (row N18). */
    @SimulatedXenTest
    void R5_slotsAndPagesAreReadOnce_soThatChangingThemMeanwhileChangesNothing(SimulatedXen xen) {
        FlippedGuest[] seen = new FlippedGuest[1];
        try (HostileNetHost host = new HostileNetHost(xen)
                .connect(
                        HostileNetHost.PLAIN.rxCopied(true),
                        guest -> seen[0] = new FlippedGuest(guest, RINGS, OURS),
                        HostileNetHost.FULLY)) {
            host.sendAndTake(100).forEach(request -> host.evil.putTx(request.id(), Netif.NETIF_RSP_OKAY));
            host.evil.publish(host.evil.tx);
            host.askForHash();
            host.evil.agree(7);
            List<byte[]> frames = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                boolean blank = i % 3 == 0; // the headers of such a packet are looked at before it is handed on
                frames.add(blank ? tcp(100 + i) : HostileNetHost.frame(i));
                host.evil.putNextRx(frames.get(i), blank ? Netif.NETRXF_CSUM_BLANK : 0);
            }
            host.evil.publish(host.evil.rx);
            host.await(() -> host.received.size() == 100, HostileNetHost.AT_ONCE);
            for (int i = 0; i < 100; i++) {
                assertThat(host.received.get(i)).isEqualTo(frames.get(i));
            }
            host.await(() -> host.hashAnswers.size() == 1, HostileNetHost.AT_ONCE);
            assertThat(host.hashAnswers.get(0)).isNull();
            assertThat(host.vif.stats().txResponses()).isEqualTo(100);
            assertThat(host.vif.stats().faults()).isZero();
            assertThat(seen[0].readsOf(true)).as("reads of a byte of a slot").isEqualTo(1);
            assertThat(seen[0].readsOf(false)).as("reads of a byte of data").isEqualTo(1);
        }
    }

    private static byte[] tcp(int length) {
        byte[] bytes = new byte[length];
        bytes[12] = 0x08;
        bytes[14] = 0x45;
        bytes[17] = (byte) (length - 14);
        bytes[23] = 6;
        bytes[46] = 0x50;
        return bytes;
    }

    @SimulatedXenTest
    void R5_rewritingSlotsAndPagesWhileAPacketIsLookedAtChangesNothing(SimulatedXen xen) {
        try (HostileNetHost host =
                new HostileNetHost(xen).connect(HostileNetHost.PLAIN.rxCopied(true), HostileNetHost.PLAINLY)) {
            int gref = host.evil.putNextRx(HostileNetHost.frame(1), 0).gref();
            MappedPages page = host.evil.map(new int[] {gref}, GrantAccess.READ_WRITE);
            List<byte[]> again = new ArrayList<>();
            host.onPacket = packet -> {
                host.evil.rx.scribble(0, 0xff);
                HostileBackend.fill(page, 0xee);
                again.add(packet.toBytes());
            };
            host.evil.publish(host.evil.rx);
            host.await(() -> again.size() == 1, HostileNetHost.AT_ONCE);
            assertThat(again.get(0)).isEqualTo(HostileNetHost.frame(1)).isEqualTo(host.received.get(0));
            host.onPacket = packet -> {};
            host.assertInService();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    @OnSimulatedXen
    void R12_answersOfStatusNullBreakTheInterface_whenThereIsNoExtraInformation(int answers, SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.PLAINLY)) {
            host.sendAndTake(3);
            for (int i = 0; i < answers; i++) {
                host.evil.putTx(i, Netif.NETIF_RSP_NULL);
            }
            host.evil.publish(host.evil.tx);
            host.awaitFault();
            assertThat(host.vif.stats().txResponses()).isZero();
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, 3);
        }
    }

    /** A request of two slots, the second of which has no id. */
    @SimulatedXenTest
    void R12_oneNullIsBelievedForEverySlotOfExtraInformation_andNoMore(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)
                .connect(
                        HostileNetHost.PLAIN.multicastControl(true),
                        NetifKeys.FEATURE_RX_COPY,
                        "1",
                        NetifKeys.FEATURE_MULTICAST_CONTROL,
                        "1")) {
            for (int i = 0; i < 2; i++) {
                String group = "01:00:5e:00:00:0" + i;
                host.onGuest(() -> host.vif.joinMulticast(MacAddress.parse("group", group)));
            }
            host.send(2);
            List<TxRequest> requests = host.evil.takeTx(6);
            assertThat(requests).extracting(TxRequest::extras).containsExactly(1, 1, 0, 0);
            host.evil.putTx(0, Netif.NETIF_RSP_NULL);
            host.evil.putTx(requests.get(0).id(), Netif.NETIF_RSP_OKAY);
            host.evil.putTx(0xffff, Netif.NETIF_RSP_NULL);
            host.evil.publish(host.evil.tx);
            host.await(() -> host.vif.stats().txResponses() == 3, HostileNetHost.AT_ONCE);
            assertThat(host.vif.stats().faults()).isZero();
            host.evil.putTx(requests.get(1).id(), Netif.NETIF_RSP_NULL); // in place of the group's own answer
            host.evil.publish(host.evil.tx);
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, 2);
        }
    }
}
