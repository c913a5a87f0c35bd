package org.xenpv.simulator.xenstored;

/**
 * Weather drawn from a seed: conflicts, and watch events that are late, doubled or lost. The same seed and the same
 * calls give the same faults.
 */
public final class SeededFaults implements XenstoredFaults {

    private static final int PER_MILLE = 1000;

    private final int failCommits;
    private final int lateEvents;
    private final int doubledEvents;
    private final int lostEvents;
    private final long lateMaxNs;
    private long state;

    /**
     * The four ratios are per mille of transaction ends and of watch events.
     *
     * @param lateMaxNs how late an event comes at most
     */
    public SeededFaults(long seed, int failCommits, int lateEvents, int doubledEvents, int lostEvents, long lateMaxNs) {
        this.failCommits = checkRatio("failCommits", failCommits);
        this.lateEvents = checkRatio("lateEvents", lateEvents);
        this.doubledEvents = checkRatio("doubledEvents", doubledEvents);
        this.lostEvents = checkRatio("lostEvents", lostEvents);
        if (lateEvents + doubledEvents + lostEvents > PER_MILLE) {
            throw new IllegalArgumentException("lateEvents+doubledEvents+lostEvents="
                    + (lateEvents + doubledEvents + lostEvents) + ", must be at most " + PER_MILLE);
        }
        if (lateMaxNs < 1) {
            throw new IllegalArgumentException("lateMaxNs=" + lateMaxNs + ", must be at least 1");
        }
        this.lateMaxNs = lateMaxNs;
        this.state = seed;
    }

    private static int checkRatio(String name, int ratio) {
        if (ratio < 0 || ratio > PER_MILLE) {
            throw new IllegalArgumentException(name + "=" + ratio + ", must be 0 to " + PER_MILLE);
        }
        return ratio;
    }

    /** splitmix64 (Steele, Lea, Flood 2014), cut to a non-negative number below the bound. */
    private long next(long bound) {
        state += 0x9e3779b97f4a7c15L;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return ((z ^ (z >>> 31)) >>> 1) % bound;
    }

    @Override
    public boolean failCommit(int domid) {
        return next(PER_MILLE) < failCommits;
    }

    @Override
    public long watchEvent(int domid, String path, String token) {
        long draw = next(PER_MILLE);
        if (draw < lostEvents) {
            return DROP;
        }
        if (draw < lostEvents + doubledEvents) {
            return TWICE;
        }
        if (draw < lostEvents + doubledEvents + lateEvents) {
            return 1 + next(lateMaxNs);
        }
        return 0;
    }
}
