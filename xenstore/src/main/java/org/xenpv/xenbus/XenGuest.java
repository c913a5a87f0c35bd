package org.xenpv.xenbus;

import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.GrantTable;
import org.xenpv.xenstore.Xenstore;

/**
 * One domain, seen from inside: what a driver needs to run.
 *
 * <p>Everything is owned by the thread of {@link #loop()}.
 */
public interface XenGuest extends AutoCloseable {

    int domid();

    GrantTable grants();

    /** For backends: mapping what other domains granted to this one. */
    GrantMapper mapper();

    /**
     * Allocates contiguous zeroed pages that no other domain sees.
     *
     * @throws org.xenpv.grant.GrantExhaustedException if there are not so many
     */
    OwnPages ownPages(int pages);

    EventChannels events();

    EventLoop loop();

    Xenstore store();

    Clock clock();

    /** The primary console's ring page and port, or null if this domain has none. */
    RingPage console();

    /**
     * Asked by every frontend before it starts on a device: makes sure that nothing else in this domain drives it.
     *
     * @throws org.xenpv.fault.XenException if something does
     */
    default void claim(String nodename) {}

    /** Told before the domain is suspended and after it has been resumed, in the order of registration. */
    void addLifecycle(Lifecycle lifecycle);

    void removeLifecycle(Lifecycle lifecycle);

    /** Closes the xenstore connection and stops the loop. Drivers are closed before. Never throws. */
    @Override
    void close();
}
