package org.xenpv.event;

import java.util.ArrayList;

/**
 * Finds the handlers that have awaited an answer for a period without being called. Looks when the loop is about to
 * wait, and once a period while it is busy.
 */
final class Watchdog {

    private final EventLoop loop;
    private final long periodNs;
    private final ArrayList<Served> served = new ArrayList<>();
    private long nextNs = EventLoop.NEVER;
    private long lookAtNs;

    Watchdog(EventLoop loop, long periodNs, long nowNs) {
        this.loop = loop;
        this.periodNs = periodNs;
        this.lookAtNs = nowNs + periodNs;
    }

    void add(Served one) {
        served.add(one);
    }

    void remove(Served one) {
        served.remove(one);
    }

    void lookIfDue(long nowNs) {
        if (lookAtNs - nowNs <= 0) {
            look(nowNs);
        }
    }

    void look(long nowNs) {
        lookAtNs = nowNs + periodNs;
        nextNs = EventLoop.NEVER;
        for (int i = 0; i < served.size(); i++) {
            Served one = served.get(i);
            if (one.queued) {
                continue;
            }
            if (one.overdue(loop.guard().isAwaiting(one), nowNs, periodNs)) {
                loop.watchdogPoll(one);
            } else {
                nextNs = EventLoop.earlier(nextNs, one.overdueAtNs(periodNs));
            }
        }
        if (nextNs != EventLoop.NEVER) {
            lookAtNs = EventLoop.earlier(lookAtNs, nextNs);
        }
    }

    /** When a handler will be overdue as far as is known, or {@link EventLoop#NEVER}. */
    long nextNs() {
        return nextNs;
    }
}
