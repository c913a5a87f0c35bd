package org.xenpv.xenstore;

/** A registered watch. */
public interface XenstoreWatch {

    String path();

    /** Unregisters; the handler is not called any more, whatever is still on its way. Idempotent. */
    void cancel();

    /** Told that something below the watched path may have changed. */
    interface Handler {
        /** @param changed the path that fired last; others may have fired too */
        void fired(String changed);
    }
}
