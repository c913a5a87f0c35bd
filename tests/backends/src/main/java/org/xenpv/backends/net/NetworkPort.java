package org.xenpv.backends.net;

/**
 * A socket that a cable can be plugged into: a {@link Netback}, whose guest is behind it, a TAP device, a capture that is
 * replayed. What is plugged in is a {@link Sink}, e.g. one of a {@link LearningSwitch}.
 *
 * <p>Frames travel in bursts, so that copies and events can be gathered: any number of {@link #send}, then one {@link #flush};
 * in the other direction any number of {@link Sink#received}, then one {@link Sink#receivedAll}. A frame's bytes stay valid until
 * that second call has returned. So a sink passes frames on without copying, if it flushes the ports it sent to before it returns from
 * {@link Sink#receivedAll}. A sink may fill in a blank checksum in place, before it passes the frame on; a port leaves the bytes
 * alone, and may overwrite the frame's hash with its own.
 *
 * <p>Owned by one thread, the loop's; nothing here blocks or allocates per frame.
 */
public interface NetworkPort {

    /** What {@link #send} takes; the same object until it changes. */
    PortOffloads offloads();

    /** Whether somebody is behind the port and listens. */
    boolean carrier();

    /**
     * Sends a frame into the port. It has to be one that {@link #offloads} allow; {@link OffloadFallback} makes any frame so.
     *
     * @return false if it was dropped; the port has counted why
     */
    boolean send(NetFrame frame);

    /** Makes the frames sent since the last flush visible behind the port, with one event at most. */
    void flush();

    /** Whether a burst would not have to wait for what was sent before; asked by whoever can wait, a replay for example. */
    default boolean ready() {
        return true;
    }

    /** Says where frames that come out of the port go; null for nowhere. */
    void plug(Sink sink);

    /** What is plugged into a port. */
    interface Sink {

        /** A frame came out of the port. */
        void received(NetFrame frame);

        /** The burst is over: what was passed on has been flushed when this returns. */
        void receivedAll();

        /** Whether somebody takes what would be passed on now, and is {@link NetworkPort#ready}. */
        default boolean ready() {
            return true;
        }

        /** {@link NetworkPort#carrier} or {@link NetworkPort#offloads} changed. */
        default void linkChanged() {}
    }
}
