package org.xenpv.scenarios.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopStats;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.Faults;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.xenbus.BareGuest;

/** Two domains that ask and answer by events only, on a machine that loses, delays, doubles and invents them. */
class FaultyEventsTest {

    private static final int QUESTIONS = 2_000;
    private static final long SEED = Long.getLong("sim.seed", 20_231_123);

    /** The state both ends share, as a ring would; events are hints to look at it. */
    private static final class Conversation {
        int asked;
        int answered;
        int understood;
    }

    /** Asks the next question when the last one is answered. */
    private static final class Asker implements EventLoop.Handler {
        private final Conversation talk;
        private final EventChannels events;
        private final int port;

        Asker(Conversation talk, EventChannels events, int port) {
            this.talk = talk;
            this.events = events;
            this.port = port;
        }

        @Override
        public int poll(int budget) {
            if (talk.understood < talk.answered) {
                talk.understood = talk.answered;
                ask();
                return 1;
            }
            return 0;
        }

        void ask() {
            if (talk.asked < QUESTIONS) {
                talk.asked++;
                events.send(port);
            }
        }

        @Override
        public boolean awaiting() {
            return talk.understood < talk.asked;
        }
    }

    private static final class Answerer implements EventLoop.Handler {
        private final Conversation talk;
        private final EventChannels events;
        private final int port;

        Answerer(Conversation talk, EventChannels events, int port) {
            this.talk = talk;
            this.events = events;
            this.port = port;
        }

        @Override
        public int poll(int budget) {
            if (talk.answered < talk.asked) {
                talk.answered = talk.asked;
                events.send(port);
                return 1;
            }
            return 0;
        }

        @Override
        public boolean awaiting() {
            return talk.answered < QUESTIONS;
        }
    }

    private record Outcome(EventLoopStats asker, EventLoopStats answerer, long ns, long traceHash) {}

    private static Outcome converse(BareGuest.EventAbi abi, Faults faults) {
        try (SimulatedXen xen = SimulatedXen.deterministic(SEED)) {
            BareGuest.Options options = BareGuest.Options.defaults().withEvents(abi);
            SimDomain asking = xen.createDomain(DomainConfig.named("asks").withGuest(options));
            SimDomain answering = xen.createDomain(DomainConfig.named("answers").withGuest(options));
            Conversation talk = new Conversation();
            EventLoop askingLoop = asking.guest().loop();
            EventLoop answeringLoop = answering.guest().loop();
            int asks = asking.guest().events().allocUnbound(answering.domid());
            int answers = answering.guest().events().bindInterdomain(asking.domid(), asks);
            Asker asker = new Asker(talk, asking.guest().events(), asks);
            EventLoop.Registration one = askingLoop.register(asks, "asks", asker);
            EventLoop.Registration two = answeringLoop.register(
                    answers, "answers", new Answerer(talk, answering.guest().events(), answers));
            EventLoopStats askerBefore = askingLoop.stats();
            EventLoopStats answererBefore = answeringLoop.stats();
            xen.inject(faults);
            long startNs = xen.clock().nanoTime();
            asker.ask();
            boolean done = xen.runUntil(() -> talk.understood == QUESTIONS, Duration.ofHours(1));
            long ns = xen.clock().nanoTime() - startNs;
            xen.heal();
            assertThat(done)
                    .as("seed=" + SEED + ", understood " + talk.understood + " of " + QUESTIONS)
                    .isTrue();
            one.cancel();
            two.cancel();
            asking.guest().events().close(asks);
            answering.guest().events().close(answers);
            xen.assertNoErrors();
            xen.assertNothingLeaked();
            return new Outcome(
                    difference(askingLoop.stats(), askerBefore),
                    difference(answeringLoop.stats(), answererBefore),
                    ns,
                    xen.traceHash());
        }
    }

    private static EventLoopStats difference(EventLoopStats now, EventLoopStats before) {
        return new EventLoopStats(
                now.turns() - before.turns(),
                now.events() - before.events(),
                now.strayEvents() - before.strayEvents(),
                now.spuriousEvents() - before.spuriousEvents(),
                now.delayedUnmasks() - before.delayedUnmasks(),
                now.watchdogPolls() - before.watchdogPolls(),
                now.inboxActions() - before.inboxActions(),
                now.timersRun() - before.timersRun(),
                now.errors() - before.errors());
    }

    @ParameterizedTest
    @EnumSource(BareGuest.EventAbi.class)
    void shouldNeedNoWatchdog_whenNoEventIsLost(BareGuest.EventAbi abi) {
        Outcome outcome = converse(abi, Faults.none());
        assertThat(outcome.asker.watchdogPolls()).isZero();
        assertThat(outcome.answerer.watchdogPolls()).isZero();
        assertThat(outcome.asker.events()).isBetween((long) QUESTIONS - 1, (long) QUESTIONS + 10);
    }

    @ParameterizedTest
    @EnumSource(BareGuest.EventAbi.class)
    void e3_shouldGoOn_whenEventsAreLost(BareGuest.EventAbi abi) {
        Outcome outcome = converse(abi, Faults.none().withEventsDropped(200));
        long watchdogPolls = outcome.asker.watchdogPolls() + outcome.answerer.watchdogPolls();
        assertThat(watchdogPolls).as("one in five is lost").isGreaterThan(QUESTIONS / 5);
    }

    @ParameterizedTest
    @EnumSource(BareGuest.EventAbi.class)
    void e1_shouldGoOn_whenEventsAreLateDoubledAndInvented(BareGuest.EventAbi abi) {
        Outcome outcome = converse(abi, Faults.weather());
        assertThat(outcome.asker.spuriousEvents() + outcome.answerer.spuriousEvents())
                .isPositive();
        assertThat(outcome.asker.errors() + outcome.answerer.errors()).isZero();
    }

    @Test
    void shouldGiveTheSameTrace_whenTheSeedIsTheSame() {
        Faults faults = Faults.weather().withEventsDropped(50);
        Outcome first = converse(BareGuest.EventAbi.FIFO, faults);
        Outcome second = converse(BareGuest.EventAbi.FIFO, faults);
        assertThat(second).isEqualTo(first);
        assertThat(first.ns).isPositive();
    }
}
