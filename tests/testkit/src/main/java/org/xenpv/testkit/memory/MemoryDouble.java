package org.xenpv.testkit.memory;

import org.xenpv.memory.SharedMemory;

/**
 * A {@link SharedMemory} that sees every access to another one before it happens.
 *
 * <p>All methods of the interface end in the four below. Bulk copies are taken apart into naturally aligned words of at
 * most 8 bytes, because that is all that is atomic when the other end is another processor. Every access is checked for
 * bounds and alignment, field access included.
 */
public abstract class MemoryDouble implements SharedMemory {

    /** What an access promises about the order of the others. */
    public enum Order {
        PLAIN,
        ACQUIRE,
        RELEASE
    }

    /** The three barriers of the interface. */
    public enum Fence {
        ACQUIRE,
        RELEASE,
        FULL
    }

    private final SharedMemory target;
    private final int alignmentOrigin;

    /** @param target starts at a multiple of 8 bytes, as pages do */
    protected MemoryDouble(SharedMemory target) {
        target.check(0, 0, 8);
        this.target = target;
        this.alignmentOrigin = 0;
    }

    private MemoryDouble(MemoryDouble whole, int origin, int lengthBytes) {
        this.target = whole.target.slice(origin, lengthBytes);
        this.alignmentOrigin = whole.alignmentOrigin + origin;
    }

    /** The memory behind this one. */
    protected final SharedMemory target() {
        return target;
    }

    /**
     * @param lengthBytes 1, 2, 4 or 8
     * @param order PLAIN or ACQUIRE
     * @return the value, zero-extended
     */
    protected long load(int at, int lengthBytes, Order order) {
        if (order == Order.ACQUIRE) {
            return Integer.toUnsignedLong(target.getIntAcquire(at));
        }
        return switch (lengthBytes) {
            case 1 -> Byte.toUnsignedLong(target.getByte(at));
            case 2 -> Short.toUnsignedLong(target.getShort(at));
            case 4 -> Integer.toUnsignedLong(target.getInt(at));
            default -> target.getLong(at);
        };
    }

    /**
     * @param lengthBytes 1, 2, 4 or 8
     * @param order PLAIN or RELEASE
     */
    protected void store(int at, int lengthBytes, long value, Order order) {
        if (order == Order.RELEASE) {
            target.putIntRelease(at, (int) value);
            return;
        }
        switch (lengthBytes) {
            case 1 -> target.putByte(at, (byte) value);
            case 2 -> target.putShort(at, (short) value);
            case 4 -> target.putInt(at, (int) value);
            default -> target.putLong(at, value);
        }
    }

    /** A full fence, the compare, and the store if it is one. */
    protected boolean compareAndSet(int at, int expected, int value) {
        return target.compareAndSetInt(at, expected, value);
    }

    protected void fence(Fence fence) {
        switch (fence) {
            case ACQUIRE -> target.acquireFence();
            case RELEASE -> target.releaseFence();
            case FULL -> target.fullFence();
        }
    }

    @Override
    public final int sizeBytes() {
        return target.sizeBytes();
    }

    @Override
    public final void check(int at, int lengthBytes, int alignmentBytes) {
        target.check(at, lengthBytes, alignmentBytes);
    }

    @Override
    public final SharedMemory slice(int at, int lengthBytes) {
        return new Slice(this, at, lengthBytes);
    }

    private long loadChecked(int at, int lengthBytes, Order order) {
        check(at, lengthBytes, lengthBytes);
        return load(at, lengthBytes, order);
    }

    private void storeChecked(int at, int lengthBytes, long value, Order order) {
        check(at, lengthBytes, lengthBytes);
        store(at, lengthBytes, value, order);
    }

    @Override
    public final byte getByte(int at) {
        return (byte) loadChecked(at, 1, Order.PLAIN);
    }

    @Override
    public final short getShort(int at) {
        return (short) loadChecked(at, 2, Order.PLAIN);
    }

    @Override
    public final int getInt(int at) {
        return (int) loadChecked(at, 4, Order.PLAIN);
    }

    @Override
    public final long getLong(int at) {
        return loadChecked(at, 8, Order.PLAIN);
    }

    @Override
    public final void putByte(int at, byte value) {
        storeChecked(at, 1, value, Order.PLAIN);
    }

    @Override
    public final void putShort(int at, short value) {
        storeChecked(at, 2, value, Order.PLAIN);
    }

    @Override
    public final void putInt(int at, int value) {
        storeChecked(at, 4, value, Order.PLAIN);
    }

    @Override
    public final void putLong(int at, long value) {
        storeChecked(at, 8, value, Order.PLAIN);
    }

    @Override
    public final int getIntAcquire(int at) {
        return (int) loadChecked(at, 4, Order.ACQUIRE);
    }

    @Override
    public final void putIntRelease(int at, int value) {
        storeChecked(at, 4, value, Order.RELEASE);
    }

    @Override
    public final boolean compareAndSetInt(int at, int expected, int value) {
        check(at, 4, 4);
        return compareAndSet(at, expected, value);
    }

    @Override
    public final void copyOut(int at, byte[] bytes, int bytesAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        checkArray(bytes, bytesAt, lengthBytes);
        for (int done = 0; done < lengthBytes; ) {
            int word = wordAt(at + done, lengthBytes - done);
            long value = load(at + done, word, Order.PLAIN);
            for (int i = 0; i < word; i++) {
                bytes[bytesAt + done + i] = (byte) (value >>> (8 * i));
            }
            done += word;
        }
    }

    @Override
    public final void copyIn(int at, byte[] bytes, int bytesAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        checkArray(bytes, bytesAt, lengthBytes);
        for (int done = 0; done < lengthBytes; ) {
            int word = wordAt(at + done, lengthBytes - done);
            long value = 0;
            for (int i = 0; i < word; i++) {
                value |= (bytes[bytesAt + done + i] & 0xffL) << (8 * i);
            }
            store(at + done, word, value, Order.PLAIN);
            done += word;
        }
    }

    @Override
    public final void copyTo(int at, SharedMemory other, int otherAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        other.check(otherAt, lengthBytes, 1);
        byte[] bytes = new byte[lengthBytes];
        copyOut(at, bytes, 0, lengthBytes);
        other.copyIn(otherAt, bytes, 0, lengthBytes);
    }

    @Override
    public final void zero(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        copyIn(at, new byte[lengthBytes], 0, lengthBytes);
    }

    @Override
    public final void acquireFence() {
        fence(Fence.ACQUIRE);
    }

    @Override
    public final void releaseFence() {
        fence(Fence.RELEASE);
    }

    @Override
    public final void fullFence() {
        fence(Fence.FULL);
    }

    /** The largest naturally aligned word that starts here and is not longer than what remains. */
    private int wordAt(int at, int remainingBytes) {
        int word = 8;
        while (word > remainingBytes || ((alignmentOrigin + at) & (word - 1)) != 0) {
            word >>= 1;
        }
        return word;
    }

    private static void checkArray(byte[] bytes, int at, int lengthBytes) {
        if (at < 0 || lengthBytes < 0 || at > bytes.length - lengthBytes) {
            throw new IndexOutOfBoundsException(
                    "arrayAt=" + at + ", lengthBytes=" + lengthBytes + ", outside array length=" + bytes.length);
        }
    }

    /** Part of a double: the same eyes, another origin. */
    private static final class Slice extends MemoryDouble {
        private final MemoryDouble whole;
        private final int origin;

        Slice(MemoryDouble whole, int origin, int lengthBytes) {
            super(whole, origin, lengthBytes);
            this.whole = whole;
            this.origin = origin;
        }

        @Override
        protected long load(int at, int lengthBytes, Order order) {
            return whole.load(origin + at, lengthBytes, order);
        }

        @Override
        protected void store(int at, int lengthBytes, long value, Order order) {
            whole.store(origin + at, lengthBytes, value, order);
        }

        @Override
        protected boolean compareAndSet(int at, int expected, int value) {
            return whole.compareAndSet(origin + at, expected, value);
        }

        @Override
        protected void fence(Fence fence) {
            whole.fence(fence);
        }
    }
}
