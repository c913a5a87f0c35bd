package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.blkfront.BlkQueue;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenOpException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.scenarios.hostile.HostileBlkback.Request;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** Rows L: connecting, closing, suspending and coming back, against a backend that makes it hard. */
class HostileLifecycleTest {

    private static final BlkfrontConfig HASTY = HostileHost.PLAIN.handshakeNs(2_000_000_000L);

    @SimulatedXenTest
    void L1_afterARestoreNothingOfTheOldRingIsBelieved_andWhatWasInFlightIsIssuedAgain(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = host.submitReads(3);
            List<Request> old = host.takeReads(callers);
            old.forEach(read -> host.evil.serve(read, 0x0d));
            // The frontend's page goes with it: what is written there now it finds when it wakes.
            xen.toolstack().suspend(host.guest);
            old.forEach(read -> host.evil.put(read, 0));
            host.evil.publish();
            host.evil.letGo();
            host.evil.write("state", "6"); // so that the toolstack need not wait
            xen.toolstack().restore(host.guest);
            host.adoptRestoredDevice();
            host.handshake();
            List<Request> again = host.evil.take(3);
            xen.runFor(Duration.ofMillis(300));
            assertThat(callers).noneMatch(Caller::answered);
            for (Request read : again) {
                host.evil.serve(read, 0x2e);
                host.evil.put(read, 0);
            }
            host.evil.publish();
            host.evil.event();
            host.awaitAnswers(callers);
            for (Caller caller : callers) {
                host.assertDone(caller);
                assertThat(caller.buffer).containsOnly(0x2e);
            }
            assertThat(host.disk.stats().reissued()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    @OnSimulatedXen
    void L3_L5_closingIsSafeAfterARestore_beforeThereAreQueuesAgain(int stage, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = host.submitReads(3);
            host.takeReads(callers);
            xen.toolstack().suspend(host.guest);
            host.evil.letGo();
            host.evil.write("state", "6");
            xen.toolstack().restore(host.guest);
            host.adoptRestoredDevice();
            if (stage >= 1) {
                xen.runFor(Duration.ofMillis(5));
            }
            if (stage >= 2) {
                host.evil.state(XenbusState.INIT_WAIT);
            }
            if (stage >= 3) {
                host.evil.requireFront(XenbusState.INITIALISED);
            }
            if (stage >= 4) {
                host.evil.attach();
                host.evil.write("sectors", "2048", "state", "4");
            }
            if (stage >= 5) {
                host.evil.requireFront(XenbusState.CONNECTED);
                host.evil.take(3);
            }
            host.onGuest(() -> host.disk.close());
            host.awaitEnd();
            assertThat(callers).allMatch(c -> c.answers == 1 && c.error instanceof XenPeerGoneException);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @SimulatedXenTest
    void L4_aConnectionThatCannotBeMadeWholeGivesEverythingBack_whicheverGrantFails(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            String[] advertised = {BlkifKeys.FEATURE_MAX_INDIRECT_SEGMENTS, "16", "multi-queue-max-queues", "2"};
            BlkfrontConfig config = BlkfrontConfig.DEFAULT
                    .queuesMax(2)
                    .requestsPerQueue(3)
                    .requestBytes(64 * 1024)
                    .handshakeNs(2_000_000_000L);
            int grants = 2 * (1 + 1 + 3); // of each queue: ring, lists of segments, three requests
            for (int k = 0; k < grants; k++) {
                int allowed = k;
                host.told.clear();
                host.evil.state(XenbusState.INITIALISING);
                host.start(config, guest -> new ExhaustedGuest(guest, allowed));
                host.evil.write(advertised);
                host.evil.state(XenbusState.INIT_WAIT);
                if (k >= 2) { // both rings are published; the rest is granted on connecting
                    host.evil.requireFront(XenbusState.INITIALISED);
                    host.evil.write("sectors", "2048", "state", "4");
                }
                host.awaitEnd();
                assertThat(host.told).containsExactly("ended");
                assertThat(host.endReason).isInstanceOf(GrantExhaustedException.class);
                assertThat(host.lent() + host.quarantined())
                        .as("after grant %d failed", k)
                        .isZero();
                host.assertHealthyDiskWorks();
            }
            host.told.clear();
            host.evil.state(XenbusState.INITIALISING);
            host.start(config, guest -> new ExhaustedGuest(guest, grants));
            host.evil.advertise(advertised);
            host.evil.connected(2048);
            host.evil.requireFront(XenbusState.CONNECTED); // it is enough
        }
    }

    /** Not only what the grant table throws when it is used up: whatever any call throws. */
    @SimulatedXenTest
    void L4_aConnectionThatCannotBeMadeWholeGivesEverythingBack_whateverIsThrown(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            String[] advertised = {BlkifKeys.FEATURE_MAX_INDIRECT_SEGMENTS, "16", "multi-queue-max-queues", "2"};
            BlkfrontConfig config = BlkfrontConfig.DEFAULT
                    .queuesMax(2)
                    .requestsPerQueue(2)
                    .requestBytes(64 * 1024)
                    .persistentGrants(false)
                    .handshakeNs(2_000_000_000L);
            int calls =
                    2 * (2 + 1 + 2 * (1 + 16)); // of each queue: ring and port, lists, requests each revoked at once
            for (int k = 0; k <= calls; k++) {
                IllegalStateException thrown = new IllegalStateException("call " + k);
                int failing = k;
                FailingGuest[] view = new FailingGuest[1];
                host.told.clear();
                host.evil.state(XenbusState.INITIALISING);
                host.start(config, guest -> view[0] = new FailingGuest(guest, failing, thrown));
                host.evil.write(advertised);
                host.evil.state(XenbusState.INIT_WAIT);
                if (k >= 4) { // both queues are published; the rest is granted on connecting
                    host.evil.requireFront(XenbusState.INITIALISED);
                    host.evil.write("sectors", "2048", "state", "4");
                }
                if (k == calls) {
                    host.evil.requireFront(XenbusState.CONNECTED); // no more than these
                    assertThat(view[0].calls()).isEqualTo(calls);
                    break;
                }
                host.awaitEnd();
                assertThat(host.told).containsExactly("ended");
                assertThat(host.endReason).as("call %d", k).hasCause(thrown);
                assertThat(host.lent() + host.quarantined())
                        .as("after call %d", k)
                        .isZero();
                host.assertHealthyDiskWorks();
            }
        }
    }

    /** The first queue is served already when the second cannot be. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void L4_aConnectionWhoseEventsNobodyTakesGivesEverythingBack(int taken, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            host.start(
                    HASTY.queuesMax(2),
                    guest -> new FailingGuest(guest, Integer.MAX_VALUE, null).withPortsTakenFrom(taken));
            host.evil.write("multi-queue-max-queues", "2");
            host.evil.state(XenbusState.INIT_WAIT);
            host.evil.requireFront(XenbusState.INITIALISED);
            host.evil.write("sectors", "2048", "state", "4");
            host.awaitEnd();
            assertThat(host.told).containsExactly("ended");
            assertThat(host.endReason).hasCauseInstanceOf(IllegalArgumentException.class);
            assertThat(host.endReason.getCause()).hasMessageContaining("is registered by other");
            xen.runFor(Duration.ofSeconds(2)); // the other is gone
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @SimulatedXenTest
    void L4_aConnectionWithoutAPortGivesEverythingBack(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen, DomainConfig.named("guest").withEventChannelsMax(40))) {
            List<Integer> ports = new ArrayList<>();
            host.onGuest(() -> {
                try {
                    while (true) {
                        ports.add(host.guest.guest().events().allocUnbound(0));
                    }
                } catch (XenOpException full) {
                    assertThat(ports).isNotEmpty();
                }
            });
            host.start(HASTY);
            host.evil.state(XenbusState.INIT_WAIT);
            host.awaitEnd();
            assertThat(host.endReason).isInstanceOf(XenOpException.class);
            host.assertQuarantinedExactlyWhatIsHeld();
            host.onGuest(() -> ports.forEach(host.guest.guest().events()::close));
        }
    }

    @SimulatedXenTest
    void L5_closeFromACompletionFinishesWhatIsInFlight_andAnswersTheRest(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = host.submitReads(6);
            List<Request> reads = host.takeReads(callers);
            callers.get(0).then(caller -> {
                host.disk.close();
                host.disk.close();
            });
            reads.forEach(read -> host.evil.put(read, 0));
            host.evil.publish();
            host.evil.event();
            host.awaitAnswers(callers);
            callers.forEach(host::assertDone);
            host.awaitEnd();
            assertThat(host.endReason).isNull();
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @SimulatedXenTest
    void L5_brokenWhileClosingAnswersEveryoneOnce(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = host.submitReads(6);
            List<Request> reads = host.takeReads(callers);
            callers.get(0).then(caller -> host.disk.close());
            host.evil.put(reads.get(0), 0);
            host.evil.put(reads.get(0), 0);
            host.evil.publish();
            host.evil.event();
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, callers.subList(1, 6));
            host.assertDone(callers.get(0));
        }
    }

    @SimulatedXenTest
    void L5_submittingAgainFromEveryAnswerOfABrokenDeviceEnds(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = host.submitReads(6);
            int[] refused = new int[1];
            callers.forEach(caller -> caller.then(c -> {
                try {
                    host.disk.submit(Caller.reading(0, 4096).op);
                } catch (XenException e) {
                    refused[0]++;
                }
            }));
            host.takeReads(callers);
            host.evil.put(-1, 0, 0);
            host.evil.publish();
            host.evil.event();
            host.assertBroken(PeerFault.BAD_ID, callers);
            assertThat(refused[0]).isEqualTo(6);
        }
    }

    /** Of an operation, and of a request that a program has put on the ring itself. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void L6_aCallerThatThrowsWhenItIsAnsweredCostsTheOthersNothing(boolean broken, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY.requestsPerQueue(4))) {
            int[] raw = new int[1];
            host.onGuest(() -> {
                BlkQueue queue = host.disk.queue(0);
                for (int i = 0; i < 2; i++) {
                    queue.submit(queue.acquire().read(0, 4096, done -> {
                        queue.release(done);
                        raw[0]++;
                        throw new IllegalStateException("raw");
                    }));
                }
                queue.push();
            });
            List<Caller> callers = host.submitReads(10);
            callers.forEach(caller -> caller.then(c -> {
                throw new IllegalStateException("caller");
            }));
            if (broken) {
                host.evil.take(4);
                host.evil.put(-1, 0, 0);
                host.evil.publish();
                host.evil.event();
                host.assertBroken(PeerFault.BAD_ID, callers);
            } else {
                for (int taken = 0; taken < 12; ) {
                    List<Request> reads = host.evil.take(taken + 1);
                    taken += reads.size();
                    reads.forEach(read -> host.evil.put(read, 0));
                    host.evil.publish();
                    host.evil.event();
                    assertThat(xen.runUntil(() -> raw[0] == 2, HostileHost.AT_ONCE))
                            .as("not left to the watchdog")
                            .isTrue();
                }
                host.awaitAnswers(callers);
                callers.forEach(host::assertDone);
                host.assertInService();
            }
            assertThat(raw[0]).isEqualTo(2);
            assertThat(host.guest.errors()).hasSize(12).allMatch(error -> error.contains("IllegalStateException"));
            host.guest.clearErrors();
        }
    }

    @SimulatedXenTest
    void L6_aListenerThatThrowsWhateverItIsToldCostsTheDeviceNothing(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            host.thrower = () -> {
                throw new IllegalStateException("listener");
            };
            host.connect(HASTY);
            host.assertInService();
            host.evil.write(BlkifKeys.SECTORS, "4096", "state", "4");
            xen.runFor(Duration.ofMillis(20));
            host.assertInService();
            host.onGuest(() -> host.disk.close());
            host.awaitEnd();
            assertThat(host.told).containsExactly("connected", "resized 4096", "ended");
            assertThat(host.guest.errors()).hasSize(3);
            host.guest.clearErrors();
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    /** A backend that comes and goes for ever, keeping a page each time. */
    @SimulatedXenTest
    void L8_aBackendInACrashLoopIsGivenUp_withAQuarantineOfWhatItKeptAndNoMore(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            int rounds = 1;
            while (!host.told.contains("ended")) {
                assertThat(rounds).isLessThan(100);
                host.evil.state(XenbusState.CLOSED);
                host.evil.requireFront(XenbusState.CLOSED);
                assertThat(host.quarantined()).isEqualTo(rounds);
                host.evil.state(XenbusState.INIT_WAIT);
                if (!host.evil.awaitFront(XenbusState.INITIALISED)) {
                    host.evil.state(XenbusState.CLOSED);
                    host.awaitEnd();
                    break;
                }
                host.evil.attach();
                host.evil.connected(HostileHost.SECTORS);
                host.assertHealthyDiskWorks();
                rounds++;
            }
            HostileHost.assertFault(host.endReason, PeerFault.ILLEGAL_STATE_CHANGE);
            assertThat(rounds).isGreaterThan(10);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @SimulatedXenTest
    void L8_aBackendThatKeepsTooMuchGetsNothingMore(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            BlkfrontConfig config = HASTY.persistentGrants(true).requestBytes(128 * 1024);
            host.start(config);
            int rounds = 0;
            while (!host.told.contains("ended")) {
                assertThat(++rounds).isLessThan(10);
                host.evil.write(BlkifKeys.FEATURE_PERSISTENT, "1");
                host.evil.state(XenbusState.INIT_WAIT);
                if (!host.evil.awaitFront(XenbusState.INITIALISED)) {
                    break;
                }
                host.evil.attach();
                host.evil.connected(HostileHost.SECTORS);
                host.guest.call(g -> g.grants().ledger().entries()).stream()
                        .filter(entry -> entry.domid() == host.evilDomain.domid() && !entry.quarantined())
                        .filter(entry -> entry.purpose().equals("vbd data"))
                        .forEach(entry -> host.evil.map(new int[] {entry.gref()}, GrantAccess.READ_WRITE));
                host.evil.state(XenbusState.CLOSED);
                host.evil.requireFront(XenbusState.CLOSED);
                assertThat(host.quarantined()).isEqualTo(host.evil.heldPages());
            }
            host.evil.state(XenbusState.CLOSED);
            host.awaitEnd();
            assertThat(host.endReason)
                    .isInstanceOf(GrantExhaustedException.class)
                    .hasMessageContaining("does not let go");
            assertThat(rounds).isGreaterThan(1);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }
}
