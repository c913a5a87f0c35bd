package org.xenpv.xenstore;

/** A small stream of pseudo-random numbers (SplitMix64): for spreading retries and for ids that cannot be guessed by accident. */
public final class Jitter {

    private long state;

    public Jitter(long seed) {
        this.state = seed;
    }

    public long nextLong() {
        state += 0x9e3779b97f4a7c15L;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    int nextInt() {
        return (int) (nextLong() >>> 32);
    }

    /** Between half of a period and the whole of it. */
    long spread(long periodNs) {
        long half = periodNs / 2;
        return half <= 0 ? periodNs : half + (nextLong() >>> 1) % half;
    }
}
