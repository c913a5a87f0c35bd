package org.xenpv.testkit.memory;

import org.xenpv.memory.SharedMemory;

/**
 * Memory whose other end may act immediately before any load, store, compare-and-set or fence.
 *
 * <p>Accesses are numbered from 0 since the last {@link #onAccess}; a test that lets the other end act before access 0,
 * then before access 1 and so on until {@link #accesses()} is reached has tried every place there is. The other end
 * works on its own view of the page; should it use this one, its accesses neither count nor call it again.
 */
public final class InterleavingMemory extends MemoryDouble {

    /** What the other end does. */
    @FunctionalInterface
    public interface PeerStep {
        /** @param access the number of the access that is about to happen */
        void beforeAccess(long access);
    }

    private PeerStep peer = access -> {};
    private long accesses;
    private boolean peerRuns;

    public InterleavingMemory(SharedMemory target) {
        super(target);
    }

    /** Replaces the other end and starts counting accesses from 0. */
    public void onAccess(PeerStep step) {
        peer = step;
        accesses = 0;
    }

    /** Lets the other end act once, before the given access. */
    public void beforeAccess(long number, Runnable action) {
        onAccess(access -> {
            if (access == number) {
                action.run();
            }
        });
    }

    /** How many accesses there have been since the other end was last set. */
    public long accesses() {
        return accesses;
    }

    private void step() {
        if (peerRuns) {
            return;
        }
        peerRuns = true;
        try {
            peer.beforeAccess(accesses++);
        } finally {
            peerRuns = false;
        }
    }

    @Override
    protected long load(int at, int lengthBytes, Order order) {
        step();
        return super.load(at, lengthBytes, order);
    }

    @Override
    protected void store(int at, int lengthBytes, long value, Order order) {
        step();
        super.store(at, lengthBytes, value, order);
    }

    @Override
    protected boolean compareAndSet(int at, int expected, int value) {
        step();
        return super.compareAndSet(at, expected, value);
    }

    @Override
    protected void fence(Fence fence) {
        step();
        super.fence(fence);
    }
}
