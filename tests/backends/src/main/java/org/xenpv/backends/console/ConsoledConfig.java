package org.xenpv.backends.console;

/**
 * How consoles are served.
 *
 * @param limitBytes output buffered per console while its terminal takes none, 2048 to 2^24; the key {@code limit} may
 *     ask for less
 * @param overflow what happens to output beyond that
 * @param nudgeNs how long after input was given without a sign of the guest its event is sent again
 */
public record ConsoledConfig(int limitBytes, Overflow overflow, long nudgeNs) {

    /** What becomes of output when the terminal takes none and the buffer is full (xenconsoled --overflow-data). */
    public enum Overflow {
        /** The oldest is dropped and counted; the guest never waits. */
        DISCARD,
        /** It stays in the ring; the guest waits. */
        KEEP
    }

    public static final int LIMIT_MIN = 2048;
    public static final int LIMIT_MAX = 1 << 24;

    public static final ConsoledConfig DEFAULT = new ConsoledConfig(64 * 1024, Overflow.DISCARD, 100_000_000L);

    public ConsoledConfig {
        if (limitBytes < LIMIT_MIN || limitBytes > LIMIT_MAX) {
            throw new IllegalArgumentException(
                    "limitBytes=" + limitBytes + ", must be " + LIMIT_MIN + " to " + LIMIT_MAX);
        }
        if (overflow == null) {
            throw new IllegalArgumentException("overflow=null, must be one of Overflow");
        }
        if (nudgeNs < 1 || nudgeNs > Long.MAX_VALUE / 4) {
            throw new IllegalArgumentException("nudgeNs=" + nudgeNs + ", must be 1 to " + Long.MAX_VALUE / 4);
        }
    }

    public ConsoledConfig limitBytes(int bytes) {
        return new ConsoledConfig(bytes, overflow, nudgeNs);
    }

    public ConsoledConfig overflow(Overflow policy) {
        return new ConsoledConfig(limitBytes, policy, nudgeNs);
    }
}
