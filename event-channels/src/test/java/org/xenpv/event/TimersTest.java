package org.xenpv.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TimersTest {

    /** One timer of the model. */
    private record Planned(long afterNs, int number) {}

    private static EventLoop loopAt(ManualClock clock) {
        EventLoop loop = new EventLoop(new PortModel(clock), clock, new LocalInbox());
        loop.errorSink((where, error) -> {
            throw new AssertionError(where, error);
        });
        return loop;
    }

    @Provide
    Arbitrary<Long> starts() {
        return Arbitraries.of(
                0L, -5L, 1_000_000L, Long.MAX_VALUE - 3, Long.MAX_VALUE - 60, Long.MIN_VALUE, Long.MIN_VALUE + 50);
    }

    @Property(tries = 300)
    void shouldRunInOrderOfDeadlineThenOfSetting(
            @ForAll("starts") long startNs,
            @ForAll @Size(min = 1, max = 80) List<@IntRange(min = -20, max = 100) Integer> afters,
            @ForAll @Size(max = 30) List<@IntRange(min = 0, max = 79) Integer> cancelled) {
        ManualClock clock = new ManualClock(startNs);
        EventLoop loop = loopAt(clock);
        List<Integer> ran = new ArrayList<>();
        List<Planned> model = new ArrayList<>();
        List<EventLoop.Timer> timers = new ArrayList<>();
        for (int i = 0; i < afters.size(); i++) {
            int number = i;
            long deadlineNs = startNs + afters.get(i);
            if (deadlineNs == EventLoop.NEVER) {
                deadlineNs++;
            }
            timers.add(loop.at(deadlineNs, () -> {
                ran.add(number);
                assertThat(clock.nowNs - startNs).isGreaterThanOrEqualTo(afters.get(number));
            }));
            model.add(new Planned(deadlineNs - startNs, number));
        }
        for (int number : cancelled) {
            if (number < timers.size()) {
                timers.get(number).cancel();
                model.removeIf(planned -> planned.number == number);
            }
        }
        model.sort(Comparator.comparingLong(Planned::afterNs).thenComparingInt(Planned::number));
        int turns = 0;
        for (long atNs = loop.pollAt(); atNs != EventLoop.NEVER; atNs = loop.pollAt()) {
            if (atNs - clock.nowNs > 0) {
                clock.nowNs = atNs;
            }
            loop.runOnce();
            assertThat(turns++).isLessThan(1000);
        }
        assertThat(ran).isEqualTo(model.stream().map(Planned::number).toList());
        assertThat(loop.stats().timersRun()).isEqualTo(model.size());
    }

    @Test
    void shouldRunEachOnce_whenTheClockWraps() {
        ManualClock clock = new ManualClock(Long.MAX_VALUE - 10);
        EventLoop loop = loopAt(clock);
        List<String> ran = new ArrayList<>();
        loop.at(clock.nowNs + 20, () -> ran.add("after"));
        loop.at(clock.nowNs + 5, () -> ran.add("before"));
        assertThat(loop.pollAt()).isEqualTo(Long.MAX_VALUE - 5);
        clock.advance(15);
        assertThat(clock.nowNs).isNegative();
        loop.runOnce();
        assertThat(ran).containsExactly("before");
        assertThat(loop.runUntil(() -> ran.size() == 2, clock.nowNs + 1000)).isTrue();
        assertThat(clock.nowNs).isEqualTo(Long.MIN_VALUE + 9);
    }

    @Test
    void shouldNotHoldTheLoop_whenAnActionSetsItselfAgain() {
        ManualClock clock = new ManualClock(0);
        EventLoop loop = loopAt(clock);
        int[] runs = new int[2];
        loop.at(-100, new Runnable() {
            @Override
            public void run() {
                runs[0]++;
                loop.at(-100, this);
            }
        });
        loop.at(0, () -> runs[1]++);
        loop.runOnce();
        assertThat(runs).containsExactly(1, 1);
        loop.runOnce();
        assertThat(runs).containsExactly(2, 1);
    }

    @Test
    void shouldNotRunATimer_thatAnEarlierOneCancelled() {
        ManualClock clock = new ManualClock(0);
        EventLoop loop = loopAt(clock);
        List<String> ran = new ArrayList<>();
        EventLoop.Timer[] second = new EventLoop.Timer[1];
        loop.at(1, () -> {
            ran.add("first");
            second[0].cancel();
        });
        second[0] = loop.at(1, () -> ran.add("second"));
        clock.advance(5);
        loop.runOnce();
        loop.runOnce();
        assertThat(ran).containsExactly("first");
        second[0].cancel();
    }

    @Test
    void shouldNeverRun_whenTheDeadlineIsNever() {
        ManualClock clock = new ManualClock(Long.MAX_VALUE);
        EventLoop loop = loopAt(clock);
        loop.at(EventLoop.NEVER, () -> {
            throw new AssertionError();
        });
        loop.runOnce();
        assertThat(loop.pollAt()).isEqualTo(EventLoop.NEVER);
    }
}
