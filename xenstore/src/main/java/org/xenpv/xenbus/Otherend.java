package org.xenpv.xenbus;

import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;

/**
 * The other end of a frontend's device: watches and reads who it is and how it is. One look at a time; a look that fails is
 * repeated as {@link StoreRetry} says, and until then none is begun, whatever the watches tell.
 *
 * <p>Owned by the event loop's thread.
 */
final class Otherend {

    /** Told what a look found. */
    interface Listener extends StoreRetry.Owner {
        /** What this end is known to have written into its own state; compared with what stands there. */
        XenbusState written();

        /** Another backend was put in the place of the one we knew. */
        void replaced();

        /** None is named any more. */
        void removed();

        /**
         * How the backend is.
         *
         * @param reset our own state is Initialising, though we had written something else: our directory was made anew
         */
        void found(XenbusState state, boolean reset);

        /** Who is named cannot be the backend, or something was thrown while the listener was told. */
        void refused(String doing, Throwable thrown);

        /** Whether there is any use in looking. */
        boolean hasEnded();
    }

    private final XenGuest guest;
    private final String nodename;
    private final Listener listener;
    private final StoreRetry retry;

    private String path;
    private int id = -1;
    private HeldWatch deviceWatch;
    private HeldWatch stateWatch;
    private boolean looking;
    private boolean again;

    Otherend(XenGuest guest, String nodename, Listener listener) {
        this.guest = guest;
        this.nodename = nodename;
        this.listener = listener;
        this.retry = new StoreRetry(guest, listener);
    }

    /** Null before it is known. */
    String path() {
        return path;
    }

    /** -1 before it is known. */
    int id() {
        return id;
    }

    /** What keeps us from knowing more; null if nothing does. */
    XenException trouble() {
        if (retry.trouble() != null) {
            return retry.trouble();
        }
        if (deviceWatch != null && deviceWatch.trouble() != null) {
            return deviceWatch.trouble();
        }
        return stateWatch == null ? null : stateWatch.trouble();
    }

    void watch() {
        deviceWatch = new HeldWatch(guest, nodename + "/backend", listener, this::look).register();
    }

    /** What we knew is of another life: the toolstack of this host has attached the device anew. */
    void forget() {
        path = null;
        id = -1;
        retry.cancel();
        unwatchState();
    }

    private void unwatchState() {
        if (stateWatch != null) {
            stateWatch.cancel();
            stateWatch = null;
        }
    }

    void close() {
        retry.cancel();
        unwatchState();
        if (deviceWatch != null) {
            deviceWatch.cancel();
        }
    }

    void look() {
        if (listener.hasEnded() || retry.isPending()) {
            return;
        }
        if (looking) {
            again = true;
            return;
        }
        looking = true;
        again = false;
        boolean hadWritten = listener.written() != XenbusState.UNKNOWN;
        guest.store()
                .readAll(
                        (found, error) -> {
                            if (error != null) {
                                failed(error);
                            } else {
                                boolean reset = hadWritten && XenbusState.parse(found[2]) == XenbusState.INITIALISING;
                                named(found[0], found[1], reset);
                            }
                        },
                        nodename + "/backend",
                        nodename + "/backend-id",
                        nodename + "/state");
    }

    private void named(String backend, String backendId, boolean reset) {
        if (backend == null || !backend.equals(path)) {
            looked(() -> adopt(backend, backendId));
            return;
        }
        guest.store().read(path + "/state", (text, error) -> {
            if (error == null) {
                found(backend, XenbusState.parse(text), reset);
            } else if (StoreRetry.isGone(error)) {
                missed(backend, reset);
            } else {
                failed(error);
            }
        });
    }

    /** The backend's node is gone: for good, or because another took its place after we had looked who it is. */
    private void missed(String backend, boolean reset) {
        guest.store().read(nodename + "/backend", (now, error) -> {
            if (error == null && !now.equals(backend)) {
                again = true;
                looked(() -> {});
            } else if (error == null || StoreRetry.isGone(error)) {
                found(backend, XenbusState.UNKNOWN, reset);
            } else {
                failed(error);
            }
        });
    }

    private void found(String backend, XenbusState state, boolean reset) {
        looked(() -> {
            if (backend.equals(path)) { // else resumed meanwhile: another look is on its way
                listener.found(state, reset && listener.written() != XenbusState.UNKNOWN);
            }
        });
    }

    private void failed(XenException error) {
        looking = false;
        if (!listener.hasEnded()) {
            retry.failed(error, this::look);
        }
    }

    private void looked(Runnable conclusion) {
        looking = false;
        retry.worked();
        if (!listener.hasEnded()) {
            try {
                conclusion.run();
            } catch (RuntimeException | Error thrown) {
                listener.refused("looking at the backend", thrown);
            }
        }
        if (again) {
            look();
        }
    }

    /** A backend we did not know: the first, one that the toolstack put in the place of another, or none any more. */
    private void adopt(String backend, String backendId) {
        if (backend == null) {
            if (path != null) {
                listener.removed();
            }
            return; // not created yet: the deadline is running
        }
        boolean known = path != null;
        int named = (int) new KeySnapshot(new String[] {"backend-id"}, new String[] {backendId}, 0)
                .number("backend-id", 0, 0x7fef);
        if (!backend.startsWith("/local/domain/" + named + "/backend/")) {
            throw new XenConfigException("backend", backend, "below /local/domain/" + named + "/backend/");
        }
        HeldWatch fresh = new HeldWatch(guest, backend + "/state", listener, this::look).register();
        unwatchState();
        stateWatch = fresh;
        path = backend;
        id = named;
        if (known) {
            listener.replaced();
        }
    }
}
