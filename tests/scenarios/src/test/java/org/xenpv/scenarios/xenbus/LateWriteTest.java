package org.xenpv.scenarios.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.fault.XenException;
import org.xenpv.xenbus.FrontendStateMachine.Phase;
import org.xenpv.xenbus.XenbusFrontend;
import org.xenpv.xenbus.XenbusState;

/** Nothing of a device that was closed is written late, when a new device stands in its place. */
class LateWriteTest {

    private static final List<Phase> STAGES = List.of(Phase.INIT, Phase.PUBLISHING, Phase.PUBLISHED, Phase.CONNECTED);

    static Stream<Arguments> stages() {
        List<Arguments> all = new ArrayList<>();
        for (Phase stage : STAGES) {
            for (boolean late : new boolean[] {false, true}) {
                for (boolean ended : new boolean[] {false, true}) {
                    all.add(Arguments.of(stage, late, ended));
                }
            }
        }
        return all.stream();
    }

    /** Every transaction conflicts from now on: what is to be written waits to be tried again. */
    private static void reach(DeviceRig rig, Phase stage) {
        if (stage == Phase.CONNECTED) {
            rig.connect();
            rig.trouble.conflicts();
            return;
        }
        rig.start();
        rig.xen.runFor(DeviceRig.SOON);
        if (stage == Phase.PUBLISHED) {
            rig.backend(XenbusState.INIT_WAIT);
            rig.await(Phase.PUBLISHED);
        }
        rig.trouble.conflicts();
        if (stage == Phase.PUBLISHING) {
            rig.backend(XenbusState.INIT_WAIT);
            rig.await(Phase.PUBLISHING);
            rig.xen.runFor(DeviceRig.SOON);
        }
        assertThat(rig.front.phase()).isEqualTo(stage);
    }

    @ParameterizedTest(name = "closed while {0}, watch events late: {1}, healed once it has ended: {2}")
    @MethodSource("stages")
    void shouldWriteNothingIntoTheNewDirectory_whenItIsMadeWhileADeviceThatWasClosedHasSomethingToWrite(
            Phase stage, boolean eventsLate, boolean healedOnceEnded) {
        try (DeviceRig rig = new DeviceRig(stage.ordinal())) {
            reach(rig, stage);
            if (eventsLate) {
                rig.trouble.eventsLate(1_000_000_000L);
            }
            rig.closeDevice();
            rig.xen.runFor(Duration.ofMillis(2));
            rig.makeAnew();
            if (healedOnceEnded) {
                rig.awaitEnd();
            }
            rig.trouble.heal();
            rig.xen.runFor(Duration.ofSeconds(60));
            assertThat(rig.driver.told).contains("ended");
            assertThat(rig.frontState()).isEqualTo(XenbusState.INITIALISING);
            assertThat(rig.front("ring-ref")).isNull();
            rig.assertNothingHeld();
            rig.xen.assertNoErrors();
        }
    }

    /** What a closed device wrote anyhow, before it noticed, is not its rings. */
    @Test
    void shouldNotPublish_whenClosedWhilePublishingIsTriedAgain() {
        try (DeviceRig rig = new DeviceRig(1)) {
            reach(rig, Phase.PUBLISHING);
            rig.closeDevice();
            rig.trouble.heal();
            rig.xen.runFor(Duration.ofSeconds(60));
            assertThat(rig.driver.told).contains("ended");
            assertThat(rig.front("ring-ref")).isNull();
            assertThat(rig.frontState()).isNotEqualTo(XenbusState.INITIALISED);
            rig.assertNothingHeld();
        }
    }

    /** Closing is late, Closed is not: the older must not be written over the newer. */
    @Test
    void shouldEndWithClosed_whenAnEarlierStateConflicted() {
        try (DeviceRig rig = new DeviceRig(2).connect()) {
            rig.trouble.conflicts();
            rig.closeDevice();
            rig.await(Phase.CLOSING);
            rig.xen.runFor(Duration.ofMillis(500)); // the next try is some 300 ms away
            rig.trouble.heal();
            rig.backend(XenbusState.CLOSING);
            rig.backend(XenbusState.CLOSED);
            rig.awaitEnd();
            rig.xen.runFor(Duration.ofSeconds(10));
            assertThat(rig.frontState()).isEqualTo(XenbusState.CLOSED);
            rig.assertNothingHeld();
        }
    }

    /** The ordinary case: the state is Closed in the end, from wherever it was closed. */
    @ParameterizedTest
    @MethodSource("stages")
    void shouldSayClosed_whenNothingIsInTheWay(Phase stage, boolean eventsLate, boolean ignored) {
        try (DeviceRig rig = new DeviceRig(10 + stage.ordinal())) {
            reach(rig, stage);
            rig.trouble.heal();
            if (stage == Phase.PUBLISHING) {
                rig.xen.runFor(Duration.ofSeconds(2));
                rig.await(Phase.PUBLISHED);
            }
            if (eventsLate) {
                rig.trouble.eventsLate(1_000_000L);
            }
            rig.closeDevice();
            rig.awaitEnd();
            rig.xen.runFor(DeviceRig.SOON);
            assertThat(rig.frontState()).isEqualTo(XenbusState.CLOSED);
        }
    }

    /** By the time it looks, the new backend waits as the old one did; only its own state tells. */
    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            names = {"PUBLISHED", "CONNECTED"})
    void shouldConnectAgain_whenTheDeviceIsMadeAnewUnnoticed(Phase stage) {
        try (DeviceRig rig = new DeviceRig(20 + stage.ordinal())) {
            reach(rig, stage);
            rig.trouble.heal();
            rig.trouble.eventsLate(1_000_000_000L);
            rig.makeAnew();
            rig.backend(XenbusState.INIT_WAIT);
            rig.trouble.eventsLate(0);
            rig.xen.runFor(Duration.ofMillis(1500));
            assertThat(rig.front.phase()).isEqualTo(Phase.PUBLISHED);
            assertThat(rig.front("ring-ref")).isNotNull();
            rig.backend(XenbusState.CONNECTED);
            rig.await(Phase.CONNECTED);
            assertThat(rig.driver.told).doesNotContain("failed");
        }
    }

    /** Another device of the same guest works there already, when the old one has something to write. */
    @ParameterizedTest(name = "ends while {0}, watch events late: {1}, broken: {2}")
    @MethodSource("stages")
    void shouldLeaveTheNextDevicesStateAlone_howeverLongItTakesToEnd(Phase stage, boolean eventsLate, boolean broken) {
        try (DeviceRig rig = new DeviceRig(40 + stage.ordinal())) {
            reach(rig, stage);
            rig.trouble.heal();
            if (eventsLate) {
                rig.trouble.eventsLate(1_000_000_000L);
            }
            if (broken) {
                rig.guest.run(g -> rig.front.fail(new XenException("broken")));
            } else {
                rig.closeDevice();
            }
            rig.xen.runFor(Duration.ofMillis(2)); // Closing stands there; the backend does nothing
            rig.makeAnew();
            RecordingDriver next = new RecordingDriver(rig.guest.guest());
            XenbusFrontend front =
                    new XenbusFrontend(rig.guest.guest(), rig.device.nodename(), next, DeviceRig.PHASE_NS);
            rig.guest.run(g -> front.start());
            rig.backend(XenbusState.INIT_WAIT);
            assertThat(rig.xen.runUntil(() -> front.phase() == Phase.PUBLISHED, Duration.ofSeconds(8)))
                    .isTrue();
            rig.backend(XenbusState.CONNECTED);
            for (int second = 0; second < 60; second++) {
                rig.xen.runFor(Duration.ofSeconds(1));
                assertThat(rig.frontState())
                        .as("seed=%d after %d s", rig.seed, second)
                        .isEqualTo(XenbusState.CONNECTED);
            }
            assertThat(rig.driver.told).contains("ended");
            assertThat(front.phase()).isEqualTo(Phase.CONNECTED);
            assertThat(next.told).doesNotContain("stop", "ended");
        }
    }

    /** Its state was Initialising, as that of the new one is, and nothing has told it yet that there is a new one. */
    @Test
    void shouldNotWriteClosingOverANewDirectory_whenItHadPublishedNothing() {
        try (DeviceRig rig = new DeviceRig(30)) {
            reach(rig, Phase.PUBLISHING);
            rig.backend(XenbusState.INITIALISED); // not one to close with: it stays in Closing
            rig.xen.runFor(DeviceRig.SOON);
            rig.trouble.eventsLate(1_000_000_000L);
            rig.closeDevice();
            rig.xen.runFor(Duration.ofMillis(2));
            assertThat(rig.front.phase()).isEqualTo(Phase.CLOSING);
            rig.makeAnew();
            rig.trouble.heal();
            rig.xen.runFor(Duration.ofMillis(900));
            assertThat(rig.frontState()).isEqualTo(XenbusState.INITIALISING);
            rig.awaitEnd();
            rig.xen.runFor(Duration.ofSeconds(10));
            assertThat(rig.frontState()).isEqualTo(XenbusState.INITIALISING);
            rig.assertNothingHeld();
        }
    }
}
