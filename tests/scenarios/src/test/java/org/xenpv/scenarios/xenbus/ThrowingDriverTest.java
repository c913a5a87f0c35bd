package org.xenpv.scenarios.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.fault.XenException;
import org.xenpv.xenbus.FrontendStateMachine.Phase;
import org.xenpv.xenbus.XenbusState;

/** Whatever a driver throws fails its device with that cause, releases what it had made, and ends it. */
class ThrowingDriverTest {

    static Stream<Arguments> throwers() {
        return Stream.of("publish", "connected", "refresh", "backendKeys")
                .flatMap(method -> Stream.of(
                                new XenException("own"),
                                new IllegalStateException("state"),
                                new IllegalArgumentException("argument"),
                                new AssertionError("error"))
                        .map(thrown -> Arguments.of(method, thrown)));
    }

    @ParameterizedTest
    @MethodSource("throwers")
    void shouldFailTheDeviceWithItsCause_whenItsDriverThrows(String method, Throwable thrown) {
        try (DeviceRig rig = new DeviceRig(1)) {
            if (method.equals("refresh")) {
                rig.connect();
                rig.driver.throwAt(method, thrown);
                rig.announce("7");
            } else {
                rig.driver.throwAt(method, thrown);
                rig.start();
                rig.backend(XenbusState.INIT_WAIT);
                if (method.equals("connected")) {
                    rig.await(Phase.PUBLISHED);
                    rig.backend(XenbusState.CONNECTED);
                }
            }
            assertThat(rig.xen.runUntil(() -> rig.driver.told.contains("failed"), DeviceRig.SOON))
                    .as("told at once")
                    .isTrue();
            assertThat(rig.xen.runUntil(() -> rig.frontState() == XenbusState.CLOSING, DeviceRig.SOON))
                    .isTrue();
            rig.backend(XenbusState.CLOSED);
            assertThat(rig.awaitEnd()).isLessThan(DeviceRig.SOON.toNanos());
            if (thrown instanceof XenException) {
                assertThat(rig.driver.reason).isSameAs(thrown);
            } else {
                assertThat(rig.driver.reason).hasCause(thrown).hasMessageContaining(rig.device.nodename());
            }
            rig.assertNothingHeld();
            assertThat(rig.guest.errors()).hasSize(thrown instanceof Error ? 1 : 0);
        }
    }

    @Test
    void shouldEndAllTheSame_whenTheDriverThrowsWhateverItIsTold() {
        try (DeviceRig rig = new DeviceRig(2).connect()) {
            for (String method : List.of("failed", "ended")) {
                rig.driver.throwAt(method, new IllegalStateException(method));
                if (method.equals("failed")) {
                    rig.guest.run(g -> rig.front.fail(new XenException("broken")));
                    assertThat(rig.front.phase()).isEqualTo(Phase.CLOSING);
                }
            }
            rig.backend(XenbusState.CLOSED);
            rig.awaitEnd();
            assertThat(rig.driver.reason).hasMessage("broken");
            rig.assertNothingHeld();
            assertThat(rig.guest.errors()).hasSize(2);
        }
    }
}
