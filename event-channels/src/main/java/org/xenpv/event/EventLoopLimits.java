package org.xenpv.event;

/**
 * How much a loop does for whom, and how it protects itself.
 *
 * @param budget items of work per handler and turn, unless its registration says otherwise
 * @param eventsPerTurn ports taken from the hypervisor per turn
 * @param inboxPerTurn actions of other threads per turn
 * @param watchdogNs a handler that awaits an answer is looked at when this long no event came for it
 * @param reenableIntervalNs in the long run a port is re-enabled at most once per this interval, however much work its
 *     events bring; 0 for no such limit
 * @param reenableBurst how many re-enables beyond that rate are let through at once
 */
public record EventLoopLimits(
        int budget, int eventsPerTurn, int inboxPerTurn, long watchdogNs, long reenableIntervalNs, int reenableBurst) {

    private static final long HOUR_NS = 3_600_000_000_000L;

    /**
     * 64 items, 256 events, 256 actions; a watchdog of 100 ms; 500,000 re-enables per second and port with a burst of
     * 1024: above what one request at a time reaches between two domains, below what holds a processor.
     */
    public static final EventLoopLimits DEFAULT = new EventLoopLimits(64, 256, 256, 100_000_000L, 2_000L, 1024);

    public EventLoopLimits {
        atLeast("budget", budget, 1);
        atLeast("eventsPerTurn", eventsPerTurn, 1);
        atLeast("inboxPerTurn", inboxPerTurn, 1);
        atLeast("watchdogNs", watchdogNs, 1);
        atLeast("reenableIntervalNs", reenableIntervalNs, 0);
        atLeast("reenableBurst", reenableBurst, 1);
        atMost("watchdogNs", watchdogNs, HOUR_NS);
        atMost("reenableIntervalNs", reenableIntervalNs, 1_000_000_000L);
        atMost("reenableBurst", reenableBurst, 1 << 20);
    }

    private static void atLeast(String name, long value, long limit) {
        if (value < limit) {
            throw new IllegalArgumentException(name + "=" + value + ", must be at least " + limit);
        }
    }

    private static void atMost(String name, long value, long limit) {
        if (value > limit) {
            throw new IllegalArgumentException(name + "=" + value + ", must be at most " + limit);
        }
    }

    public EventLoopLimits withBudget(int items) {
        return new EventLoopLimits(items, eventsPerTurn, inboxPerTurn, watchdogNs, reenableIntervalNs, reenableBurst);
    }

    public EventLoopLimits withWatchdog(long periodNs) {
        return new EventLoopLimits(budget, eventsPerTurn, inboxPerTurn, periodNs, reenableIntervalNs, reenableBurst);
    }

    public EventLoopLimits withReenable(long intervalNs, int burst) {
        return new EventLoopLimits(budget, eventsPerTurn, inboxPerTurn, watchdogNs, intervalNs, burst);
    }
}
