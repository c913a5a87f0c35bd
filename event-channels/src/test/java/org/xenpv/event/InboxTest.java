package org.xenpv.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class InboxTest {

    static Stream<Inbox> inboxesOfFour() {
        return Stream.of(new LocalInbox(4), new ConcurrentInbox(4));
    }

    @ParameterizedTest
    @MethodSource("inboxesOfFour")
    void shouldKeepOrder_andRefuseWhatIsTooMuch(Inbox inbox) {
        assertThat(inbox.capacity()).isEqualTo(4);
        assertThat(inbox.isEmpty()).isTrue();
        assertThat(inbox.poll()).isNull();
        Runnable[] actions = new Runnable[5];
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 5; i++) {
                int number = i;
                actions[i] = () -> assertThat(number).isNotNegative();
                assertThat(inbox.offer(actions[i])).isEqualTo(i < 4);
            }
            assertThat(inbox.isEmpty()).isFalse();
            for (int i = 0; i < 4; i++) {
                assertThat(inbox.poll()).isSameAs(actions[i]);
            }
            assertThat(inbox.poll()).isNull();
            assertThat(inbox.isEmpty()).isTrue();
        }
    }

    @Test
    void shouldRefuseCapacitiesThatCannotBe() {
        assertThatIllegalArgumentException().isThrownBy(() -> new LocalInbox(0));
        assertThatIllegalArgumentException().isThrownBy(() -> new ConcurrentInbox(1));
        assertThatIllegalArgumentException().isThrownBy(() -> new ConcurrentInbox((1 << 30) + 1));
        assertThat(new LocalInbox(1).offer(() -> {})).isTrue();
        assertThat(new ConcurrentInbox(3).capacity()).isEqualTo(4);
    }

    @Test
    void shouldRefuseLimitsThatCannotBe() {
        EventLoopLimits limits = EventLoopLimits.DEFAULT;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> limits.withBudget(0))
                .withMessage("budget=0, must be at least 1");
        assertThatIllegalArgumentException().isThrownBy(() -> limits.withWatchdog(0));
        assertThatIllegalArgumentException().isThrownBy(() -> limits.withWatchdog(Long.MAX_VALUE));
        assertThatIllegalArgumentException().isThrownBy(() -> limits.withReenable(-1, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> limits.withReenable(1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> limits.withReenable(1_000_000_001L, 1));
        assertThat(limits.withBudget(1).withWatchdog(1).withReenable(0, 1).budget())
                .isEqualTo(1);
    }
}
