package org.xenpv.testkit.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.xenpv.memory.SharedMemory;

/**
 * One end's view of memory through a store buffer that drains in random order.
 *
 * <p>A plain store is seen by its own end at once and by the other end later, before or after its neighbours. What the
 * interface promises holds, and nothing more:
 *
 * <ul>
 *   <li>stores to the same bytes arrive in order;
 *   <li>nothing stored after {@link #releaseFence()} arrives before what was stored before it;
 *   <li>a release store arrives after everything stored before it;
 *   <li>{@link #fullFence()} and compare-and-set wait until everything has arrived.
 * </ul>
 *
 * <p>So a missing {@code xen_wmb()} shows the other end an index before its slot, and a missing {@code xen_mb()} loses a
 * wake-up: both in a single-threaded, seeded test. Give each end its own instance over the same page.
 */
public final class StoreBufferMemory extends MemoryDouble {

    private static final int PENDING_MAX = 64;

    /** A store on its way, or with {@code lengthBytes == 0} a release fence. */
    private record Pending(int at, int lengthBytes, long value, Order order) {
        boolean isFence() {
            return lengthBytes == 0;
        }

        boolean overlaps(Pending other) {
            return at < other.at + other.lengthBytes && other.at < at + lengthBytes;
        }
    }

    private final Random random;
    private final int drainPercent;
    private final List<Pending> pending = new ArrayList<>();

    /** A buffer out of which, before each access of this end, some stores drain. */
    public StoreBufferMemory(SharedMemory target, long seed) {
        this(target, seed, 20);
    }

    /** @param drainPercent how likely one store drains before each access of this end; 0 = only when it must */
    public StoreBufferMemory(SharedMemory target, long seed, int drainPercent) {
        super(target);
        if (drainPercent < 0 || drainPercent > 100) {
            throw new IllegalArgumentException("drainPercent=" + drainPercent + ", must be 0 to 100");
        }
        this.random = new Random(seed);
        this.drainPercent = drainPercent;
    }

    /** Stores the other end does not see yet. */
    public int pendingStores() {
        int stores = 0;
        for (Pending entry : pending) {
            stores += entry.isFence() ? 0 : 1;
        }
        return stores;
    }

    /** Lets one store arrive, any that may. Does nothing if none is pending. */
    public void drainOne() {
        List<Integer> candidates = new ArrayList<>();
        for (int i = 0; i < pending.size(); i++) {
            if (mayArrive(i)) {
                candidates.add(i);
            }
        }
        if (!candidates.isEmpty()) {
            arrive(candidates.get(random.nextInt(candidates.size())));
        }
    }

    /** Lets the newest store arrive that may: what a missing release store or fence shows first. */
    public void drainNewest() {
        for (int i = pending.size() - 1; i >= 0; i--) {
            if (mayArrive(i)) {
                arrive(i);
                return;
            }
        }
    }

    /** Lets everything arrive, as time does. */
    public void drainAll() {
        while (!pending.isEmpty()) {
            drainOne();
        }
    }

    private boolean mayArrive(int index) {
        Pending entry = pending.get(index);
        if (entry.isFence()) {
            return false;
        }
        for (Pending older : pending.subList(0, index)) {
            if (older.isFence() || entry.order() == Order.RELEASE || entry.overlaps(older)) {
                return false;
            }
        }
        return true;
    }

    private void arrive(int index) {
        Pending entry = pending.remove(index);
        super.store(entry.at(), entry.lengthBytes(), entry.value(), Order.PLAIN);
        while (!pending.isEmpty() && pending.get(0).isFence()) {
            pending.remove(0);
        }
    }

    private void sometimesDrain() {
        if (random.nextInt(100) < drainPercent) {
            drainOne();
        }
        while (pending.size() > PENDING_MAX) {
            drainOne();
        }
    }

    @Override
    protected long load(int at, int lengthBytes, Order order) {
        sometimesDrain();
        long value = super.load(at, lengthBytes, order);
        for (Pending entry : pending) {
            value = forward(entry, at, lengthBytes, value);
        }
        return value;
    }

    /** Overlays the bytes of a load that a pending store of this end has set. */
    private static long forward(Pending entry, int at, int lengthBytes, long value) {
        long seen = value;
        for (int i = 0; i < lengthBytes; i++) {
            int offset = at + i - entry.at();
            if (offset >= 0 && offset < entry.lengthBytes()) {
                long stored = (entry.value() >>> (8 * offset)) & 0xff;
                seen = (seen & ~(0xffL << (8 * i))) | (stored << (8 * i));
            }
        }
        return seen;
    }

    @Override
    protected void store(int at, int lengthBytes, long value, Order order) {
        sometimesDrain();
        pending.add(new Pending(at, lengthBytes, value, order));
    }

    @Override
    protected boolean compareAndSet(int at, int expected, int value) {
        drainAll();
        return super.compareAndSet(at, expected, value);
    }

    @Override
    protected void fence(Fence fence) {
        if (fence == Fence.FULL) {
            drainAll();
        } else if (fence == Fence.RELEASE && !pending.isEmpty()) {
            pending.add(new Pending(0, 0, 0, Order.RELEASE));
        }
    }
}
