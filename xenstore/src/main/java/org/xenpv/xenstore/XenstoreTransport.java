package org.xenpv.xenstore;

import org.xenpv.event.EventLoop;

/**
 * Carries the bytes of one xenstore connection, both ways, without ever blocking.
 *
 * <p>Owned by the event loop's thread. It knows nothing of messages: what is written and read is a stream. A transport
 * that finds the other end breaking its rules (an index that cannot be, a socket at its end) becomes {@link State#DEAD}
 * and stays so until {@link #reconnect} succeeds.
 */
public interface XenstoreTransport {

    enum State {
        /** Somebody asked for a reset of the connection and the server has not answered yet: nothing moves. */
        CONNECTING,
        OPEN,
        /** Nothing moves any more; {@link #deathReason} says why. */
        DEAD
    }

    /**
     * Goes to work. Called once.
     *
     * @param handler called on the loop whenever bytes may have come, room may have appeared or the state may have changed
     */
    void attach(EventLoop loop, EventLoop.Handler handler);

    /** Looks at what the server says about the connection, once; the client does so at the start of each turn. */
    State look();

    /** The state as last seen by any call. */
    State state();

    /** What was wrong, in a few words with the offending value; null unless DEAD. */
    String deathReason();

    /** The longest payload that one message may have here: 4096 (XENSTORE_PAYLOAD_MAX) or less. */
    int payloadMax();

    /** @return how many bytes were taken, 0 if there is no room */
    int write(byte[] source, int at, int length);

    /** @return how many bytes were copied, 0 if there are none */
    int read(byte[] target, int at, int length);

    /** Tells the other end that bytes were written or taken since the last time, if any were. */
    void flush();

    /** Tells the other end to look, whether or not anything was moved: an event may have been lost. */
    void kick();

    /**
     * Asks the server to start the connection anew, with nothing in flight and no watches.
     *
     * @return false if this transport or this server cannot; otherwise the state is CONNECTING or OPEN
     */
    boolean reconnect();

    /** Off the loop, resources given back. Idempotent, never throws. */
    void close();
}
