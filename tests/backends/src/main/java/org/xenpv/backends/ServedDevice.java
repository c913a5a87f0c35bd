package org.xenpv.backends;

/** One device of a {@link ServedDevices}. */
public interface ServedDevice {

    /** Begins to serve it. */
    void start();

    /** Stops at once, as a domain does that crashes. Idempotent. */
    void kill();

    /** Whether it has ended, by itself or killed, and serves no more. */
    boolean isEnded();
}
