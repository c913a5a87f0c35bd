package org.xenpv.event;

/** What a loop counts, on its own thread. */
final class LoopCounters {

    long turns;
    long events;
    long strayEvents;
    long spuriousEvents;
    long delayedUnmasks;
    long watchdogPolls;
    long inboxActions;
    long timersRun;
    long errors;

    EventLoopStats snapshot() {
        return new EventLoopStats(
                turns,
                events,
                strayEvents,
                spuriousEvents,
                delayedUnmasks,
                watchdogPolls,
                inboxActions,
                timersRun,
                errors);
    }
}
