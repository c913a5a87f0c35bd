package org.xenpv.xenstore;

import org.xenpv.event.EventLoop;

/** How often a connection may begin anew, and how long it waits for that. */
final class Reconnects {

    private static final long MINUTE_NS = 60_000_000_000L;

    private final EventLoop loop;
    private final XenstoreClient.Options options;

    private long windowStart;
    private int inWindow;
    private EventLoop.Timer deadline;

    Reconnects(EventLoop loop, XenstoreClient.Options options) {
        this.loop = loop;
        this.options = options;
        this.windowStart = loop.clock().nanoTime();
    }

    /** Counts one more; false if there were too many since the current minute began. */
    boolean may() {
        long now = loop.clock().nanoTime();
        if (now - windowStart >= MINUTE_NS) {
            windowStart = now;
            inWindow = 0;
        }
        return inWindow++ < options.reconnectsPerMinute();
    }

    /** Runs an action if {@link #over} is not called in time. */
    void await(Runnable late) {
        over();
        deadline = loop.at(loop.clock().nanoTime() + options.reconnectTimeoutNs(), late);
    }

    void over() {
        if (deadline != null) {
            deadline.cancel();
            deadline = null;
        }
    }
}
