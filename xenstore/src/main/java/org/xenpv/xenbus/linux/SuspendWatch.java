package org.xenpv.xenbus.linux;

import org.xenpv.event.EventLoop;
import org.xenpv.xenstore.Xenstore;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * Sees the toolstack ask the kernel for something, perhaps for a suspend, of which the kernel tells no program: {@code suspend} is
 * written to {@code control/shutdown}, the kernel takes it away in a transaction, stops all programs, and the domain stops. That is a
 * few round trips to xenstored: too short to read what is asked for, so whatever it is, is taken for a suspend first.
 *
 * <p>Nobody says when it is over. If nothing more happens for a second of this program's time, it has been running again for most of
 * it, or the kernel did not suspend.
 */
final class SuspendWatch {

    private static final String REQUEST = "control/shutdown";
    private static final String SUSPEND = "suspend";
    private static final long OVER_NS = 1_000_000_000L;

    /** What it tells. */
    interface Listener {
        /** A suspend may be coming. Told again if something is written again meanwhile. */
        void coming();

        /** It has been, or has not taken place. */
        void over();
    }

    private final Xenstore store;
    private final EventLoop loop;
    private final Listener listener;
    private final XenstoreWatch watch;
    private boolean registered;
    private EventLoop.Timer timer;
    /** Until then the watch fires for what is over already, or because it was registered anew. */
    private long echoUntilNs;

    SuspendWatch(Xenstore store, EventLoop loop, Listener listener) {
        this.store = store;
        this.loop = loop;
        this.listener = listener;
        this.echoUntilNs = loop.clock().nanoTime();
        this.watch = store.watch(REQUEST, changed -> fired());
    }

    private void fired() {
        if (!registered) {
            registered = true;
            return;
        }
        boolean echo = loop.clock().nanoTime() - echoUntilNs < 0;
        if (!echo) {
            coming();
        }
        store.read(REQUEST, (value, error) -> look(value, echo));
    }

    private void look(String value, boolean echo) {
        if (echo && SUSPEND.equals(value)) {
            coming();
        } else if (timer != null && value != null && !value.isEmpty() && !value.equals(SUSPEND)) {
            cancel(); // poweroff and the like, until which everything is needed
            listener.over();
        }
    }

    private void coming() {
        stop();
        timer = loop.at(loop.clock().nanoTime() + OVER_NS, this::passed);
        listener.coming();
    }

    private void passed() {
        timer = null;
        listener.over();
    }

    private void stop() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** It is over: that is known from elsewhere. */
    void cancel() {
        stop();
        echoUntilNs = loop.clock().nanoTime() + OVER_NS;
    }

    void close() {
        stop();
        watch.cancel();
    }
}
