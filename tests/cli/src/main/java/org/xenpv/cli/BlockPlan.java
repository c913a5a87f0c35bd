package org.xenpv.cli;

import java.util.SplittableRandom;

/**
 * Which blocks to move, in which order. Block n of the plan has its place at {@code n * blockBytes} in memory.
 *
 * @param positions in bytes on the disk
 * @param blockBytes of every block but perhaps the last
 * @param totalBytes of all of them
 */
record BlockPlan(long[] positions, int blockBytes, int totalBytes) {

    /** A range of the disk from its start to its end. */
    static BlockPlan sequential(long from, int totalBytes, int blockBytes) {
        long[] positions = new long[(totalBytes + blockBytes - 1) / blockBytes];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = from + (long) i * blockBytes;
        }
        return new BlockPlan(positions, blockBytes, totalBytes);
    }

    /** Blocks anywhere on a disk. */
    static BlockPlan random(long diskBytes, int count, int blockBytes, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        long[] positions = new long[count];
        for (int i = 0; i < count; i++) {
            positions[i] = random.nextLong(diskBytes / blockBytes) * blockBytes;
        }
        return new BlockPlan(positions, blockBytes, Math.multiplyExact(count, blockBytes));
    }

    int count() {
        return positions.length;
    }

    int bytes(int block) {
        return Math.min(blockBytes, totalBytes - block * blockBytes);
    }
}
