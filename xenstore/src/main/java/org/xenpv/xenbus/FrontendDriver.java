package org.xenpv.xenbus;

import org.xenpv.fault.XenException;

/**
 * What a device driver adds to the handshake. Called by {@link XenbusFrontend} on the event loop's thread, never
 * concurrently. Whatever {@link #publish}, {@link #connected} or {@link #refresh} throw fails the device, with that
 * cause; {@link #stop} and {@link #release} follow, so what was made until then must be where they find it.
 */
public interface FrontendDriver {

    /** Keys of the backend's directory that {@link #publish} and {@link #connected} want to see. */
    String[] backendKeys();

    /** Keys of our own directory, written by the toolstack, that {@link #publish} wants to see. */
    String[] frontendKeys();

    /**
     * The handshake begins, or begins anew. A backend that does not wait for {@link #publishedState} takes what an earlier connection,
     * or the kernel's driver, has left in our directory for this one's: such keys are taken away here.
     *
     * @param keys receives what is written, or taken away, in one transaction with the state Initialising
     */
    default void begin(KeySnapshot.Writer keys) {}

    /**
     * The backend waits: allocate rings, grants and ports for {@code otherendId}, and say what to publish.
     *
     * @param keys receives what is written below our directory, in one transaction with our state
     */
    void publish(int otherendId, KeySnapshot backend, KeySnapshot frontend, KeySnapshot.Writer keys);

    /**
     * What our state becomes with what is published: Initialised, unless this device's backends are ones that wait for Connected,
     * as every network backend does (linux/drivers/net/xen-netback/xenbus.c, frontend_changed).
     */
    default XenbusState publishedState() {
        return XenbusState.INITIALISED;
    }

    /** The backend is connected: go live. */
    void connected(KeySnapshot backend);

    /** The backend said something changed, e.g. the size of a disk. */
    void refresh(KeySnapshot backend);

    /**
     * The device is out of service for good: whoever waits for it is told now. {@link #stop}, {@link #release} and
     * {@link #ended} follow in their time, which may depend on the other end. At most once.
     */
    default void failed(XenException reason) {}

    /** Take no new requests; run {@code drained} when none is in flight. */
    void drain(Runnable drained);

    /** The connection is over: touch the ring no more. Comes before {@link #release}; any number of times. */
    void stop();

    /**
     * Revoke grants, close ports. From any stage, any number of times.
     *
     * @param resumed the domain is back from a suspend: the ports of this connection are gone, and their numbers may be
     *     somebody else's by now, so none is closed
     */
    void release(boolean resumed);

    /**
     * The device is gone for good; every operation left fails.
     *
     * @param reason null if the user closed it
     */
    void ended(XenException reason);
}
