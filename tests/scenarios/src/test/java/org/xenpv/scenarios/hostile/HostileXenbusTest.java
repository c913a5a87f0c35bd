package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.scenarios.hostile.HostileBlkback.Request;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** Rows K: what a backend, and whoever else writes there, can put into xenstore. */
class HostileXenbusTest {

    private static final long PHASE_NS = TimeUnit.SECONDS.toNanos(2);
    private static final BlkfrontConfig HASTY = HostileHost.PLAIN.handshakeNs(PHASE_NS);

    @ParameterizedTest
    @CsvSource({
        "feature-persistent, yes",
        "feature-persistent, -1",
        "feature-persistent, 0x1",
        "max-ring-page-order, +1",
        "max-ring-page-order, -1",
        "multi-queue-max-queues, 1x",
        "feature-max-indirect-segments, 1 2",
        "discard-granularity, 1e3",
    })
    @OnSimulatedXen
    void K1_anAdvertisementThatIsNoNumberIsRefused(String key, String value, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            host.start(HASTY.persistentGrants(true));
            host.evil.write(key, value, "state", "2");
            host.assertRefused(key);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"99", "-3", "abc", "", "44", " 4"})
    @OnSimulatedXen
    void K6_aStateThatIsNoneIsIgnoredBeforeTheHandshake_andEndsAConnection(String state, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            host.start(HASTY);
            host.evil.write("state", state);
            xen.runFor(Duration.ofMillis(10));
            assertThat(host.told).isEmpty();
            host.handshake();
            List<Caller> callers = host.submitReads(3);
            host.takeReads(callers);
            host.evil.write("state", state);
            host.awaitAnswers(callers);
            for (Caller caller : callers) {
                assertThat(caller.answers).isEqualTo(1);
                assertThat(caller.error).isInstanceOf(XenPeerGoneException.class);
            }
            host.awaitEnd();
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void K7_L8_aBackendThatFlapsIsFollowedOrGivenUp_andEveryCallerHasOneAnswer(long seed) {
        try (SimulatedXen xen = SimulatedXen.deterministic(seed)) {
            try (HostileHost host = new HostileHost(xen)) {
                Random random = new Random(seed);
                host.start(HASTY.requestNs(PHASE_NS));
                List<Caller> callers = new ArrayList<>();
                for (int step = 0; step < 150 && !host.told.contains("ended"); step++) {
                    if (random.nextInt(4) == 0) {
                        // now and then in earnest, so that there is a connection to lose
                        host.evil.write("sectors", "2048", "state", "2");
                        if (host.evil.awaitFront(XenbusState.INITIALISED)) {
                            try {
                                host.evil.attach();
                            } catch (XenException overtaken) {
                                continue; // the frontend has started anew since it published these
                            }
                            host.evil.state(XenbusState.CONNECTED);
                        }
                    } else {
                        host.evil.state(XenbusState.values()[1 + random.nextInt(8)]);
                    }
                    if (random.nextBoolean()) {
                        xen.runFor(Duration.ofMillis(random.nextInt(5)));
                    }
                    try {
                        callers.add(host.submit(Caller.reading(16 * random.nextInt(100), 4096)));
                    } catch (IllegalStateException | XenException notConnected) {
                        // then there is nothing to answer
                    }
                }
                host.evil.state(XenbusState.CLOSED);
                if (!host.told.contains("ended")) {
                    host.onGuest(() -> host.disk.close());
                }
                host.awaitEnd();
                host.awaitAnswers(callers);
                assertThat(callers).as("seed=%d", seed).allMatch(caller -> caller.answers == 1 && caller.error != null);
                assertThat(host.told.stream().filter("ended"::equals)).hasSize(1);
                host.assertQuarantinedExactlyWhatIsHeld();
            }
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }

    @SimulatedXenTest
    void K8_aBackendThatSaysConnectedAgainAndAgainCostsNobodyElseAnything(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            for (int round = 0; round < 10; round++) {
                host.evil.stateStorm(100, XenbusState.CONNECTED);
                host.assertHealthyDiskWorks();
                // a transaction of another driver in the same guest, in the midst of it
                XenException[] error = new XenException[1];
                boolean[] done = new boolean[1];
                host.onGuest(() -> host.guest
                        .guest()
                        .store()
                        .<Void>transaction((tx, end) -> tx.write("data/mine", "1", end), (ok, why) -> {
                            done[0] = true;
                            error[0] = why;
                        }));
                assertThat(xen.runUntil(() -> done[0], Duration.ofMillis(100))).isTrue();
                assertThat(error[0]).isNull();
            }
            xen.runFor(Duration.ofMillis(20));
            assertThat(host.told).containsExactly("connected");
            host.assertInService();
        }
    }

    @SimulatedXenTest
    void K8_aSizeThatChangesAllTheTimeIsFollowed_andEachCallerIsAnswered(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            for (int round = 0; round < 50; round++) {
                host.evil.write(BlkifKeys.SECTORS, Integer.toString(1024 + round % 7), "state", "4");
            }
            host.evil.write(BlkifKeys.SECTORS, "4096", "state", "4");
            assertThat(xen.runUntil(() -> host.disk.geometry().sectors() == 4096, Duration.ofSeconds(2)))
                    .isTrue();
            host.assertInService();
        }
    }

    @ParameterizedTest
    @CsvSource({"4", "3", "6", "5"})
    @OnSimulatedXen
    void K9_statesThatAreSkippedLeadToAnEndOrAFreshStart(String state, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            host.start(HASTY);
            host.evil.write("sectors", "2048", "state", state);
            xen.runFor(Duration.ofNanos(3 * PHASE_NS));
            assertThat(host.told).doesNotContain("connected");
            assertThat(host.lent()).isZero();
            if (!host.told.contains("ended")) {
                host.handshake(); // it has been closed, and is there for a backend in earnest
                host.assertInService();
            } else {
                assertThat(host.endReason).isInstanceOf(XenTimeoutException.class);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "7", "8"})
    @OnSimulatedXen
    void K10_aBackendThatNeverBeginsIsNotWaitedForLongerThanAgreed(String state, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            long startNs = xen.clock().nanoTime();
            host.start(HASTY);
            host.evil.write("state", state);
            host.awaitEnd();
            assertThat(host.endReason).isInstanceOf(XenTimeoutException.class);
            assertThat(host.errorNode()).contains("no progress");
            assertThat(xen.clock().nanoTime() - startNs).isLessThan(4 * PHASE_NS);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void K10_closeIsDoneInBoundedTime_thoughTheBackendDoesNothing(boolean inFlight, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = inFlight ? host.submitReads(3) : List.of();
            if (inFlight) {
                host.evil.map(host.takeReads(callers).get(1), GrantAccess.READ_WRITE);
            }
            long startNs = xen.clock().nanoTime();
            host.onGuest(() -> host.disk.close());
            host.awaitEnd();
            assertThat(xen.clock().nanoTime() - startNs).isLessThan(4 * PHASE_NS);
            assertThat(host.endReason).isNull();
            for (Caller caller : callers) {
                assertThat(caller.answers).isEqualTo(1);
                assertThat(caller.error).isInstanceOf(XenPeerGoneException.class);
            }
            assertThat(host.evil.heldPages()).isEqualTo(inFlight ? 2 : 1);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    /** Closing, but what is in flight is not answered, and Closed never comes. */
    @SimulatedXenTest
    void K10_aBackendThatStopsHalfWayWhileClosingIsLeft_andWhatIsInFlightWaitsForTheNextOne(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = host.submitReads(3);
            host.takeReads(callers);
            host.evil.state(XenbusState.CLOSING);
            xen.runFor(Duration.ofNanos(3 * PHASE_NS)); // drained and released by deadlines alone
            host.evil.requireFront(XenbusState.CLOSED);
            assertThat(host.lent()).isZero();
            assertThat(host.quarantined()).isEqualTo(host.evil.heldPages()).isEqualTo(1);
            host.handshake();
            for (Request read : host.evil.take(3)) {
                host.evil.serve(read, 6);
                host.evil.put(read, 0);
            }
            host.evil.publish();
            host.evil.event();
            host.awaitAnswers(callers);
            callers.forEach(host::assertDone);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void K11_aBackendWhoseDirectoryIsRemovedIsGone_andItsPagesAreQuarantined(boolean whole, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = host.submitReads(3);
            host.evil.map(host.takeReads(callers).get(0), GrantAccess.READ_WRITE);
            if (whole) {
                xen.toolstack().forceDetach(host.device);
            } else {
                xen.toolstack().remove(host.device.backendPath());
            }
            host.awaitAnswers(callers);
            for (Caller caller : callers) {
                assertThat(caller.answers).isEqualTo(1);
                assertThat(caller.error).isInstanceOf(XenPeerGoneException.class);
            }
            host.awaitEnd();
            if (whole) {
                assertThat(xen.toolstack().read(host.device.frontendPath() + "/state"))
                        .isNull();
            }
            assertThat(host.evil.heldPages()).isEqualTo(2);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @SimulatedXenTest
    void K11_aDriverDomainThatDiesTakesNothingWithIt(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = host.submitReads(3);
            host.evil.map(host.takeReads(callers).get(0), GrantAccess.READ_WRITE);
            xen.toolstack().kill(host.evilDomain);
            xen.toolstack().forceDetach(host.device);
            host.awaitAnswers(callers);
            assertThat(callers).allMatch(c -> c.answers == 1 && c.error instanceof XenPeerGoneException);
            host.awaitEnd();
            assertThat(host.lent() + host.quarantined()).isZero();
            host.assertHealthyDiskWorks();
        }
    }

    /** The toolstack makes the device anew at the same paths before we notice that the old backend is gone. */
    @ParameterizedTest
    @ValueSource(strings = {"1", "6"})
    @OnSimulatedXen
    void K12_aBackendReplacedAtTheSamePathIsServed_andNothingOfTheOldLifeIsWritten(
            String backendState, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            List<Caller> callers = host.submitReads(3);
            host.takeReads(callers);
            List<String> seen = new ArrayList<>();
            host.evilDomain.run(g -> g.store()
                    .watch(
                            host.device.frontendPath() + "/state",
                            changed -> g.store()
                                    .read(host.device.frontendPath() + "/state", (value, error) -> seen.add(value))));
            xen.runFor(Duration.ofMillis(5));
            seen.clear();
            xen.toolstack().writeFrontend(host.device, "state", "1");
            xen.toolstack().writeBackend(host.device, "state", backendState);
            xen.runFor(Duration.ofMillis(20));
            assertThat(seen).isNotEmpty().containsOnly("1"); // neither Closing nor Closed
            assertThat(host.quarantined()).isEqualTo(1);
            host.handshake();
            for (Request read : host.evil.take(3)) {
                host.evil.serve(read, 2);
                host.evil.put(read, 0);
            }
            host.evil.publish();
            host.evil.event();
            host.awaitAnswers(callers);
            callers.forEach(host::assertDone);
            host.assertInService();
            xen.toolstack().kill(host.evilDomain); // with the watch of this test
            xen.toolstack().forceDetach(host.device);
            host.awaitEnd();
        }
    }

    /** Closed by its user, or broken, and only then the toolstack names another backend. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void K12_aDeviceThatIsEndingEnds_thoughAnotherBackendTakesTheOldOnesPlace(boolean broken, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HASTY)) {
            if (broken) {
                host.evil.rspProd(1);
                host.evil.event();
            } else {
                host.onGuest(() -> host.disk.close());
            }
            host.evil.requireFront(XenbusState.CLOSING);
            String elsewhere = "/local/domain/" + host.honestDomain.domid() + "/backend/vbd/9/51712";
            xen.toolstack().writeFrontend(host.device, "backend-id", Integer.toString(host.honestDomain.domid()));
            xen.toolstack().writeFrontend(host.device, "backend", elsewhere);
            host.awaitEnd();
            assertThat(host.endReason == null).isEqualTo(!broken);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/local/domain/0/backend/vbd/1/51712",
                "/local/domain/%d0/backend/vbd/1/51712",
                "/local/domain/%d",
                "/local/domain/%d/backendx/vbd/1/51712",
                "backend/vbd/1/51712",
                "/vm/1",
                ""
            })
    @OnSimulatedXen
    void K14_aBackendOutsideTheBackendsOfItsDomainIsRefused(String path, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            String place = path.replace("%d", Integer.toString(host.evilDomain.domid()));
            xen.toolstack().writeFrontend(host.device, "backend", place);
            host.start(HASTY);
            host.assertRefused("backend");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "x", "", "32752", "4294967297"})
    @OnSimulatedXen
    void K14_aBackendIdThatIsNoDomainIsRefused(String id, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            xen.toolstack().writeFrontend(host.device, "backend-id", id);
            host.start(HASTY);
            host.assertRefused("backend-id");
            assertThatThrownBy(() -> host.submit(Caller.reading(0, 512)))
                    .satisfies(error -> HostileHost.assertConfigFault(error, "backend-id"));
        }
    }
}
