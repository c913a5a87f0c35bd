package org.xenpv.scenarios.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.xenbus.FrontendStateMachine.Phase;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreException;

/** Xenstore refuses a watch: who connects is told at once, with its error; who is in service tries again. */
class RefusedWatchTest {

    @ParameterizedTest
    @CsvSource({
        "/backend, EQUOTA",
        "/backend, EACCES",
        "/backend, EINVAL",
        "/state, EQUOTA",
        "/state, EACCES",
        "/state, EINVAL",
        "/state, E2BIG",
    })
    void shouldFailAtOnceWithXenstoresError_whenAWatchIsRefusedDuringTheHandshake(String path, String errno) {
        try (DeviceRig rig = new DeviceRig(1)) {
            rig.trouble.answersAbout(path, errno, XsMessageType.WATCH);
            rig.start();
            assertThat(rig.xen.runUntil(() -> rig.driver.told.contains("failed"), DeviceRig.SOON))
                    .isTrue();
            rig.awaitEnd();
            assertThat(rig.driver.reason).isInstanceOf(XenstoreException.class).hasMessageContaining(": " + errno);
            assertThat(rig.driver.reason.getMessage()).contains("watch ").contains(path);
            assertThat(rig.xen.toolstack().read(rig.guest.home() + "/error/" + rig.device.nodename() + "/error"))
                    .contains(errno);
        }
    }

    /** A quota that is really used up, by a server that really refuses. */
    @Test
    void shouldFailAtOnce_whenTheDomainHasTooManyWatches() {
        try (DeviceRig rig =
                new DeviceRig(2, config -> config.withQuotas(config.quotas().with("watches", 1)))) {
            rig.start();
            assertThat(rig.xen.runUntil(() -> rig.driver.told.contains("failed"), DeviceRig.SOON))
                    .isTrue();
            rig.awaitEnd();
            assertThat(rig.driver.reason).isInstanceOf(XenstoreException.class).hasMessageContaining("watch ");
            rig.assertNothingHeld();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"EAGAIN", "EIO"})
    void shouldRegisterAgain_whenAWatchIsNotRegisteredForAWhile(String errno) {
        try (DeviceRig rig = new DeviceRig(3)) {
            rig.trouble.answers(errno, XsMessageType.WATCH);
            rig.start();
            rig.backend(XenbusState.INIT_WAIT);
            rig.xen.runFor(Duration.ofSeconds(7));
            assertThat(rig.driver.told).isEmpty();
            rig.trouble.heal();
            assertThat(rig.xen.runUntil(() -> rig.front.phase() == Phase.PUBLISHED, Duration.ofSeconds(3)))
                    .isTrue();
        }
    }

    /** Registered again after the connection began anew, a watch is refused for a while. */
    @ParameterizedTest
    @ValueSource(strings = {"EQUOTA", "EAGAIN"})
    void shouldStayInService_whenAWatchIsRefusedAfterTheConnectionBeganAnew(String errno) {
        try (DeviceRig rig = new DeviceRig(4).connect()) {
            rig.trouble.answers(StoreTrouble.GARBAGE, XsMessageType.READ);
            rig.trouble.afterwards(errno, XsMessageType.WATCH);
            rig.announce("7");
            rig.xen.runFor(Duration.ofSeconds(12));
            assertThat(rig.trouble.hits).isGreaterThan(2);
            assertThat(rig.front.phase()).isEqualTo(Phase.CONNECTED);
            rig.trouble.heal();
            rig.xen.runFor(Duration.ofSeconds(12));
            rig.announce("8");
            rig.xen.runFor(DeviceRig.SOON);
            assertThat(rig.driver.told).doesNotContain("failed").last().isEqualTo("refresh 8");
        }
    }
}
