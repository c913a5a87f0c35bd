package org.xenpv.event;

import java.util.function.BooleanSupplier;

/**
 * The loop of one domain: events in, calls out.
 *
 * <p>One thread at a time runs it; everything registered on it is called on that thread. Handlers are served in turn
 * with a budget each, so that none starves another. A port stays masked from its event until its handler has nothing
 * more to do (late re-enable); a port whose events bring no work is re-enabled later and later, up to a second. A
 * handler that waits for an answer is also called when no event came for the watchdog period: events can be lost.
 */
public final class EventLoop {

    /** Serves one port. */
    public interface Handler {
        /**
         * Does at most {@code budget} items of work.
         *
         * @return how many were done; equal to the budget means there may be more and the handler is called again
         *     soon, without an event; 0 after an event means the event was spurious
         */
        int poll(int budget);

        /** Whether an answer of the other end is awaited, so that the watchdog must look if no event comes. */
        default boolean awaiting() {
            return false;
        }
    }

    /** Work that is not tied to a port, looked at on every turn. */
    public interface Source {
        /** @return whether anything was done */
        boolean poll();
    }

    /** A port's place on the loop. */
    public interface Registration {
        int port();

        /** Takes the handler off; the port is left masked and open. Idempotent. */
        void cancel();
    }

    /** A deadline's place on the loop. */
    public interface Timer {
        /** Idempotent; a timer that has run is cancelled. */
        void cancel();
    }

    public EventLoop(EventChannels events, Clock clock, Inbox inbox) {}

    public Clock clock() {
        return null;
    }

    public EventChannels events() {
        return null;
    }

    public Registration register(int port, String name, Handler handler) {
        return null;
    }

    /** Asks for a turn of this handler without an event: used when work was left for later. */
    public void ready(Registration registration) {}

    public void addSource(Source source) {}

    public void removeSource(Source source) {}

    /** Runs once at or after a deadline of the clock. */
    public Timer at(long deadlineNs, Runnable action) {
        return null;
    }

    /** Hands work to the loop from any thread, and wakes it. Runs in order; never runs before this call returns. */
    public void execute(Runnable action) {}

    /** One turn: inbox, events, handlers within their budgets, due timers, sources. Does not wait. */
    public boolean runOnce() {
        return false;
    }

    /** When {@link #runOnce} wants to be called again if no event comes: a past time if at once, Long.MAX_VALUE if never. */
    public long pollAt() {
        return 0;
    }

    /**
     * Runs turns, waiting in between, until a condition holds.
     *
     * @return whether it holds; false if the deadline passed
     * @throws IllegalStateException if another thread owns the loop, or from inside a handler
     */
    public boolean runUntil(BooleanSupplier done, long deadlineNs) {
        return false;
    }

    /** Whether the calling thread is the one that owns the loop (or nobody does). */
    public boolean inLoop() {
        return true;
    }
}
