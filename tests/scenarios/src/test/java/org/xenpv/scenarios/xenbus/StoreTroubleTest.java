package org.xenpv.scenarios.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.xenbus.FrontendStateMachine.Phase;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreException;

/** Xenstore fails a device's requests, for a while or for good: a working device works on, a connecting one tries on. */
class StoreTroubleTest {

    private static final Duration A_WHILE = Duration.ofSeconds(12);

    private static void assertStoreError(XenException reason, String errno) {
        assertThat(reason).isInstanceOf(XenstoreException.class);
        assertThat(((XenstoreException) reason).error()).isEqualTo(errno);
    }

    // ---- in service

    @ParameterizedTest
    @ValueSource(strings = {"EAGAIN", "EIO", "EQUOTA", "ENOSPC", StoreTrouble.SILENCE})
    void shouldStayInService_whenLooksFailForAWhile(String errno) {
        try (DeviceRig rig = new DeviceRig(1).connect()) {
            rig.trouble.answers(errno, XsMessageType.READ);
            rig.announce("7");
            rig.xen.runFor(A_WHILE);
            assertThat(rig.trouble.hits).isGreaterThan(1);
            assertThat(rig.front.phase()).isEqualTo(Phase.CONNECTED);
            assertThat(rig.driver.told).doesNotContain("failed");

            rig.trouble.heal();
            rig.xen.runFor(A_WHILE);
            assertThat(rig.driver.told).last().isEqualTo("refresh 7");
            assertThat(rig.frontState()).isEqualTo(XenbusState.CONNECTED);
            rig.xen.assertNoErrors();
        }
    }

    @Test
    void shouldStayInService_whenWhatChangedCannotBeReadForAWhile() {
        try (DeviceRig rig = new DeviceRig(2).connect()) {
            rig.trouble.conflicts();
            rig.announce("7");
            rig.xen.runFor(A_WHILE);
            assertThat(rig.trouble.hits).as("more than one transaction's tries").isGreaterThan(10);
            assertThat(rig.front.phase()).isEqualTo(Phase.CONNECTED);
            assertThat(rig.driver.told).doesNotContain("failed");

            rig.trouble.heal();
            rig.xen.runFor(A_WHILE);
            assertThat(rig.driver.told).last().isEqualTo("refresh 7");
        }
    }

    /** The backend's node is missing, and who the backend is now cannot be read: that is not yet the end. */
    @Test
    void shouldStayInService_whenItCannotBeReadWhetherAnotherBackendTookThePlace() {
        try (DeviceRig rig = new DeviceRig(3).connect()) {
            String state = rig.device.backendPath() + "/state";
            rig.trouble.answersAboutAfter(state, "/backend", "EIO", XsMessageType.READ);
            rig.xen.toolstack().remove(state);
            rig.xen.runFor(Duration.ofSeconds(3));
            assertThat(rig.trouble.hits).isPositive();
            assertThat(rig.front.phase()).isEqualTo(Phase.CONNECTED);

            rig.backend(XenbusState.CONNECTED);
            rig.trouble.heal();
            rig.xen.runFor(A_WHILE);
            assertThat(rig.front.phase()).isEqualTo(Phase.CONNECTED);
        }
    }

    @Test
    void shouldWriteConnectedInTheEnd_whenThatStateCannotBeWrittenForAWhile() {
        try (DeviceRig rig = new DeviceRig(4)) {
            rig.start();
            rig.backend(XenbusState.INIT_WAIT);
            rig.await(Phase.PUBLISHED);
            rig.trouble.answersAbout("/state", "EQUOTA", XsMessageType.WRITE);
            rig.backend(XenbusState.CONNECTED);
            rig.await(Phase.CONNECTED);
            rig.xen.runFor(A_WHILE);
            assertThat(rig.front.phase()).isEqualTo(Phase.CONNECTED);
            assertThat(rig.frontState()).isEqualTo(XenbusState.INITIALISED);

            rig.trouble.heal();
            rig.xen.runFor(A_WHILE);
            assertThat(rig.frontState()).isEqualTo(XenbusState.CONNECTED);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"EAGAIN", "EIO", "EQUOTA"})
    void shouldGiveUp_whenTheTriesAreOver(String errno) {
        try (DeviceRig rig = new DeviceRig(5).connect()) {
            rig.trouble.answers(errno, XsMessageType.READ);
            rig.announce("7");
            assertThat(rig.awaitEnd()).isBetween(5 * 1_000_000_000L, 60 * 1_000_000_000L);
            assertStoreError(rig.driver.reason, errno);
            assertThat(rig.trouble.hits).as("requests in all that time").isLessThan(500);
            rig.assertNothingHeld();
        }
    }

    /** Nobody would tell it any more that the backend closes, and nothing it wrote would arrive. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldEndAtOnce_whenTheConnectionToXenstoreIsGoneForGood(boolean connected) {
        try (DeviceRig rig = new DeviceRig(6, config -> config.withServerFeatures(0))) {
            if (connected) {
                rig.connect();
            } else {
                rig.start();
                rig.xen.runFor(DeviceRig.SOON);
            }
            rig.trouble.answers(StoreTrouble.GARBAGE, XsMessageType.READ);
            rig.backend(connected ? XenbusState.CONNECTED : XenbusState.INIT_WAIT);
            assertThat(rig.awaitEnd()).isLessThan(DeviceRig.SOON.toNanos());
            assertStoreError(rig.driver.reason, "EIO");
            assertThat(rig.driver.reason).hasMessageContaining("xenstore connection");
            assertThat(rig.driver.holdsAnything()).isFalse();
        }
    }

    /** The server offers to begin anew: every request fails once, every watch fires. */
    @Test
    void shouldStayInService_whenTheConnectionToXenstoreBeginsAnew() {
        try (DeviceRig rig = new DeviceRig(7).connect()) {
            rig.trouble.answers(StoreTrouble.GARBAGE, XsMessageType.READ);
            rig.trouble.once();
            rig.announce("7");
            rig.xen.runFor(A_WHILE);
            assertThat(rig.trouble.hits).isEqualTo(1);
            assertThat(rig.front.phase()).isEqualTo(Phase.CONNECTED);
            assertThat(rig.driver.told).contains("refresh 7").doesNotContain("failed");
            rig.announce("8");
            rig.xen.runFor(DeviceRig.SOON);
            assertThat(rig.driver.told).last().isEqualTo("refresh 8");
        }
    }

    // ---- connecting

    @ParameterizedTest
    @CsvSource({"EAGAIN, READ", "EIO, READ", "EIO, WRITE", "silence, READ", "silence, WRITE"})
    void shouldConnectInTheEnd_whenTheTroubleIsOverBeforeTheDeadline(String errno, XsMessageType type) {
        try (DeviceRig rig = new DeviceRig(8)) {
            rig.trouble.answers(errno, type);
            rig.start();
            rig.backend(XenbusState.INIT_WAIT);
            rig.xen.runFor(Duration.ofSeconds(4));
            assertThat(rig.trouble.hits).isPositive();
            rig.trouble.heal();
            assertThat(rig.xen.runUntil(() -> rig.front.phase() == Phase.PUBLISHED, Duration.ofSeconds(6)))
                    .isTrue();
            rig.backend(XenbusState.CONNECTED);
            rig.await(Phase.CONNECTED);
            rig.xen.runFor(DeviceRig.SOON);
            assertThat(rig.driver.told).containsOnlyOnce("publish").doesNotContain("failed");
            assertThat(rig.frontState()).isEqualTo(XenbusState.CONNECTED);
        }
    }

    @Test
    void shouldPublishTheSameRingsOnce_whenItsTransactionConflictsMoreOftenThanItIsTried() {
        try (DeviceRig rig = new DeviceRig(9)) {
            rig.start();
            rig.xen.runFor(DeviceRig.SOON);
            rig.trouble.answersAbout("/event-channel", "EAGAIN", XsMessageType.WRITE);
            rig.backend(XenbusState.INIT_WAIT);
            rig.xen.runFor(Duration.ofSeconds(8));
            assertThat(rig.trouble.hits).as("more than one transaction's tries").isGreaterThan(10);
            rig.trouble.heal();
            rig.await(Phase.PUBLISHED);
            assertThat(rig.driver.told).containsExactly("publish");
            assertThat(rig.front("event-channel")).isNotNull();
        }
    }

    @ParameterizedTest
    @CsvSource({"EAGAIN, READ", "EIO, READ", "EIO, WRITE"})
    void shouldNameTheLastErrorOfXenstore_whenTheDeadlinePasses(String errno, XsMessageType type) {
        try (DeviceRig rig = new DeviceRig(10)) {
            rig.trouble.answers(errno, type);
            rig.start();
            rig.backend(XenbusState.INIT_WAIT);
            assertThat(rig.awaitEnd()).isLessThan(5 * DeviceRig.PHASE_NS);
            assertThat(rig.driver.reason)
                    .isInstanceOf(XenTimeoutException.class)
                    .hasMessageContaining(": " + errno);
            rig.assertNothingHeld();
        }
    }

    @Test
    void shouldNotNameAnErrorThatWasOverLongAgo_whenTheDeadlinePasses() {
        try (DeviceRig rig = new DeviceRig(11)) {
            rig.trouble.answers("EAGAIN", XsMessageType.READ);
            rig.start();
            rig.xen.runFor(Duration.ofSeconds(1));
            rig.trouble.heal();
            rig.awaitEnd();
            assertThat(rig.driver.reason).isInstanceOf(XenTimeoutException.class);
            assertThat(rig.driver.reason.getMessage()).doesNotContain("EAGAIN");
        }
    }

    /** Waiting does not mend these. */
    @ParameterizedTest
    @CsvSource({"EQUOTA, WRITE", "ENOSPC, WRITE", "EACCES, READ", "EINVAL, READ"})
    void shouldFailAtOnce_whenXenstoreRefusesWhatTheHandshakeNeeds(String errno, XsMessageType type) {
        try (DeviceRig rig = new DeviceRig(12)) {
            rig.start();
            rig.xen.runFor(DeviceRig.SOON);
            rig.trouble.answers(errno, type);
            rig.backend(XenbusState.INIT_WAIT);
            assertThat(rig.xen.runUntil(() -> rig.driver.told.contains("failed"), DeviceRig.SOON))
                    .isTrue();
            rig.awaitEnd();
            assertStoreError(rig.driver.reason, errno);
            rig.assertNothingHeld();
        }
    }
}
