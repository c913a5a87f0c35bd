package org.xenpv.backends.console;

import org.xenpv.fault.XenException;

/** One console that a {@link Consoled} serves. Owned by the event loop's thread. */
public sealed interface ServedConsole permits PrimaryConsole, XenbusConsole {

    /** Our directory, relative to the domain's: {@code backend/console/<frontend-id>/<number>}. */
    String nodename();

    /** Whether a guest's page is being served. */
    boolean isConnected();

    /** Why it is not served, or null. */
    XenException reason();

    /** Its device or domain is gone. */
    boolean isEnded();

    /** Null before it is opened. */
    Terminal terminal();

    ConsoledStats stats();

    /** Stops as a daemon does that is killed: unmaps, tells nobody. Closes the terminal. Idempotent. */
    void kill();
}
