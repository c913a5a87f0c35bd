package org.xenpv.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.event.EventLoop.Registration;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EventLoopTest {

    private static final long MS = 1_000_000L;

    private final ManualClock clock = new ManualClock(1_000);
    private final PortModel ports = new PortModel(clock);
    private final LocalInbox inbox = new LocalInbox(8);
    private final EventLoop loop = new EventLoop(ports, clock, inbox);
    private final List<String> errors = new ArrayList<>();

    /** Work that arrives with events and is done one item at a time. */
    private static final class Device implements EventLoop.Handler {
        int work;
        int calls;
        boolean awaiting;

        @Override
        public int poll(int budget) {
            calls++;
            int done = Math.min(work, budget);
            work -= done;
            return done;
        }

        @Override
        public boolean awaiting() {
            return awaiting;
        }
    }

    {
        loop.errorSink((where, error) -> errors.add(where + ": " + error.getMessage()));
    }

    private void quiesce() {
        for (int i = 0; loop.runOnce(); i++) {
            assertThat(i).as("turns until quiet").isLessThan(1000);
        }
    }

    @Test
    void shouldPollHandlerOnceAndUnmask_whenRegistered() {
        Device device = new Device();
        loop.register(5, "device", device);
        quiesce();
        assertThat(device.calls).isEqualTo(1);
        assertThat(ports.log).containsExactly("1000 unmask 5");
        assertThat(loop.pollAt()).isEqualTo(EventLoop.NEVER);
    }

    @Test
    void shouldServeTheEvent_whenItCameBeforeTheRegistration() {
        ports.raise(5);
        assertThat(loop.runOnce()).isTrue();
        assertThat(loop.stats().strayEvents()).isEqualTo(1);
        assertThat(ports.masked[5]).isTrue();
        Device device = new Device();
        device.work = 1;
        loop.register(5, "device", device);
        quiesce();
        assertThat(device.work).isZero();
        assertThat(ports.masked[5]).isFalse();
    }

    @Test
    void shouldKeepThePortMasked_untilTheHandlerIsDone() {
        Device device = new Device();
        loop.register(5, "device", device, 2);
        quiesce();
        ports.log.clear();
        device.work = 5;
        ports.raise(5);
        loop.runOnce();
        assertThat(device.work).isEqualTo(3);
        assertThat(ports.masked[5]).isTrue();
        ports.raise(5);
        loop.runOnce();
        assertThat(device.work).isEqualTo(1);
        assertThat(ports.masked[5]).isTrue();
        loop.runOnce();
        assertThat(device.work).isZero();
        assertThat(ports.log).containsExactly("1000 unmask 5");
        assertThat(loop.stats().events()).isEqualTo(1);
        quiesce();
        assertThat(loop.stats().events()).as("the event that came while masked").isEqualTo(2);
    }

    @Test
    void shouldLookAtAllThatCame_beforeADeadlineThatPassedWhileNobodyRanIt() {
        Device device = new Device();
        List<Integer> left = new ArrayList<>();
        loop.register(5, "device", device, 2);
        loop.at(clock.nowNs + 50 * MS, () -> left.add(device.work));
        quiesce();
        clock.advance(10_000 * MS);
        device.work = 5;
        ports.raise(5);
        quiesce();
        assertThat(left).containsExactly(0);
    }

    @Test
    void shouldNotHoldADeadlineBackForEver_whenWorkNeverEnds() {
        Device device = new Device();
        device.work = Integer.MAX_VALUE;
        boolean[] ran = new boolean[1];
        loop.register(5, "device", device, 2);
        loop.at(clock.nowNs + 50 * MS, () -> ran[0] = true);
        clock.advance(10_000 * MS);
        for (int turn = 0; turn < 65; turn++) {
            assertThat(ran[0]).as("turn " + turn).isFalse();
            loop.runOnce();
        }
        assertThat(ran[0]).isTrue();
    }

    @Test
    void shouldRunActionsInOrder_andRefuseWhenTheInboxIsFull() {
        List<Integer> ran = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int number = i;
            loop.execute(() -> ran.add(number));
        }
        assertThatThrownBy(() -> loop.execute(() -> ran.add(99)))
                .isInstanceOf(InboxFullException.class)
                .hasMessage("inbox is full, capacity=8");
        assertThat(ran).isEmpty();
        assertThat(loop.pollAt()).isEqualTo(clock.nowNs);
        quiesce();
        assertThat(ran).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    }

    @Test
    void shouldCountAndGoOn_whenAnythingThrows() {
        Runnable thrower = () -> {
            throw new IllegalStateException("boom");
        };
        Device device = new Device();
        loop.register(6, "good", device);
        loop.register(5, "bad", budget -> {
            thrower.run();
            return 0;
        });
        loop.execute(thrower);
        loop.at(clock.nowNs, thrower);
        loop.addSource(() -> {
            thrower.run();
            return false;
        });
        loop.runOnce();
        assertThat(errors).containsExactly("inbox: boom", "bad: boom", "timer: boom", "source: boom");
        assertThat(loop.stats().errors()).isEqualTo(4);
        assertThat(device.calls).isEqualTo(1);
    }

    @Test
    void shouldRefuseToRun_fromInsideAHandler() {
        loop.register(5, "nested", budget -> {
            assertThat(loop.dispatching()).isTrue();
            loop.runUntil(() -> true, EventLoop.NEVER);
            return 0;
        });
        loop.runOnce();
        assertThat(errors).hasSize(1);
        assertThat(errors.get(0)).startsWith("nested: the loop is running already");
        assertThat(loop.dispatching()).isFalse();
    }

    @Test
    void shouldReturnFalse_whenTheDeadlinePasses() {
        assertThat(loop.runUntil(() -> false, clock.nowNs + 3 * MS)).isFalse();
        assertThat(clock.nowNs).isEqualTo(1_000 + 3 * MS);
    }

    @Test
    void shouldReturnFalse_whenTheDeadlinePassesAndWorkNeverEnds() {
        loop.addSource(() -> {
            clock.advance(MS);
            return true;
        });
        assertThat(loop.runUntil(() -> false, clock.nowNs + 3 * MS)).isFalse();
        assertThat(loop.stats().turns()).isBetween(3L, 5L);
    }

    @Test
    void shouldTellTheTimeOfTheTurn_withoutALookAtTheClock() {
        List<Long> told = new ArrayList<>();
        loop.addSource(() -> {
            told.add(loop.nowNs());
            clock.advance(MS);
            told.add(loop.nowNs());
            return told.size() < 4;
        });
        int looks = clock.looks;
        loop.runUntil(() -> told.size() == 4, EventLoop.NEVER);
        assertThat(clock.looks - looks).as("one a turn").isEqualTo(2);
        assertThat(told).containsExactly(1_000L, 1_000L, 1_000L + MS, 1_000L + MS);
        assertThat(loop.nowNs()).as("outside of a turn").isEqualTo(1_000L + 2 * MS);
    }

    @Test
    void shouldWaitForAnEvent_thenReturn() {
        Device device = new Device();
        loop.register(5, "device", device);
        ports.plan.put(2 * MS, () -> {
            device.work = 1;
            ports.raise(5);
        });
        device.awaiting = true;
        assertThat(loop.runUntil(() -> device.calls == 2, clock.nowNs + 50 * MS))
                .isTrue();
        assertThat(clock.nowNs).isEqualTo(2 * MS);
        assertThat(loop.stats().watchdogPolls()).isZero();
    }

    @Test
    void shouldNotCallACancelledRegistration() {
        Device device = new Device();
        Registration registration = loop.register(5, "device", device);
        quiesce();
        ports.raise(5);
        registration.cancel();
        registration.cancel();
        loop.ready(registration);
        quiesce();
        assertThat(device.calls).isEqualTo(1);
        assertThat(ports.masked[5]).isTrue();
    }
}
