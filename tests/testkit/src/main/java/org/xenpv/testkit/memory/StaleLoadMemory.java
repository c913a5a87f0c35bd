package org.xenpv.testkit.memory;

import java.util.Random;
import org.xenpv.memory.SharedMemory;

/**
 * One end's view of memory whose plain loads may be as old as this end's last acquire.
 *
 * <p>This is what a load that ran ahead of an earlier one looks like. Without {@code xen_rmb()} between reading a producer
 * index and reading the slot, the index is new and the slot is old. What is promised:
 *
 * <ul>
 *   <li>after {@link #acquireFence()}, {@link #fullFence()}, an acquire load or a compare-and-set, loads are at least as
 *       new as it;
 *   <li>a byte never goes back to an older value than this end has already seen or stored.
 * </ul>
 */
public final class StaleLoadMemory extends MemoryDouble {

    private final Random random;
    private final int stalePercent;
    private final byte[] oldest;

    /** @param stalePercent how likely a plain load is answered with the oldest value it may have */
    public StaleLoadMemory(SharedMemory target, long seed, int stalePercent) {
        super(target);
        if (stalePercent < 0 || stalePercent > 100) {
            throw new IllegalArgumentException("stalePercent=" + stalePercent + ", must be 0 to 100");
        }
        this.random = new Random(seed);
        this.stalePercent = stalePercent;
        this.oldest = new byte[target.sizeBytes()];
        refresh();
    }

    private void refresh() {
        target().copyOut(0, oldest, 0, oldest.length);
    }

    @Override
    protected long load(int at, int lengthBytes, Order order) {
        if (order == Order.PLAIN && random.nextInt(100) < stalePercent) {
            long stale = 0;
            for (int i = 0; i < lengthBytes; i++) {
                stale |= (oldest[at + i] & 0xffL) << (8 * i);
            }
            return stale;
        }
        long fresh = super.load(at, lengthBytes, order);
        if (order == Order.ACQUIRE) {
            refresh();
        }
        remember(at, lengthBytes, fresh);
        return fresh;
    }

    @Override
    protected void store(int at, int lengthBytes, long value, Order order) {
        super.store(at, lengthBytes, value, order);
        remember(at, lengthBytes, value);
    }

    private void remember(int at, int lengthBytes, long value) {
        for (int i = 0; i < lengthBytes; i++) {
            oldest[at + i] = (byte) (value >>> (8 * i));
        }
    }

    @Override
    protected boolean compareAndSet(int at, int expected, int value) {
        boolean done = super.compareAndSet(at, expected, value);
        refresh();
        return done;
    }

    @Override
    protected void fence(Fence fence) {
        super.fence(fence);
        if (fence != Fence.RELEASE) {
            refresh();
        }
    }
}
