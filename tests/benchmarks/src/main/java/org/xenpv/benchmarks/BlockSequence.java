package org.xenpv.benchmarks;

/** Where to read next: in order, over and over, or anywhere; the same positions each time it is made. */
final class BlockSequence {

    private final long blocks;
    private final int blockBytes;
    private final boolean random;
    private long state;

    BlockSequence(long diskBytes, int blockBytes, boolean random) {
        this.blocks = diskBytes / blockBytes;
        this.blockBytes = blockBytes;
        this.random = random;
        this.state = random ? 88172645463325252L : 0;
    }

    int blockBytes() {
        return blockBytes;
    }

    /** In bytes. */
    long next() {
        if (!random) {
            long block = state;
            state = state + 1 == blocks ? 0 : state + 1;
            return block * blockBytes;
        }
        state ^= state << 13;
        state ^= state >>> 7;
        state ^= state << 17;
        return (state >>> 1) % blocks * blockBytes;
    }
}
