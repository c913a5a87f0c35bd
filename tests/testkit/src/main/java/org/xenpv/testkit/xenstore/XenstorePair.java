package org.xenpv.testkit.xenstore;

import org.xenpv.event.EventLoop;
import org.xenpv.xenstore.Xenstore;

/**
 * Two connections to one xenstored. Nobody else runs their loops: the test does, whenever it waits.
 *
 * @param control a connection of the control domain
 * @param controlLoop its loop
 * @param guest another connection: of an unprivileged domain, or a second one of the control domain
 * @param guestLoop its loop
 * @param guestDomid 0 if the second connection is the control domain's too
 * @param base a directory that both may write in, absolute
 * @param longNames names that make a list of children longer than one message may be, within the guest's quota
 * @param close gives all of it back
 */
public record XenstorePair(
        Xenstore control,
        EventLoop controlLoop,
        Xenstore guest,
        EventLoop guestLoop,
        int guestDomid,
        String base,
        int longNames,
        Runnable close) {

    public boolean isGuestUnprivileged() {
        return guestDomid != 0;
    }
}
