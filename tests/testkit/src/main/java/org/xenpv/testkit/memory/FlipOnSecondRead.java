package org.xenpv.testkit.memory;

import java.util.Arrays;
import org.xenpv.memory.SharedMemory;

/**
 * Memory whose every byte has changed when it is read again: the peer of a double fetch (XSA-155), made deterministic.
 *
 * <p>The first read of a byte within a pass is true; the second sees all its bits inverted, the third sees yet another
 * value. Nothing is written to the memory behind, so the other end is not disturbed. Code that copies what it reads once
 * and decides on the copy notices nothing.
 *
 * <p>What the owner itself stores does not make a byte fresh again: private state is never read back from a shared page.
 */
public final class FlipOnSecondRead extends MemoryDouble {

    private static final int[] FLIPS = {0x00, 0xff, 0x55, 0xaa};

    private final int[] reads;
    private int flipsFrom;
    private int flipsTo;

    public FlipOnSecondRead(SharedMemory target) {
        super(target);
        this.reads = new int[target.sizeBytes()];
        this.flipsTo = target.sizeBytes();
    }

    /** Lets only a range change; the rest is counted. For words that a protocol reads again on purpose. */
    public FlipOnSecondRead flipOnly(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        flipsFrom = at;
        flipsTo = at + lengthBytes;
        return this;
    }

    /** Starts a pass: every byte is true once more, all counts are zero. */
    public void newPass() {
        Arrays.fill(reads, 0);
    }

    /** How often the byte was read in this pass. */
    public int readsOf(int at) {
        return reads[at];
    }

    /** The highest number of reads of any byte in a range in this pass; at most 1 proves there is no double fetch. */
    public int readsOf(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        int most = 0;
        for (int i = 0; i < lengthBytes; i++) {
            most = Math.max(most, reads[at + i]);
        }
        return most;
    }

    @Override
    protected long load(int at, int lengthBytes, Order order) {
        long value = super.load(at, lengthBytes, order);
        for (int i = 0; i < lengthBytes; i++) {
            int offset = at + i;
            long flip = FLIPS[reads[offset]++ & 3];
            if (offset >= flipsFrom && offset < flipsTo) {
                value ^= flip << (8 * i);
            }
        }
        return value;
    }

    /** The word is compared as it really is; the comparison counts as a read of it. */
    @Override
    protected boolean compareAndSet(int at, int expected, int value) {
        for (int i = 0; i < 4; i++) {
            reads[at + i]++;
        }
        return super.compareAndSet(at, expected, value);
    }
}
