package org.xenpv.xenbus;

import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.xenstore.XenstoreException;

/**
 * Tries again what xenstore did not do for one end of a device: after 50 ms, 100 ms, 200 ms ... 1 s, on the loop's timer.
 * One thing at a time: what is to be tried next takes the place of what was.
 *
 * <p>How long that goes on depends on how the device stands:
 *
 * <pre>
 *                   | errors that may pass            | all others (EQUOTA, EACCES, EINVAL...)
 * ------------------+---------------------------------+---------------------------------------
 * not in service    | until its deadline, or 30 times | given up at once
 * in service        | until its deadline, or 30 times | the same
 * connection dead   | given up at once                | given up at once
 * </pre>
 *
 * <p>Errors that may pass: no answer in time, EAGAIN, EBUSY, EIO, ENOMEM, ENOBUFS.
 */
final class StoreRetry {

    /** Without a deadline; some 27 s if every try fails at once. */
    static final int TRIES_MAX = 30;

    private static final long BACKOFF_FIRST_NS = 50_000_000L;
    private static final long BACKOFF_MAX_NS = 1_000_000_000L;

    /** The end of a device that something is tried for. */
    interface Owner {
        /** Whether it works, or did: then no single refusal is a reason to give it up. */
        boolean inService();

        /** Whether a deadline of its own is running, and ends the tries. */
        boolean hasDeadline();

        /** Xenstore did not do what is needed, and is not asked again. */
        void gaveUp(XenException error);
    }

    private final XenGuest guest;
    private final Owner owner;
    private EventLoop.Timer timer;
    private int tries;
    private XenException trouble;

    StoreRetry(XenGuest guest, Owner owner) {
        this.guest = guest;
        this.owner = owner;
    }

    /** Has {@code again} run later, or tells the owner that there is no use. */
    void failed(XenException error, Runnable again) {
        stopTimer();
        trouble = error;
        boolean useful = !guest.store().isDead()
                && (owner.inService() || mayPass(error))
                && (owner.hasDeadline() || tries < TRIES_MAX);
        if (!useful) {
            owner.gaveUp(error);
            return;
        }
        long delayNs = Math.min(BACKOFF_FIRST_NS << Math.min(tries, 10), BACKOFF_MAX_NS);
        tries++;
        timer = guest.loop().at(guest.clock().nanoTime() + delayNs, () -> {
            timer = null;
            again.run();
        });
    }

    /** It worked: the next failure is another trouble. */
    void worked() {
        tries = 0;
        trouble = null;
    }

    /** Nothing is to be tried any more. */
    void cancel() {
        stopTimer();
        worked();
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    boolean isPending() {
        return timer != null;
    }

    /** What failed last and has not worked since; null if there is nothing. */
    XenException trouble() {
        return trouble;
    }

    private static boolean mayPass(XenException error) {
        if (error instanceof XenTimeoutException) {
            return true;
        }
        return error instanceof XenstoreException refused
                && (refused.is("EAGAIN")
                        || refused.is("EBUSY")
                        || refused.is("EIO")
                        || refused.is("ENOMEM")
                        || refused.is("ENOBUFS"));
    }

    /** A node that does not exist, or that has become somebody else's. */
    static boolean isGone(XenException error) {
        return error instanceof XenstoreException refused && (refused.is("ENOENT") || refused.is("EACCES"));
    }
}
