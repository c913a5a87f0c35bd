package org.xenpv.simulator;

/**
 * Numbers drawn from a seed, integers only: splitmix64 (Steele, Lea, Flood 2014). The same seed gives the same numbers
 * on every machine.
 */
public final class SimRandom {

    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private long state;

    public SimRandom(long seed) {
        this.state = seed;
    }

    /** A generator of its own for one part of the simulation: what others draw does not shift it. */
    public static SimRandom forPart(long seed, String part) {
        long label = 0xcbf29ce484222325L;
        for (int i = 0; i < part.length(); i++) {
            label = (label ^ part.charAt(i)) * 0x100000001b3L;
        }
        return new SimRandom(mix(seed) ^ label);
    }

    public synchronized long next() {
        state += GOLDEN;
        return mix(state);
    }

    /** A number from 0 to {@code bound - 1}. */
    public long below(long bound) {
        if (bound < 1) {
            throw new IllegalArgumentException("bound=" + bound + ", must be at least 1");
        }
        return Long.remainderUnsigned(next(), bound);
    }

    /** True in so many of a thousand draws. */
    public boolean perMille(int ratio) {
        return ratio > 0 && below(1000) < ratio;
    }

    private static long mix(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
