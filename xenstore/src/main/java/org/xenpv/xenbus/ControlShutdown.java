package org.xenpv.xenbus;

import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.XenstoreOps;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * What the toolstack asks of a domain through xenstore: control/shutdown (xenstore-paths, "~/control/shutdown").
 *
 * <p>A request is acknowledged by writing the empty string, in one transaction with reading it. {@code suspend} is
 * obeyed here, everything else is the handler's. Owned by the thread of the guest's loop.
 */
public final class ControlShutdown implements AutoCloseable {

    private static final String SHUTDOWN = "control/shutdown";

    private final BareGuest guest;
    private final Handler handler;
    private final XenstoreWatch watch;

    /** Told what the domain is to do. */
    public interface Handler {
        /** @param request poweroff, halt, reboot or anything else that was written, except suspend */
        void requested(String request);
    }

    /** Watches from now on, and tells the toolstack what we understand (control/feature-*). */
    public ControlShutdown(BareGuest guest, Handler handler) {
        if (guest == null || handler == null) {
            throw new IllegalArgumentException("guest and handler must not be null");
        }
        this.guest = guest;
        this.handler = handler;
        this.watch = guest.store().watch(SHUTDOWN, changed -> look());
        guest.store()
                .writeAll(
                        (ok, error) -> {},
                        "control/feature-poweroff",
                        "1",
                        "control/feature-reboot",
                        "1",
                        "control/feature-suspend",
                        "1");
    }

    private void look() {
        guest.store().transaction(ControlShutdown::acknowledge, (request, error) -> {
            if (error == null && request != null) {
                obey(request);
            }
        });
    }

    private static void acknowledge(XenstoreOps tx, Result<String> end) {
        tx.read(SHUTDOWN, (request, missing) -> {
            if (missing != null || request.isEmpty()) {
                end.accept(null, null);
            } else {
                tx.write(SHUTDOWN, "", (ok, refused) -> end.accept(request, refused));
            }
        });
    }

    private void obey(String request) {
        if (request.equals("suspend")) {
            guest.suspend((cancelled, error) -> {
                if (error != null) {
                    guest.loop().report("resume", error);
                }
            });
        } else {
            handler.requested(request);
        }
    }

    /** Obeys no more. Idempotent. */
    @Override
    public void close() {
        watch.cancel();
    }
}
