package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.netfront.NetDrop;
import org.xenpv.netfront.NetPacket;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** Rows K for a network interface: what a backend, and whoever else writes there, can put into xenstore. */
class HostileNetXenbusTest {

    private static final long PHASE_NS = HostileNetHost.PHASE_NS;

    private static HostileNetHost connected(SimulatedXen xen) {
        return new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY);
    }

    /** In flight: so many packets and a hash. */
    private static void occupy(HostileNetHost host, int packets) {
        host.sendAndTake(packets);
        host.askForHash();
        host.evil.takeCtrl();
    }

    private static void assertLost(HostileNetHost host, int packets) {
        assertThat(host.vif.stats().dropped(NetDrop.TX_LOST)).isEqualTo(packets);
        assertThat(host.hashAnswers).singleElement().isInstanceOf(XenPeerGoneException.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void K7_L8_aBackendThatFlapsIsFollowedOrGivenUp_andNoPacketIsUnaccounted(long seed) {
        try (SimulatedXen xen = SimulatedXen.deterministic(seed)) {
            try (HostileNetHost host = new HostileNetHost(xen)) {
                Random random = new Random(seed);
                host.start(HostileNetHost.PLAIN);
                int[] sent = new int[1];
                int hashes = 0;
                for (int step = 0; step < 120 && !host.told.contains("ended"); step++) {
                    if (random.nextInt(3) == 0) {
                        // now and then in earnest, so that there is a connection to lose
                        host.evil.write(HostileNetHost.FULLY);
                        host.evil.state(XenbusState.INIT_WAIT);
                        if (host.evil.awaitFront(host.evil.published())) {
                            try {
                                host.evil.attach();
                            } catch (XenException overtaken) {
                                continue; // the frontend has started anew since it published these
                            }
                            host.evil.state(XenbusState.CONNECTED);
                            host.evil.awaitShared(() -> host.vif.isConnected());
                        }
                    } else {
                        host.evil.state(XenbusState.values()[1 + random.nextInt(8)]);
                    }
                    if (random.nextBoolean()) {
                        xen.runFor(Duration.ofMillis(random.nextInt(5)));
                    }
                    host.onGuest(() -> sent[0] += sendIfPossible(host));
                    try {
                        host.askForHash();
                        hashes++;
                    } catch (IllegalStateException notConnected) {
                        // then there is nothing to answer
                    }
                }
                host.evil.state(XenbusState.CLOSED);
                if (!host.told.contains("ended")) {
                    host.onGuest(host.vif::close);
                }
                host.awaitEnd();
                assertThat(sent[0]).as("seed=%d", seed).isPositive();
                assertThat(host.vif.stats().dropped(NetDrop.TX_LOST))
                        .as("seed=%d", seed)
                        .isEqualTo(sent[0])
                        .isEqualTo(host.vif.stats().txPackets());
                assertThat(host.hashAnswers).as("seed=%d", seed).hasSize(hashes).doesNotContainNull();
                assertThat(host.told.stream().filter("ended"::equals)).hasSize(1);
                host.assertQuarantinedExactlyWhatIsHeld();
            }
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }

    /** Each time it waits until we have published our rings. */
    @SimulatedXenTest
    void K7_aBackendThatComesAndGoesIsFollowedSoOftenAndNoMore(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)) {
            host.start(HostileNetHost.PLAIN);
            host.evil.write(HostileNetHost.FULLY);
            int times = 0;
            while (!host.told.contains("ended") && times < 100) {
                host.evil.state(XenbusState.INIT_WAIT);
                if (host.evil.awaitFront(host.evil.published())) {
                    times++;
                }
                host.evil.state(XenbusState.INITIALISING);
                xen.runFor(HostileNetHost.AT_ONCE);
            }
            host.awaitEnd();
            assertThat(times).isEqualTo(64); // XenbusFrontend.RESTARTS_MAX
            HostileNetHost.assertFault(host.endReason, PeerFault.ILLEGAL_STATE_CHANGE);
            host.assertQuarantinedExactlyWhatIsHeld();
            host.assertWorksAgain();
        }
    }

    private static int sendIfPossible(HostileNetHost host) {
        if (host.vif.offloads() == null) {
            return 0;
        }
        NetPacket packet = host.vif.acquire(60);
        if (packet == null) {
            return 0;
        }
        boolean sent = host.vif.send(packet);
        host.vif.flush();
        return sent ? 1 : 0;
    }

    @SimulatedXenTest
    void K8_aBackendThatSaysConnectedAgainAndAgainChangesNothing(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            for (int round = 0; round < 10; round++) {
                host.evil.stateStorm(100, XenbusState.CONNECTED);
                host.assertNeighbourWorks();
            }
            xen.runFor(Duration.ofMillis(20));
            assertThat(host.told).containsExactly("connected");
            host.assertInService();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "2", "7", "8"})
    @OnSimulatedXen
    void K10_aBackendThatNeverBeginsIsNotWaitedForLongerThanAgreed(String state, SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)) {
            long startNs = xen.clock().nanoTime();
            host.evil.write(HostileNetHost.FULLY);
            host.start(HostileNetHost.PLAIN);
            host.evil.write("state", state);
            host.awaitEnd();
            assertThat(host.endReason).isInstanceOf(XenTimeoutException.class);
            assertThat(host.errorNode()).contains("no progress");
            assertThat(xen.clock().nanoTime() - startNs).isLessThan(4 * PHASE_NS);
            host.assertQuarantinedExactlyWhatIsHeld();
            host.assertWorksAgain();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void K10_closeIsDoneInBoundedTime_thoughTheBackendDoesNothing(boolean inFlight, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            if (inFlight) {
                occupy(host, 3);
                int page = host.evil.putNextRx(0, 0, 60).gref();
                host.evil.map(new int[] {page}, GrantAccess.READ_WRITE);
            }
            long startNs = xen.clock().nanoTime();
            host.onGuest(host.vif::close);
            host.awaitEnd();
            assertThat(xen.clock().nanoTime() - startNs).isLessThan(4 * PHASE_NS);
            assertThat(host.endReason).isNull();
            if (inFlight) {
                assertLost(host, 3);
            }
            assertThat(host.evil.heldPages()).isEqualTo(inFlight ? 4 : 3);
            host.assertQuarantinedExactlyWhatIsHeld();
            host.assertWorksAgain();
        }
    }

    /** A hash that is never answered, asked for again and again: every caller is told in time, and the ring does not fill up. */
    @SimulatedXenTest
    void K10_aControlRingThatNeverAnswersTellsEveryCallerInTime(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            for (int i = 1; i <= 150; i++) {
                host.askForHash();
                int asked = i;
                host.await(() -> host.hashAnswers.size() == asked, Duration.ofNanos(PHASE_NS + 1_000_000));
                assertThat(host.hashAnswers.get(i - 1)).isInstanceOf(XenTimeoutException.class);
            }
            host.evil.agree(2); // late, but what was asked; and that what was begun is undone
            xen.runFor(HostileNetHost.AT_ONCE);
            host.assertInService();
            host.askForHash();
            host.evil.agree(7);
            host.await(() -> host.hashAnswers.size() == 151, HostileNetHost.AT_ONCE);
            assertThat(host.hashAnswers.get(150)).isNull();
        }
    }

    /** Closing, and Closed never comes. */
    @SimulatedXenTest
    void K10_aBackendThatStopsHalfWayWhileClosingIsLeft_andTheNextOneIsServed(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            occupy(host, 3);
            host.evil.state(XenbusState.CLOSING);
            xen.runFor(Duration.ofNanos(3 * PHASE_NS)); // drained and released by deadlines alone
            host.evil.requireFront(XenbusState.CLOSED);
            assertThat(host.lent()).isZero();
            assertThat(host.quarantined()).isEqualTo(host.evil.heldPages()).isEqualTo(3);
            assertLost(host, 3);
            host.handshake(HostileNetHost.FULLY);
            host.assertInService();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void K11_aBackendWhoseDirectoryIsRemovedIsGone_andItsPagesAreQuarantined(boolean whole, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            occupy(host, 3);
            int page = host.evil.putNextRx(0, 0, 60).gref();
            host.evil.map(new int[] {page}, GrantAccess.READ_WRITE);
            if (whole) {
                xen.toolstack().forceDetach(host.device);
            } else {
                xen.toolstack().remove(host.device.backendPath());
            }
            host.awaitEnd();
            assertThat(host.endReason).isInstanceOf(XenPeerGoneException.class);
            assertLost(host, 3);
            if (whole) {
                assertThat(xen.toolstack().read(host.device.frontendPath() + "/state"))
                        .isNull();
            }
            assertThat(host.evil.heldPages()).isEqualTo(4);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @SimulatedXenTest
    void K11_aDriverDomainThatDiesTakesNothingWithIt(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            occupy(host, 3);
            xen.toolstack().kill(host.evilDomain);
            xen.toolstack().forceDetach(host.device);
            host.awaitEnd();
            assertLost(host, 3);
            assertThat(host.lent() + host.quarantined()).isZero();
            host.assertNeighbourWorks();
        }
    }

    /** The toolstack makes the device anew at the same paths before we notice that the old backend is gone. */
    @ParameterizedTest
    @ValueSource(strings = {"1", "6"})
    @OnSimulatedXen
    void K12_aBackendReplacedAtTheSamePathIsServed_andNothingOfTheOldLifeIsWritten(
            String backendState, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            occupy(host, 3);
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
            assertLost(host, 3);
            assertThat(host.lent()).isZero();
            assertThat(host.quarantined()).isEqualTo(3);
            host.handshake(HostileNetHost.FULLY);
            assertThat(host.told).containsExactly("connected", "connected");
            host.assertInService();
            xen.toolstack().kill(host.evilDomain); // with the watch of this test
            xen.toolstack().forceDetach(host.device);
            host.awaitEnd();
        }
    }

    /** The old backend waited for us as the new one does; only our own state tells that there is a new one. */
    @SimulatedXenTest
    void K12_aBackendReplacedBeforeItHadConnectedIsServed(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)) {
            host.start(HostileNetHost.PLAIN);
            host.evil.advertise(HostileNetHost.FULLY);
            xen.runFor(HostileNetHost.AT_ONCE);
            xen.toolstack().writeFrontend(host.device, "state", "1");
            xen.toolstack().writeBackend(host.device, "state", "2");
            host.evil.requireFront(host.evil.published());
            host.evil.attach();
            host.evil.connected();
            assertThat(host.told).containsExactly("connected");
            host.assertInService();
        }
    }

    /** Connected, as the old one was; but what it is connected to cannot be us. */
    @SimulatedXenTest
    void K12_anotherBackendIsNotTakenForTheOldOne(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            occupy(host, 3);
            String home = host.guest.home();
            String elsewhere =
                    "/local/domain/" + host.honestDomain.domid() + "/backend/vif/" + host.guest.domid() + "/9";
            xen.toolstack()
                    .attach(
                            "vif",
                            9,
                            host.guest,
                            host.honestDomain,
                            Map.of("backend-id", Integer.toString(host.honestDomain.domid()), "state", "1"),
                            Map.of("frontend-id", Integer.toString(host.guest.domid()), "state", "4"));
            assertThat(xen.toolstack().read(home + "/device/vif/9/backend")).isEqualTo(elsewhere);
            xen.toolstack().writeFrontend(host.device, "backend-id", Integer.toString(host.honestDomain.domid()));
            xen.toolstack().writeFrontend(host.device, "backend", elsewhere);
            host.evil.requireFront(XenbusState.CLOSING); // a connection that is not ours
            assertLost(host, 3);
            assertThat(host.lent()).isZero();
            assertThat(host.quarantined()).isEqualTo(host.evil.heldPages()).isEqualTo(3);
            host.onGuest(host.vif::close);
            host.awaitEnd();
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    /** Closed by its user, or broken, and only then the toolstack names another backend. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void K12_anInterfaceThatIsEndingEnds_thoughAnotherBackendTakesTheOldOnesPlace(boolean broken, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            if (broken) {
                host.evil.tx.rspProd(1);
                host.evil.event(host.evil.tx);
            } else {
                host.onGuest(host.vif::close);
            }
            host.evil.requireFront(XenbusState.CLOSING);
            String elsewhere = "/local/domain/" + host.honestDomain.domid() + "/backend/vif/9/0";
            xen.toolstack().writeFrontend(host.device, "backend-id", Integer.toString(host.honestDomain.domid()));
            xen.toolstack().writeFrontend(host.device, "backend", elsewhere);
            host.awaitEnd();
            assertThat(host.endReason == null).isEqualTo(!broken);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }
}
