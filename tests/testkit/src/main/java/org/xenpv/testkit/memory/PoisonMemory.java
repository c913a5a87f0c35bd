package org.xenpv.testkit.memory;

import java.util.BitSet;
import org.xenpv.memory.SharedMemory;

/**
 * Memory of which only what has been allowed may be touched; anything else is an {@link AssertionError}.
 *
 * <p>The error names the access. It is also kept, for code under test that swallows what is thrown at it.
 */
public final class PoisonMemory extends MemoryDouble {

    private final BitSet readable = new BitSet();
    private final BitSet writable = new BitSet();
    private String violation;

    /** Everything is forbidden at first. */
    public PoisonMemory(SharedMemory target) {
        super(target);
    }

    public PoisonMemory allowReads(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        readable.set(at, at + lengthBytes);
        return this;
    }

    public PoisonMemory allowWrites(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        writable.set(at, at + lengthBytes);
        return this;
    }

    /** Forbids a range again, as when a page has been given away. */
    public PoisonMemory forbid(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        readable.clear(at, at + lengthBytes);
        writable.clear(at, at + lengthBytes);
        return this;
    }

    /** The first forbidden access, or null. */
    public String violation() {
        return violation;
    }

    private void require(BitSet allowed, String what, int at, int lengthBytes) {
        if (allowed.nextClearBit(at) < at + lengthBytes) {
            String forbidden = "forbidden " + what + " of " + lengthBytes + " bytes at " + at;
            if (violation == null) {
                violation = forbidden;
            }
            throw new AssertionError(forbidden);
        }
    }

    @Override
    protected long load(int at, int lengthBytes, Order order) {
        require(readable, "read", at, lengthBytes);
        return super.load(at, lengthBytes, order);
    }

    @Override
    protected void store(int at, int lengthBytes, long value, Order order) {
        require(writable, "write", at, lengthBytes);
        super.store(at, lengthBytes, value, order);
    }

    @Override
    protected boolean compareAndSet(int at, int expected, int value) {
        require(readable, "compare-and-set", at, 4);
        require(writable, "compare-and-set", at, 4);
        return super.compareAndSet(at, expected, value);
    }
}
