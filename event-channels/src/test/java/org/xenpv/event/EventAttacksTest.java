package org.xenpv.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.event.EventLoop.Registration;

/** What events can do to a loop, in virtual time. The letters are those of the table of attacks on event channels. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EventAttacksTest {

    private static final long MS = 1_000_000L;
    private static final long SECOND = 1_000 * MS;

    private final ManualClock clock = new ManualClock(0);
    private final PortModel ports = new PortModel(clock);
    private final EventLoopLimits limits = EventLoopLimits.DEFAULT.withReenable(0, 1);
    private EventLoop loop = loop(limits);

    private EventLoop loop(EventLoopLimits with) {
        EventLoop made = new EventLoop(ports, clock, new LocalInbox(), with);
        made.errorSink((where, error) -> {
            throw new AssertionError(where, error);
        });
        return made;
    }

    /** Serves work one item at a time; its port is flooded as soon as it is unmasked. */
    private static class Device implements EventLoop.Handler {
        int work;
        int calls;
        int served;
        boolean awaiting;

        @Override
        public int poll(int budget) {
            calls++;
            int done = Math.min(work, budget);
            work -= done;
            served += done;
            return done;
        }

        @Override
        public boolean awaiting() {
            return awaiting;
        }
    }

    private final Device device = new Device();

    @BeforeEach
    void quiet() {
        ports.log.clear();
    }

    private void quiesce() {
        for (int i = 0; loop.runOnce(); i++) {
            assertThat(i).as("turns until quiet").isLessThan(1000);
        }
    }

    /** Runs until the port is unmasked, and says how long that took. */
    private long untilUnmasked(int port) {
        long startNs = clock.nowNs;
        assertThat(loop.runUntil(() -> !ports.masked[port], startNs + 10 * SECOND))
                .isTrue();
        return clock.nowNs - startNs;
    }

    @Test
    void e1_shouldUnmaskLaterAndLater_whenEventsBringNoWork() {
        loop.register(5, "device", device);
        quiesce();
        List<Long> delaysMs = new ArrayList<>();
        for (int i = 0; i < 15; i++) {
            ports.raise(5);
            loop.runOnce();
            delaysMs.add(untilUnmasked(5) / MS);
        }
        assertThat(delaysMs)
                .containsExactly(0L, 0L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 512L, 1000L, 1000L, 1000L, 1000L);
        assertThat(loop.stats().spuriousEvents()).isEqualTo(15);
        assertThat(loop.stats().delayedUnmasks()).isEqualTo(13);
        assertThat(device.calls).isEqualTo(16);
    }

    @Test
    void e1_shouldUnmaskAtOnce_whenAnEventBringsWorkAgain() {
        loop.register(5, "device", device);
        quiesce();
        for (int i = 0; i < 6; i++) {
            ports.raise(5);
            loop.runOnce();
            untilUnmasked(5);
        }
        device.work = 1;
        ports.raise(5);
        loop.runOnce();
        assertThat(untilUnmasked(5)).isZero();
        ports.raise(5);
        loop.runOnce();
        assertThat(untilUnmasked(5)).as("counting starts again").isZero();
    }

    @Test
    void e1_shouldUnmask_whenTheDeadlineWouldReadAsNever() {
        clock.nowNs = EventLoop.NEVER - 2 * MS;
        loop = loop(limits);
        loop.register(5, "device", device);
        quiesce();
        for (int i = 0; i < 3; i++) {
            ports.raise(5);
            loop.runOnce();
        }
        assertThat(ports.masked[5]).isTrue();
        clock.advance(2 * MS + 1);
        loop.runOnce();
        assertThat(ports.masked[5]).isFalse();
    }

    @Test
    void e1_shouldForget_whenSpuriousEventsAreRare() {
        loop.register(5, "device", device);
        quiesce();
        for (int i = 0; i < 20; i++) {
            clock.advance(SECOND + 1);
            ports.raise(5);
            loop.runOnce();
            assertThat(ports.masked[5]).isFalse();
        }
        assertThat(loop.stats().spuriousEvents()).isEqualTo(20);
        assertThat(loop.stats().delayedUnmasks()).isZero();
    }

    @Test
    void e1_shouldBoundTheCallsPerSecond_whenTheStormNeverEnds() {
        loop.register(5, "device", device);
        quiesce();
        // The other end sends the moment it can.
        long endNs = clock.nowNs + 60 * SECOND;
        loop.addSource(() -> {
            ports.raise(5);
            return false;
        });
        loop.runUntil(() -> false, endNs);
        assertThat(device.calls).isLessThan(80);
    }

    @Test
    void e2_shouldReenableAtTheRateOfTheBucket_whenEveryEventBringsOneItem() {
        long intervalNs = 10_000;
        int burst = 100;
        loop = loop(EventLoopLimits.DEFAULT.withReenable(intervalNs, burst));
        loop.register(5, "device", device);
        loop.addSource(() -> {
            if (!ports.masked[5] && !ports.pending[5]) {
                device.work = 1;
                ports.raise(5);
                return true;
            }
            return false;
        });
        long startNs = clock.nowNs;
        loop.runUntil(() -> false, startNs + 10 * MS);
        // 10 ms hold 1000 intervals; the registration itself took the first of the burst.
        assertThat(device.served).isBetween(1000 + burst - 2, 1000 + burst);
        assertThat(loop.stats().delayedUnmasks()).isBetween(999L, 1001L);
        assertThat(loop.stats().spuriousEvents()).isZero();
    }

    @Test
    void e2_shouldNotDelay_whenTheRateIsBelowTheBucket() {
        loop = loop(EventLoopLimits.DEFAULT.withReenable(10_000, 1));
        loop.register(5, "device", device);
        quiesce();
        for (int i = 0; i < 1000; i++) {
            clock.advance(10_000);
            device.work = 1;
            ports.raise(5);
            loop.runOnce();
            assertThat(ports.masked[5]).isFalse();
        }
        assertThat(loop.stats().delayedUnmasks()).isZero();
    }

    @Test
    void e3_shouldLookAnyway_whenTheEventIsLost() {
        loop.register(5, "device", device);
        quiesce();
        device.awaiting = true;
        device.work = 1;
        long startNs = clock.nowNs;
        assertThat(loop.runUntil(() -> device.served == 1, startNs + SECOND)).isTrue();
        assertThat(clock.nowNs - startNs).isEqualTo(limits.watchdogNs());
        assertThat(loop.stats().watchdogPolls()).isEqualTo(1);
        device.awaiting = false;
        assertThat(loop.runUntil(() -> false, clock.nowNs + SECOND)).isFalse();
        assertThat(loop.stats().watchdogPolls()).isEqualTo(1);
    }

    @Test
    void e3_shouldLookOncePerPeriod_whileNothingComes() {
        loop.register(5, "device", device);
        quiesce();
        device.awaiting = true;
        loop.runUntil(() -> false, clock.nowNs + 10 * limits.watchdogNs());
        assertThat(loop.stats().watchdogPolls()).isEqualTo(10);
        assertThat(loop.stats().spuriousEvents())
                .as("no event, no spurious event")
                .isZero();
    }

    @Test
    void e3_shouldLookEvenIfTheLoopIsNeverIdle() {
        loop.register(5, "device", device);
        Device noisy = new Device();
        noisy.work = Integer.MAX_VALUE;
        loop.register(6, "noisy", noisy);
        loop.runOnce();
        device.awaiting = true;
        device.work = 1;
        for (int i = 0; i < 250 && device.served == 0; i++) {
            clock.advance(MS);
            loop.runOnce();
        }
        assertThat(device.served).isEqualTo(1);
    }

    @Test
    void e3_shouldEndTheDelay_whenTheWatchdogFindsWork() {
        loop.register(5, "device", device);
        quiesce();
        for (int i = 0; i < 13; i++) {
            ports.raise(5);
            loop.runOnce();
            untilUnmasked(5);
        }
        ports.raise(5);
        loop.runOnce();
        assertThat(ports.masked[5]).isTrue();
        device.awaiting = true;
        device.work = 1;
        assertThat(untilUnmasked(5)).isEqualTo(limits.watchdogNs());
        assertThat(device.served).isEqualTo(1);
    }

    @Test
    void e3_shouldNotProlongTheDelay_whenTheWatchdogFindsNothing() {
        loop.register(5, "device", device);
        quiesce();
        for (int i = 0; i < 13; i++) {
            ports.raise(5);
            loop.runOnce();
            untilUnmasked(5);
        }
        device.awaiting = true;
        ports.raise(5);
        loop.runOnce();
        assertThat(untilUnmasked(5)).isEqualTo(SECOND);
        assertThat(loop.stats().watchdogPolls()).isGreaterThan(5);
    }

    @Test
    void e3_shouldLookInTheTurnThatIsAskedFor_whenOthersHadEventsMeanwhile() {
        loop.register(5, "device", device);
        loop.register(6, "other", new Device());
        quiesce();
        device.awaiting = true;
        long lookNs = loop.pollAt();
        assertThat(lookNs - clock.nowNs).isEqualTo(limits.watchdogNs());
        clock.advance(limits.watchdogNs() / 2);
        ports.raise(6);
        quiesce();
        assertThat(loop.pollAt()).isEqualTo(lookNs);
        clock.nowNs = lookNs;
        int callsBefore = device.calls;
        loop.runOnce();
        assertThat(device.calls).isEqualTo(callsBefore + 1);
    }

    @Test
    void e4_shouldOnlyCount_whenAnEventBringsNothing() {
        loop.register(5, "device", device);
        quiesce();
        ports.raise(5);
        quiesce();
        assertThat(loop.stats().spuriousEvents()).isEqualTo(1);
        assertThat(ports.masked[5]).isFalse();
        assertThat(loop.pollAt()).isEqualTo(EventLoop.NEVER);
    }

    @Test
    void e6_shouldNotThrottle_whenTheWorkWasDoneOutsideTheHandler() {
        Registration registration = loop.register(5, "device", device);
        quiesce();
        for (int i = 0; i < 100; i++) {
            registration.progress();
            ports.raise(5);
            loop.runOnce();
            assertThat(ports.masked[5]).isFalse();
        }
        assertThat(loop.stats().spuriousEvents()).isZero();
        for (int i = 0; i < 3; i++) {
            ports.raise(5);
            loop.runOnce();
        }
        assertThat(ports.masked[5]).as("without progress it is a storm").isTrue();
        registration.progress();
        assertThat(untilUnmasked(5)).as("progress ends the delay").isZero();
    }

    @Test
    void e10_shouldWakeNobody_whenTheEventIsForTheFormerOwnerOfThePort() {
        Device former = new Device();
        Registration old = loop.register(5, "former", former);
        quiesce();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> loop.register(5, "second", device))
                .withMessage("port=5, is registered by former");
        // One turn takes the event for the old owner; before it is served the port changes hands.
        Device changer = new Device() {
            @Override
            public int poll(int budget) {
                if (ports.masked[5]) {
                    assertThat(former.calls).isEqualTo(1);
                    old.cancel();
                    loop.register(5, "device", device);
                }
                return 0;
            }
        };
        Registration first = loop.register(4, "changer", changer);
        quiesce();
        ports.raise(5);
        loop.ready(first);
        quiesce();
        assertThat(former.calls).isEqualTo(1);
        assertThat(device.calls).as("once, because it was registered").isEqualTo(1);
        assertThat(ports.masked[5]).isFalse();
        old.progress();
        old.cancel();
        loop.ready(old);
        ports.raise(5);
        quiesce();
        assertThat(former.calls).isEqualTo(1);
        assertThat(device.calls).isEqualTo(2);
    }

    @Test
    void e10_shouldLeaveThePortMasked_whenTheHandlerTakesItselfOff() {
        Registration[] self = new Registration[1];
        int[] calls = new int[1];
        self[0] = loop.register(5, "self", budget -> {
            if (calls[0]++ == 1) {
                self[0].cancel();
                return budget;
            }
            return 0;
        });
        quiesce();
        ports.raise(5);
        quiesce();
        assertThat(calls[0]).isEqualTo(2);
        assertThat(ports.masked[5]).isTrue();
        loop.register(5, "next", budget -> {
            loop.resumed();
            return 0;
        });
        ports.log.clear();
        quiesce();
        assertThat(ports.log).as("the port is gone: nobody touches it").isEmpty();
        assertThat(loop.pollAt()).isEqualTo(EventLoop.NEVER);
    }

    @Test
    void e11_shouldServeAllInTurn_whenOneIsAlwaysBusy() {
        Device noisy = new Device();
        noisy.work = 1_000_000;
        Device[] others = new Device[4];
        loop.register(1, "noisy", noisy, 10);
        for (int i = 0; i < others.length; i++) {
            others[i] = new Device();
            others[i].work = 30;
            loop.register(2 + i, "other", others[i], 10);
        }
        for (int turn = 1; turn <= 3; turn++) {
            loop.runOnce();
            assertThat(noisy.served).isEqualTo(10 * turn);
            for (Device other : others) {
                assertThat(other.served).as("turn " + turn).isEqualTo(10 * turn);
            }
        }
        loop.runOnce();
        assertThat(noisy.calls).isEqualTo(4);
        assertThat(others[0].calls).isEqualTo(4);
        loop.runOnce();
        assertThat(noisy.calls).isEqualTo(5);
        assertThat(others[0].calls).as("done").isEqualTo(4);
    }

    @Test
    void e11_shouldTakeAllPorts_whenMoreAreNoisyThanOneTurnTakes() {
        loop = loop(new EventLoopLimits(64, 4, 4, SECOND, 0, 1));
        Device[] devices = new Device[16];
        for (int i = 0; i < devices.length; i++) {
            devices[i] = new Device();
            loop.register(1 + i, "device", devices[i]);
        }
        quiesce();
        for (int i = 0; i < devices.length; i++) {
            ports.raise(1 + i);
            devices[i].work = 1;
        }
        for (int turn = 1; turn <= 4; turn++) {
            loop.runOnce();
            assertThat(loop.stats().events()).isEqualTo(4L * turn);
        }
    }
}
