package org.xenpv.xenstore;

import org.xenpv.fault.XenException;

/** A registered watch. */
public interface XenstoreWatch {

    String path();

    /** Unregisters; the handler is not called any more, whatever is still on its way. Idempotent. */
    void cancel();

    /** Told that something below the watched path may have changed. */
    interface Handler {
        /** @param changed the path that fired last; others may have fired too */
        void fired(String changed);

        /**
         * Called once, last of all, if the watch will never fire again: xenstored refused it, or the connection is gone
         * for good. Not called after {@link #cancel} or {@link Xenstore#close}, nor when the connection is lost for a
         * while: then the watch is registered anew and fires.
         */
        default void lost(XenException why) {}
    }
}
