package org.xenpv.simulator.xenstored;

/**
 * What goes wrong on purpose. Called on the daemon's thread; the default of every method is that all goes well.
 *
 * <p>Expected of the other end: conflicts, and watch events that come late, twice or merged, are weather: it must
 * recover. A lost watch event or reply is silence: it must notice by its deadline. Garbage ends the connection.
 */
public interface XenstoredFaults {

    /** Nothing goes wrong. */
    XenstoredFaults NONE = new XenstoredFaults() {};

    /** {@link #watchEvent}: the event is lost. */
    long DROP = -1;

    /** {@link #watchEvent}: the event is sent twice. */
    long TWICE = -2;

    /** Whether a transaction ends with EAGAIN though nothing conflicts. */
    default boolean failCommit(int domid) {
        return false;
    }

    /**
     * The fate of a watch event.
     *
     * @return 0 to send it now, {@link #DROP}, {@link #TWICE}, or by how many nanoseconds it is late
     */
    default long watchEvent(int domid, String path, String token) {
        return 0;
    }

    /**
     * Looks at a reply before it is sent.
     *
     * @param request header and body, as they came
     * @param reply header and body, as they should go
     * @return the bytes that go instead, which need not be a message: empty for none at all; {@code reply} if all is
     *     well
     */
    default byte[] reply(int domid, byte[] request, byte[] reply) {
        return reply;
    }
}
