package org.xenpv.xenbus;

import org.xenpv.fault.XenException;
import org.xenpv.xenstore.XenstoreWatch;

/** A watch of one end of a device, registered again as long as {@link StoreRetry} thinks it useful. */
final class HeldWatch implements XenstoreWatch.Handler {

    private final XenGuest guest;
    private final String path;
    private final Runnable fired;
    private final StoreRetry retry;
    private XenstoreWatch watch;

    HeldWatch(XenGuest guest, String path, StoreRetry.Owner owner, Runnable fired) {
        this.guest = guest;
        this.path = path;
        this.fired = fired;
        this.retry = new StoreRetry(guest, owner);
    }

    /** @throws IllegalArgumentException if the path is none */
    HeldWatch register() {
        watch = guest.store().watch(path, this);
        return this;
    }

    @Override
    public void fired(String changed) {
        retry.worked();
        fired.run();
    }

    /** Refused, or the connection is dead. */
    @Override
    public void lost(XenException why) {
        retry.failed(why, this::register);
    }

    XenException trouble() {
        return retry.trouble();
    }

    void cancel() {
        retry.cancel();
        watch.cancel();
    }
}
