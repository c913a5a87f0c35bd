package org.xenpv.scenarios.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.xenbus.FrontendStateMachine.Phase;
import org.xenpv.xenbus.XenbusState;

/** Whoever waits for the first connection is answered within five deadlines of a phase, and nothing is held then. */
class FirstConnectionTest {

    private static final long LIMIT_NS = 5 * DeviceRig.PHASE_NS;

    private static void assertRefusedInTime(DeviceRig rig, long startNs) {
        if (!rig.driver.told.contains("ended")) {
            rig.awaitEnd();
        }
        assertThat(rig.xen.clock().nanoTime() - startNs).isLessThan(LIMIT_NS);
        assertThat(rig.driver.reason).isInstanceOf(XenTimeoutException.class);
        rig.assertNothingHeld();
    }

    @ParameterizedTest
    @EnumSource(XenbusState.class)
    void shouldEndInTime_whenTheBackendStaysAsItIs(XenbusState state) {
        try (DeviceRig rig = new DeviceRig(1)) {
            rig.backend(state);
            long startNs = rig.xen.clock().nanoTime();
            rig.start();
            assertRefusedInTime(rig, startNs);
        }
    }

    /** Each wait is used up but for a moment, then it falls silent. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void shouldEndInTime_whenTheBackendTakesAllTheTimeThereIs(int steps) {
        Duration almost = Duration.ofNanos(DeviceRig.PHASE_NS - 1_000_000);
        XenbusState[] script = {
            XenbusState.CLOSING,
            XenbusState.CLOSED,
            XenbusState.INIT_WAIT,
            XenbusState.INITIALISING,
            XenbusState.INIT_WAIT,
            XenbusState.INITIALISED
        };
        try (DeviceRig rig = new DeviceRig(2)) {
            rig.backend(XenbusState.CONNECTED); // of an earlier life
            long startNs = rig.xen.clock().nanoTime();
            rig.start();
            for (int i = 0; i < steps; i++) {
                if (rig.xen.runUntil(() -> rig.driver.told.contains("ended"), almost)) {
                    break;
                }
                rig.backend(script[i]);
            }
            assertRefusedInTime(rig, startNs);
        }
    }

    /** A backend that is a little slow at everything is no reason to give up. */
    @ParameterizedTest
    @EnumSource(
            value = XenbusState.class,
            names = {"CONNECTED", "CLOSING", "INITIALISING"})
    void shouldConnect_whenTheBackendTakesHalfOfEachDeadline(XenbusState before) {
        Duration half = Duration.ofNanos(DeviceRig.PHASE_NS / 2);
        try (DeviceRig rig = new DeviceRig(3)) {
            rig.backend(before);
            rig.start();
            if (before == XenbusState.CONNECTED) {
                rig.xen.runFor(half);
                rig.backend(XenbusState.CLOSING);
            }
            if (before != XenbusState.INITIALISING) {
                rig.xen.runFor(half);
                rig.backend(XenbusState.CLOSED);
            }
            rig.xen.runFor(half);
            rig.backend(XenbusState.INIT_WAIT);
            rig.await(Phase.PUBLISHED);
            rig.xen.runFor(half);
            rig.backend(XenbusState.CONNECTED);
            rig.await(Phase.CONNECTED);
        }
    }

    @Test
    void shouldEnd_whenOurOwnDomainStandsStillAtEveryDeadline() {
        try (DeviceRig rig = new DeviceRig(6)) {
            rig.start();
            int times = 0;
            while (!rig.driver.told.contains("ended")) {
                assertThat(times++).isLessThan(5 * (EventLoop.RENEWALS_MAX + 1));
                rig.xen.toolstack().pause(rig.guest);
                rig.xen.runFor(Duration.ofNanos(2 * DeviceRig.PHASE_NS));
                rig.xen.toolstack().unpause(rig.guest);
                rig.xen.runFor(DeviceRig.SOON);
            }
            assertThat(times).isGreaterThan(EventLoop.RENEWALS_MAX);
            assertThat(rig.driver.reason).isInstanceOf(XenTimeoutException.class);
            rig.assertNothingHeld();
        }
    }

    /** It begins anew again and again, and once this domain stood still meanwhile, for so many deadlines. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3, 4})
    void shouldEnd_whenTheBackendFlapsAndOurOwnDomainStoodStill(double deadlines) {
        try (DeviceRig rig = new DeviceRig(7)) {
            rig.start();
            int rounds = 0;
            while (!rig.driver.told.contains("ended")) {
                assertThat(rounds).isLessThan(30);
                rig.backend(rounds % 2 == 0 ? XenbusState.INIT_WAIT : XenbusState.INITIALISING);
                rig.xen.runFor(Duration.ofNanos(DeviceRig.PHASE_NS / 2));
                if (rounds++ == 6) {
                    rig.xen.runFor(Duration.ofNanos(DeviceRig.PHASE_NS * 2 / 5));
                    rig.xen.toolstack().pause(rig.guest);
                    rig.xen.runFor(Duration.ofNanos((long) (deadlines * DeviceRig.PHASE_NS)));
                    rig.xen.toolstack().unpause(rig.guest);
                }
            }
            assertThat(rig.driver.reason).isInstanceOf(XenTimeoutException.class);
            rig.assertNothingHeld();
        }
    }

    /** It had begun anew of itself, and only then saw that we closed what was of an earlier life. */
    @Test
    void shouldConnect_whenTheBackendClosesLate() {
        try (DeviceRig rig = new DeviceRig(5)) {
            rig.backend(XenbusState.CONNECTED);
            rig.start();
            rig.await(Phase.CLOSING);
            rig.backend(XenbusState.INIT_WAIT);
            rig.await(Phase.PUBLISHED);
            rig.backend(XenbusState.CLOSING);
            rig.await(Phase.RELEASING);
            rig.backend(XenbusState.CLOSED);
            rig.await(Phase.INIT);
            rig.xen.runFor(DeviceRig.SOON);
            assertThat(rig.frontState()).isEqualTo(XenbusState.INITIALISING);
            rig.backend(XenbusState.INIT_WAIT);
            rig.await(Phase.PUBLISHED);
            rig.backend(XenbusState.CONNECTED);
            rig.await(Phase.CONNECTED);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, Long.MAX_VALUE / 4})
    void shouldWait_whenItMayTakeForEver(long phaseNs) {
        try (DeviceRig rig = new DeviceRig(4, config -> config, phaseNs)) {
            rig.start();
            rig.xen.runFor(Duration.ofHours(1));
            rig.backend(XenbusState.INIT_WAIT);
            rig.await(Phase.PUBLISHED);
            rig.xen.runFor(Duration.ofHours(1));
            rig.backend(XenbusState.CONNECTED);
            rig.await(Phase.CONNECTED);
        }
    }
}
