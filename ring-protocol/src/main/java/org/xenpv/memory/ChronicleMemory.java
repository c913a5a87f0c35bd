package org.xenpv.memory;

import java.lang.invoke.VarHandle;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.bytes.PointerBytesStore;
import net.openhft.chronicle.core.OS;
import net.openhft.chronicle.core.UnsafeMemory;

/**
 * {@link SharedMemory} over a raw address range, on Chronicle Bytes.
 *
 * <p>Chronicle's stores check no bounds at all, so this class does. Fields go through Chronicle's {@link UnsafeMemory}
 * at a cached address (as fast as C on both JDK 17 and 25), everything else through a {@link PointerBytesStore}.
 *
 * <p>This is the only implementation a running system loads on a hot call site.
 */
public final class ChronicleMemory implements SharedMemory, AutoCloseable {

    private static final UnsafeMemory UNSAFE = UnsafeMemory.INSTANCE;
    private static final long ARRAY_BASE = UNSAFE.arrayBaseOffset(byte[].class);

    private final long address;
    private final int sizeBytes;
    private final BytesStore<?, ?> store;
    private final Range range;

    /** The range all views share: whether it is still there, and how it is given back. */
    private static final class Range {
        private final Runnable release;
        private boolean open = true;

        Range(Runnable release) {
            this.release = release;
        }
    }

    private ChronicleMemory(long address, int sizeBytes, Range range) {
        this.address = address;
        this.sizeBytes = sizeBytes;
        this.range = range;
        this.store = pointer(address, sizeBytes);
    }

    private static PointerBytesStore pointer(long address, int sizeBytes) {
        PointerBytesStore pointer = BytesStore.nativePointer();
        pointer.set(address, sizeBytes);
        return pointer;
    }

    /** Allocates zeroed memory, aligned to a page and given back by {@link #close()}. */
    public static ChronicleMemory allocatePages(int pages) {
        ChronicleMemory memory = allocateDirtyPages(pages);
        memory.zero(0, memory.sizeBytes);
        return memory;
    }

    /** The same with whatever is there: for whoever zeroes every page before anybody sees it, but not all at once. */
    public static ChronicleMemory allocateDirtyPages(int pages) {
        if (pages < 1 || pages > Integer.MAX_VALUE / PAGE_BYTES - 1) {
            throw new IllegalArgumentException(
                    "pages=" + pages + ", must be 1 to " + (Integer.MAX_VALUE / PAGE_BYTES - 1));
        }
        long bytes = (long) (pages + 1) * PAGE_BYTES;
        long raw = OS.memory().allocate(bytes);
        long aligned = (raw + PAGE_BYTES - 1) & -PAGE_BYTES;
        return at(aligned, pages * PAGE_BYTES, () -> OS.memory().freeMemory(raw, bytes));
    }

    /**
     * Wraps memory that something else mapped.
     *
     * @param address page-aligned; 0 and -1 (MAP_FAILED) are refused
     * @param release called once by {@link #close()}
     */
    public static ChronicleMemory at(long address, int sizeBytes, Runnable release) {
        if (address == 0 || address == -1 || (address & (PAGE_BYTES - 1)) != 0) {
            throw new IllegalArgumentException("address=0x" + Long.toHexString(address) + ", must be a mapped page");
        }
        if (sizeBytes < 1) {
            throw new IllegalArgumentException("sizeBytes=" + sizeBytes + ", must be at least 1");
        }
        return new ChronicleMemory(address, sizeBytes, new Range(release));
    }

    /** The native address of offset 0, for system calls. */
    public long address() {
        return address;
    }

    /** Another view of the same bytes that can be closed on its own, as a mapping can be unmapped. */
    public ChronicleMemory view(int at, int lengthBytes, Runnable release) {
        check(at, lengthBytes, 1);
        return new ChronicleMemory(address + at, lengthBytes, new Range(release));
    }

    /** Gives the memory back; every view of it is dead from then on. Idempotent. */
    @Override
    public void close() {
        if (range.open) {
            range.open = false;
            range.release.run();
        }
    }

    @Override
    public int sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void check(int at, int lengthBytes, int alignmentBytes) {
        if ((at | lengthBytes) < 0
                || at > sizeBytes - lengthBytes
                || ((at + (int) address) & (alignmentBytes - 1)) != 0
                || !range.open) {
            refuse(at, lengthBytes, alignmentBytes);
        }
    }

    private void refuse(int at, int lengthBytes, int alignmentBytes) {
        if (!range.open) {
            throw new IllegalStateException("memory is closed");
        }
        if (at < 0 || lengthBytes < 0 || at > sizeBytes - lengthBytes) {
            throw new IndexOutOfBoundsException(
                    "at=" + at + ", lengthBytes=" + lengthBytes + ", outside sizeBytes=" + sizeBytes);
        }
        throw new IllegalArgumentException("at=" + at + ", must be a multiple of " + alignmentBytes);
    }

    private boolean checked(int at, int lengthBytes) {
        check(at, lengthBytes, lengthBytes);
        return true;
    }

    @Override
    public SharedMemory slice(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        return new ChronicleMemory(address + at, lengthBytes, range);
    }

    @Override
    public byte getByte(int at) {
        assert checked(at, 1);
        return UNSAFE.readByte(address + at);
    }

    @Override
    public short getShort(int at) {
        assert checked(at, 2);
        return UNSAFE.readShort(address + at);
    }

    @Override
    public int getInt(int at) {
        assert checked(at, 4);
        return UNSAFE.readInt(address + at);
    }

    @Override
    public long getLong(int at) {
        assert checked(at, 8);
        return UNSAFE.readLong(address + at);
    }

    @Override
    public void putByte(int at, byte value) {
        assert checked(at, 1);
        UNSAFE.writeByte(address + at, value);
    }

    @Override
    public void putShort(int at, short value) {
        assert checked(at, 2);
        UNSAFE.writeShort(address + at, value);
    }

    @Override
    public void putInt(int at, int value) {
        assert checked(at, 4);
        UNSAFE.writeInt(address + at, value);
    }

    @Override
    public void putLong(int at, long value) {
        assert checked(at, 8);
        UNSAFE.writeLong(address + at, value);
    }

    @Override
    public int getIntAcquire(int at) {
        check(at, 4, 4);
        return UNSAFE.readVolatileInt(address + at);
    }

    @Override
    public void putIntRelease(int at, int value) {
        check(at, 4, 4);
        UNSAFE.writeOrderedInt(address + at, value);
    }

    @Override
    public boolean compareAndSetInt(int at, int expected, int value) {
        check(at, 4, 4);
        return UNSAFE.compareAndSwapInt(address + at, expected, value);
    }

    @Override
    public void copyOut(int at, byte[] target, int targetAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        checkArray(target, targetAt, lengthBytes);
        UnsafeMemory.UNSAFE.copyMemory(null, address + at, target, ARRAY_BASE + targetAt, lengthBytes);
    }

    @Override
    public void copyIn(int at, byte[] source, int sourceAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        checkArray(source, sourceAt, lengthBytes);
        UnsafeMemory.UNSAFE.copyMemory(source, ARRAY_BASE + sourceAt, null, address + at, lengthBytes);
    }

    @Override
    public void copyTo(int at, SharedMemory target, int targetAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        target.check(targetAt, lengthBytes, 1);
        if (target instanceof ChronicleMemory other) {
            UnsafeMemory.copyMemory(address + at, other.address + targetAt, lengthBytes);
        } else {
            byte[] bytes = new byte[lengthBytes];
            copyOut(at, bytes, 0, lengthBytes);
            target.copyIn(targetAt, bytes, 0, lengthBytes);
        }
    }

    @Override
    public void zero(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        UNSAFE.setMemory(address + at, lengthBytes, (byte) 0);
    }

    private static void checkArray(byte[] array, int at, int lengthBytes) {
        if (at < 0 || lengthBytes < 0 || at > array.length - lengthBytes) {
            throw new IndexOutOfBoundsException(
                    "arrayAt=" + at + ", lengthBytes=" + lengthBytes + ", outside array length=" + array.length);
        }
    }

    @Override
    public void acquireFence() {
        VarHandle.acquireFence();
    }

    @Override
    public void releaseFence() {
        VarHandle.releaseFence();
    }

    @Override
    public void fullFence() {
        VarHandle.fullFence();
    }

    @Override
    public String toString() {
        return "ChronicleMemory[0x" + Long.toHexString(address) + ", " + sizeBytes + " bytes]";
    }
}
