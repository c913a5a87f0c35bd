package org.xenpv.event;

/**
 * What a loop has counted since it was made.
 *
 * @param turns turns taken
 * @param events events received for registered ports
 * @param strayEvents events of ports nobody is registered for; such a port is left masked
 * @param spuriousEvents events that brought no work
 * @param delayedUnmasks re-enables that were put off, because of spurious events or of their rate
 * @param watchdogPolls handlers looked at because no event came
 * @param inboxActions actions run for other threads
 * @param timersRun deadlines that came
 * @param errors exceptions that came out of handlers, actions, timers and sources
 */
public record EventLoopStats(
        long turns,
        long events,
        long strayEvents,
        long spuriousEvents,
        long delayedUnmasks,
        long watchdogPolls,
        long inboxActions,
        long timersRun,
        long errors) {}
