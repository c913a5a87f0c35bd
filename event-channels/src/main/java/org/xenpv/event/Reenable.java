package org.xenpv.event;

/**
 * When a port may be unmasked after its event has been served. Time comes in, a delay goes out.
 *
 * <p>Two rules, the longer delay wins. Events without work ({@code n} in a row, none of them more than a second after
 * the previous re-enable) put the next one off by 2^(n-2) ms from the third on, at most a second (XSA-391). And over
 * time re-enables come no faster than one per interval after a burst, whatever work they bring: a token bucket, kept as
 * the time at which it is full again.
 */
final class Reenable {

    static final int SPURIOUS_FREE = 2;
    static final long BACKOFF_UNIT_NS = 1_000_000L;
    static final long BACKOFF_MAX_NS = 1_000_000_000L;
    private static final int SPURIOUS_MAX = 12;

    private final long intervalNs;
    private final long burstNs;
    private int spurious;
    private long reenabledNs;
    private long fullNs;

    Reenable(long intervalNs, int burst, long nowNs) {
        this.intervalNs = intervalNs;
        this.burstNs = intervalNs * (burst - 1);
        this.reenabledNs = nowNs;
        this.fullNs = nowNs;
    }

    /** Work was seen: whatever came before was no storm of nothing. */
    void progress() {
        spurious = 0;
    }

    /** An event came and brought no work. */
    void spurious(long nowNs) {
        if (nowNs - reenabledNs > BACKOFF_MAX_NS) {
            spurious = 0;
        }
        if (spurious < SPURIOUS_MAX) {
            spurious++;
        }
    }

    boolean backingOff() {
        return spurious > SPURIOUS_FREE;
    }

    /** Takes one re-enable and says how long it must wait. */
    long reenable(long nowNs) {
        long delayNs = 0;
        if (spurious > SPURIOUS_FREE) {
            delayNs = Math.min(BACKOFF_UNIT_NS << (spurious - SPURIOUS_FREE), BACKOFF_MAX_NS);
        }
        if (fullNs - nowNs < 0) {
            fullNs = nowNs;
        }
        delayNs = Math.max(delayNs, fullNs - nowNs - burstNs);
        fullNs += intervalNs;
        reenabledNs = nowNs + delayNs;
        return delayNs;
    }
}
