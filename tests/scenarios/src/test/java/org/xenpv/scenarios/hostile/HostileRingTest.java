package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.blkfront.BlkQueue;
import org.xenpv.blkfront.BlkRequest;
import org.xenpv.fault.PeerFault;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;
import org.xenpv.scenarios.hostile.HostileBlkback.Request;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** Rows R: what a backend can write into the ring's page. */
class HostileRingTest {

    @ParameterizedTest
    @ValueSource(ints = {33, 35, 1000, 0x7fffffff, 0x80000000, 0xffffffff})
    @OnSimulatedXen
    void R1_aProducerPastTheRingBreaksTheDevice_beforeASlotIsRead(int rspProd, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            assertThat(host.evil.slots()).isEqualTo(32);
            List<Caller> callers = host.submitReads(3);
            host.takeReads(callers).forEach(read -> host.evil.put(read, 0)); // slots that would pass
            host.evil.rspProd(rspProd);
            host.evil.event();
            host.awaitAnswers(callers);
            assertThat(host.disk.stats().responses()).isZero();
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, callers);
        }
    }

    @SimulatedXenTest
    void R2_aProducerPastOurRequestsBreaksTheDevice_thoughWithinTheRing(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(3);
            host.takeReads(callers).forEach(read -> host.evil.put(read, 0));
            host.evil.rspProd(4);
            host.evil.event();
            host.awaitAnswers(callers);
            assertThat(host.disk.stats().responses()).isZero();
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, callers);
        }
    }

    @SimulatedXenTest
    void R2_nothingIsInFlight_andStillAProducerAheadBreaksTheDevice(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            host.evil.rspProd(1);
            host.evil.event();
            assertThat(xen.runUntil(() -> host.disk.stats().faults() == 1, HostileHost.AT_ONCE))
                    .isTrue();
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, List.of());
        }
    }

    @SimulatedXenTest
    void R3_aProducerBehindWhatWeConsumedBreaksTheDevice(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(3);
            List<Request> reads = host.takeReads(callers);
            host.evil.answer(reads.get(0), 0);
            host.evil.answer(reads.get(1), 0);
            host.awaitAnswers(callers.subList(0, 2));
            host.evil.rspProd(1);
            host.evil.event();
            host.assertDone(callers.get(0));
            host.assertDone(callers.get(1));
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, callers.subList(2, 3));
        }
    }

    @SimulatedXenTest
    void R3_aProducerThatGoesBackBreaksTheDevice_thoughWeHaveNotConsumedSoFar(SimulatedXen xen) {
        // 100 answers are more than one turn takes, so the frontend has seen 100 and consumed fewer when it looks
        // again.
        try (HostileHost host = new HostileHost(xen)
                .connect(HostileHost.PLAIN.ringPageOrderMax(2).requestsPerQueue(100), "max-ring-page-order", "2")) {
            List<Caller> callers = host.submitReads(100);
            host.takeReads(callers).forEach(read -> host.evil.put(read, 0));
            callers.get(10).then(caller -> host.evil.rspProd(90));
            host.evil.publish();
            host.evil.event();
            host.awaitAnswers(callers);
            List<Caller> done = callers.stream().filter(c -> c.error == null).toList();
            List<Caller> broken = callers.stream().filter(c -> c.error != null).toList();
            assertThat(done).hasSize(64); // EventLoopLimits.budget
            host.assertBroken(PeerFault.PROD_BACKWARDS, broken);
        }
    }

    /** A device's ring begins at 0 and takes hours to wrap, so this row is about its ring. */
    @ParameterizedTest
    @ValueSource(ints = {0xffffffe0, 0x7fffffe0})
    void R4_aRingGoesOnAsIfNothingWere_whenItsIndicesWrap(int start) {
        SharedMemory page = ChronicleMemory.allocatePages(1);
        SharedRing shared = new SharedRing(page, BlkifRequest.SLOT_BYTES);
        shared.init(start);
        FrontRing ring = FrontRing.attach(shared, start);
        int consumed = 0;
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 7; i++) {
                ring.nextRequest();
            }
            ring.pushRequestsAndCheckNotify();
            assertThat(ring.outstanding()).isEqualTo(7);
            page.putIntRelease(SharedRing.RSP_PROD_OFFSET, ring.reqProdPvt());
            assertThat(ring.unconsumedResponses()).isEqualTo(7);
            for (int i = 0; i < 7; i++, consumed++) {
                assertThat(ring.nextResponse())
                        .isEqualTo(SharedRing.RING_OFFSET
                                + (start + consumed & ring.nrEnts() - 1) * BlkifRequest.SLOT_BYTES);
            }
            assertThat(ring.finalCheckForResponses()).isFalse();
        }
        assertThat(Integer.signum(ring.rspCons())).isNotEqualTo(Integer.signum(start)); // it did wrap
        page.putIntRelease(SharedRing.RSP_PROD_OFFSET, ring.reqProdPvt() + 1);
        assertThat(ring.unconsumedResponses()).isEqualTo(FrontRing.BROKEN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1"})
    @OnSimulatedXen
    void R5_slotsAndPagesAreReadOnce_soThatChangingThemMeanwhileChangesNothing(String persistent, SimulatedXen xen) {
        FlippedGuest[] seen = new FlippedGuest[1];
        try (HostileHost host = new HostileHost(xen)
                .connect(
                        HostileHost.PLAIN.persistentGrants(true),
                        guest -> seen[0] = new FlippedGuest(guest, Set.of("vbd ring")),
                        "feature-persistent",
                        persistent)) {
            List<Caller> callers = host.submitReads(32);
            List<Request> reads = host.takeReads(callers);
            for (int i = 0; i < 32; i++) {
                host.evil.serve(reads.get(i), i);
                host.evil.put(reads.get(i), i == 5 ? -1 : 0);
            }
            host.evil.publish();
            host.evil.event();
            host.awaitAnswers(callers);
            for (int i = 0; i < 32; i++) {
                assertThat(callers.get(i).answers).isEqualTo(1);
                assertThat(callers.get(i).error == null).isEqualTo(i != 5);
                assertThat(callers.get(i).buffer).containsOnly(i == 5 ? Caller.UNTOUCHED : i);
            }
            assertThat(host.disk.stats().faults()).isZero();
            assertThat(seen[0].readsOf(true)).as("reads of a byte of a slot").isEqualTo(1);
            assertThat(seen[0].readsOf(false)).as("reads of a byte of data").isEqualTo(1);
        }
    }

    @SimulatedXenTest
    void R5_rewritingASlotAfterItWasConsumedChangesNothing(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(4);
            List<Request> reads = host.takeReads(callers);
            callers.get(0).then(caller -> {
                for (int at = 0; at < BlkifRequest.SLOT_BYTES; at++) {
                    host.evil.memory().putByte(host.evil.slotAt(0) + at, (byte) 0xff);
                }
            });
            reads.forEach(read -> host.evil.serve(read, 9));
            reads.forEach(read -> host.evil.put(read, 0));
            host.evil.publish();
            host.evil.event();
            host.awaitAnswers(callers);
            callers.forEach(host::assertDone);
            host.assertInService();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0x7fffffff, 0xffffffff})
    @OnSimulatedXen
    void R7_R8_R13_ourOwnSlotsIndicesAndThePaddingAreNeverReadBack(int scribble, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            for (int round = 1; round <= 20; round++) {
                Caller caller = host.submit(Caller.reading(8, 4096));
                Request read = host.evil.take(round).get(0);
                int request = host.evil.slotAt(round - 1);
                for (int at = request; at < request + BlkifRequest.SLOT_BYTES; at++) {
                    host.evil.memory().putByte(at, (byte) scribble);
                }
                for (int at = SharedRing.PVT_OFFSET; at < SharedRing.RING_OFFSET; at++) {
                    host.evil.memory().putByte(at, (byte) scribble);
                }
                host.evil.memory().putInt(SharedRing.REQ_PROD_OFFSET, scribble);
                host.evil.memory().putInt(SharedRing.RSP_EVENT_OFFSET, scribble);
                host.evil.serve(read, round);
                host.evil.answer(read, 0);
                host.awaitAnswers(List.of(caller));
                host.assertDone(caller);
                assertThat(caller.buffer).containsOnly(round);
                assertThat(host.evil.reqProd()).isEqualTo(scribble); // we do not write it again, nor believe it
                host.evil.memory().putInt(SharedRing.REQ_PROD_OFFSET, round);
            }
            host.assertInService();
        }
    }

    /** A frontend that took the page's req_prod for what it had published before would think nothing is new. */
    @SimulatedXenTest
    void R8_theBackendIsToldOfNewRequests_whateverItWroteIntoOurProducer(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            for (int round = 1; round <= 5; round++) {
                host.evil.memory().putInt(SharedRing.REQ_EVENT_OFFSET, round);
                host.evil.memory().putInt(SharedRing.REQ_PROD_OFFSET, round);
                Caller caller = host.submit(Caller.reading(8, 4096));
                xen.runFor(Duration.ofMillis(1));
                assertThat(host.disk.stats().notificationsSent()).isEqualTo(round);
                host.evil.answer(host.evil.take(round).get(0), 0);
                host.awaitAnswers(List.of(caller));
            }
            host.evil.memory().putInt(SharedRing.REQ_EVENT_OFFSET, 0x40000000);
            host.evil.memory().putInt(SharedRing.REQ_PROD_OFFSET, 0);
            host.submit(Caller.reading(8, 4096));
            xen.runFor(Duration.ofMillis(1));
            assertThat(host.disk.stats().notificationsSent()).isEqualTo(5);
        }
    }

    @SimulatedXenTest
    void R9_E3_anAnswerWithoutAnEventIsFoundByTheWatchdog(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            for (int round = 1; round <= 5; round++) {
                Caller caller = host.submit(Caller.reading(8, 4096));
                Request read = host.evil.take(round).get(0);
                host.evil.memory().putInt(SharedRing.RSP_EVENT_OFFSET, 0x12345678); // an honest one would not tell us
                host.evil.serve(read, round);
                host.evil.put(read, 0);
                host.evil.publish();
                host.awaitAnswers(List.of(caller), Duration.ofMillis(250));
                host.assertDone(caller);
                assertThat(caller.buffer).containsOnly(round);
            }
            host.assertInService();
        }
    }

    @SimulatedXenTest
    void R10_aBackendThatNeverAsksForEventsGetsOneBeforeLong(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            int[] events = new int[1];
            var registration = host.evilDomain.call(g -> g.loop().register(host.evil.port(), "evil", budget -> {
                events[0]++;
                return 0;
            }));
            xen.runFor(Duration.ofMillis(1));
            events[0] = 0;
            host.evil.memory().putInt(SharedRing.REQ_EVENT_OFFSET, 0x40000000);
            Caller caller = host.submit(Caller.reading(8, 4096));
            xen.runFor(Duration.ofMillis(1));
            assertThat(events[0]).isZero();
            assertThat(xen.runUntil(() -> events[0] > 0, Duration.ofMillis(500)))
                    .isTrue();

            host.evil.answer(host.evil.take(1).get(0), 0);
            host.awaitAnswers(List.of(caller));
            int now = events[0];
            xen.runFor(Duration.ofSeconds(2));
            assertThat(events[0]).as("no more once nothing is in flight").isEqualTo(now);
            host.evilDomain.run(g -> registration.cancel());
        }
    }

    /** A backend that answers at once, and a program that asks again at once: the ring is never found empty. */
    @SimulatedXenTest
    void R11_endlessAnswersDoNotStarveTheOtherDisk(SimulatedXen xen) {
        int enough = 20_000;
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            int[] done = new int[1];
            boolean[] healthyRead = new boolean[1];
            List<Integer> doneWhenHealthy = new ArrayList<>();
            host.onGuest(() -> {
                BlkQueue queue = host.disk.queue(0);
                BlkRequest request = queue.acquire();
                BlkRequest.Completion again = new BlkRequest.Completion() {
                    @Override
                    public void complete(BlkRequest answered) {
                        if (answered.status() != BlkRequest.OKAY || ++done[0] >= enough || healthyRead[0]) {
                            queue.release(answered);
                            return;
                        }
                        queue.submit(answered.read(0, 4096, this));
                        queue.push();
                        answerNewest(host.evil);
                    }
                };
                queue.submit(request.read(0, 4096, again));
                queue.push();
                answerNewest(host.evil);
                host.evil.event();
            });
            var read = host.healthy.read(0, ByteBuffer.allocate(4096));
            read.thenRun(() -> {
                healthyRead[0] = true;
                doneWhenHealthy.add(done[0]);
            });
            assertThat(xen.runUntil(() -> healthyRead[0], Duration.ofSeconds(1)))
                    .isTrue();
            assertThat(doneWhenHealthy.get(0)).isGreaterThan(64).isLessThan(enough);
            xen.runFor(Duration.ofMillis(10));
            assertThat(host.disk.stats().faults()).isZero();
        }
    }

    private static void answerNewest(HostileBlkback evil) {
        int at = evil.slotAt(evil.reqProd() - 1);
        evil.put(BlkifRequest.id(evil.memory(), at), BlkifRequest.operation(evil.memory(), at), 0);
        evil.publish();
    }

    @SimulatedXenTest
    void R14_aRingThatStaysMappedIsQuarantined_andTheNextConnectionHasAnother(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            String oldRef = host.evil.front("ring-ref");
            SharedMemory oldRing = host.evil.memory();
            host.evil.state(XenbusState.CLOSED);
            host.evil.requireFront(XenbusState.CLOSED);
            assertThat(host.quarantined()).isEqualTo(1);

            host.handshake();
            assertThat(host.evil.front("ring-ref")).isNotEqualTo(oldRef);
            Caller caller = host.submit(Caller.reading(8, 4096));
            Request read = host.evil.take(1).get(0);
            for (int at = 0; at < SharedMemory.PAGE_BYTES; at += 4) {
                oldRing.putInt(at, 0xffffffff);
            }
            host.evil.serve(read, 3);
            host.evil.answer(read, 0);
            host.awaitAnswers(List.of(caller));
            host.assertDone(caller);
            host.assertInService();
        }
    }
}
