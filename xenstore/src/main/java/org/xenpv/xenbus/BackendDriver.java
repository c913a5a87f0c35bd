package org.xenpv.xenbus;

import org.xenpv.fault.XenException;

/**
 * What a device backend adds to the handshake. Called by {@link XenbusBackend} on the event loop's thread. Whatever
 * {@link #advertise} or {@link #connect} throw ends the device with an error node; {@link #disconnect} follows.
 */
public interface BackendDriver {

    /** Keys of our own directory, written by the toolstack, that {@link #advertise} wants to see. */
    String[] backendKeys();

    /** Says what we offer; written before the state becomes InitWait. */
    void advertise(int frontendId, KeySnapshot backend, KeySnapshot.Writer keys);

    /** Keys of the frontend's directory that {@link #connect} wants to see. */
    String[] frontendKeys();

    /** Whether a frontend in this state has published its rings: Initialised and Connected, unless this device knows better. */
    default boolean isPublished(XenbusState frontend) {
        return frontend == XenbusState.INITIALISED || frontend == XenbusState.CONNECTED;
    }

    /**
     * The frontend has published its rings: map them and serve.
     *
     * @param keys receives what is written before the state becomes Connected (e.g. {@code sectors})
     */
    void connect(int frontendId, KeySnapshot frontend, KeySnapshot.Writer keys);

    /**
     * The connected frontend has changed some of its keys, and said so by the state Reconfiguring, or has ended that by Connected
     * again. Our state becomes Reconfigured next, or Connected.
     *
     * @param frontend the keys of {@link #frontendKeys}
     */
    default void reconfigured(int frontendId, KeySnapshot frontend) {}

    /** The frontend is gone or closes: stop serving, unmap everything. From any stage, any number of times. */
    void disconnect();

    /** The device has been removed by the toolstack; {@link #disconnect} came before. */
    void removed(XenException reason);
}
