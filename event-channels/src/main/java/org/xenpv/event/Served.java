package org.xenpv.event;

/** One registered port: where it stands between an event and its re-enable. */
final class Served implements EventLoop.Registration {

    private final EventLoop loop;
    final int port;
    final String name;
    final EventLoop.Handler handler;
    final int budget;
    private final Reenable reenable;
    private final Timers.Entry unmaskTimer;

    boolean cancelled;
    /** In the loop's queue of handlers to call. */
    boolean queued;
    /** The port is masked since its event, and this registration will unmask it. */
    private boolean masked;
    /** An event came that has not been judged spurious or not. */
    private boolean event;
    /** Work was seen since the last event that was judged, in the handler or outside. */
    private boolean worked;
    /** The re-enable is put off because of spurious events, so that work ends the delay; only while the timer is set. */
    private boolean backingOff;
    /** Since when an answer is awaited and nothing came; only if {@link #waiting}. */
    private long waitingSinceNs;

    private boolean waiting;

    Served(
            EventLoop loop,
            int port,
            String name,
            EventLoop.Handler handler,
            int budget,
            Reenable reenable,
            Timers timers) {
        this.loop = loop;
        this.port = port;
        this.name = name;
        this.handler = handler;
        this.budget = budget;
        this.reenable = reenable;
        this.unmaskTimer = timers.entry(this::unmask);
        // An event that came before the registration has left the port masked.
        this.masked = true;
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public void progress() {
        loop.checkInLoop();
        worked = true;
        if (backingOff && unmaskTimer.isSet()) {
            loop.ready(this);
        }
    }

    @Override
    public void cancel() {
        loop.checkInLoop();
        if (!cancelled) {
            cancelled = true;
            loop.timers().remove(unmaskTimer);
            loop.removed(this);
        }
    }

    /** The loop took an event of this port, which is masked from now on. */
    void eventTaken() {
        masked = true;
        event = true;
    }

    /**
     * The handler has been called.
     *
     * @param done items of work; negative if the handler threw
     * @return whether it wants to be called again
     */
    boolean served(int done, long nowNs) {
        waiting = false;
        if (done > 0) {
            worked = true;
        }
        if (done >= budget) {
            return true;
        }
        boolean wasEvent = event;
        event = false;
        if (worked) {
            reenable.progress();
        } else if (wasEvent) {
            reenable.spurious(nowNs);
            loop.countSpurious();
        }
        boolean reenableNow = masked && (!unmaskTimer.isSet() || backingOff && worked);
        if (wasEvent) {
            worked = false;
        }
        if (reenableNow) {
            reenable(nowNs);
        }
        return false;
    }

    private void reenable(long nowNs) {
        loop.timers().remove(unmaskTimer);
        long delayNs = reenable.reenable(nowNs);
        if (delayNs <= 0) {
            unmask();
        } else {
            backingOff = reenable.backingOff();
            loop.countDelayedUnmask();
            loop.timers().set(unmaskTimer, EventLoop.after(nowNs, delayNs));
        }
    }

    private void unmask() {
        masked = false;
        loop.events().unmask(port);
    }

    /**
     * Whether the watchdog must look now.
     *
     * @param awaiting what the handler says
     */
    boolean overdue(boolean awaiting, long nowNs, long watchdogNs) {
        if (!awaiting) {
            waiting = false;
            return false;
        }
        if (!waiting) {
            waiting = true;
            waitingSinceNs = nowNs;
        }
        return nowNs - waitingSinceNs >= watchdogNs;
    }

    /** When the watchdog will look; only after {@link #overdue} said no and the handler awaits an answer. */
    long overdueAtNs(long watchdogNs) {
        return waiting ? EventLoop.after(waitingSinceNs, watchdogNs) : EventLoop.NEVER;
    }
}
