package org.xenpv.unikernel;

import org.teavm.interop.Import;
import org.teavm.interop.c.Include;
import org.xenpv.memory.SharedMemory;

/** {@link SharedMemory} on a machine without an operating system: one inlined C access each ({@code xenpv.h}). */
final class NativeMemory implements SharedMemory {

    private final long address;
    private final int sizeBytes;

    NativeMemory(long address, int sizeBytes) {
        if (address == 0) {
            throw new IllegalArgumentException("address=0, must be mapped");
        }
        this.address = address;
        this.sizeBytes = sizeBytes;
    }

    long address() {
        return address;
    }

    @Override
    public int sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void check(int at, int lengthBytes, int alignmentBytes) {
        if ((at | lengthBytes) < 0 || at > sizeBytes - lengthBytes) {
            throw new IndexOutOfBoundsException(
                    "at=" + at + ", lengthBytes=" + lengthBytes + ", outside sizeBytes=" + sizeBytes);
        }
        if (((at + (int) address) & (alignmentBytes - 1)) != 0) {
            throw new IllegalArgumentException("at=" + at + ", must be a multiple of " + alignmentBytes);
        }
    }

    @Override
    public SharedMemory slice(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        return new NativeMemory(address + at, lengthBytes);
    }

    @Override
    public byte getByte(int at) {
        return load8(address + at);
    }

    @Override
    public short getShort(int at) {
        return load16(address + at);
    }

    @Override
    public int getInt(int at) {
        return load32(address + at);
    }

    @Override
    public long getLong(int at) {
        return load64(address + at);
    }

    @Override
    public void putByte(int at, byte value) {
        store8(address + at, value);
    }

    @Override
    public void putShort(int at, short value) {
        store16(address + at, value);
    }

    @Override
    public void putInt(int at, int value) {
        store32(address + at, value);
    }

    @Override
    public void putLong(int at, long value) {
        store64(address + at, value);
    }

    @Override
    public int getIntAcquire(int at) {
        check(at, 4, 4);
        return load32Acquire(address + at);
    }

    @Override
    public void putIntRelease(int at, int value) {
        check(at, 4, 4);
        store32Release(address + at, value);
    }

    @Override
    public boolean compareAndSetInt(int at, int expected, int value) {
        check(at, 4, 4);
        return cas32(address + at, expected, value) != 0;
    }

    @Override
    public void copyOut(int at, byte[] target, int targetAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        checkArray(target, targetAt, lengthBytes);
        copyOut(address + at, target, targetAt, lengthBytes);
    }

    @Override
    public void copyIn(int at, byte[] source, int sourceAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        checkArray(source, sourceAt, lengthBytes);
        copyIn(address + at, source, sourceAt, lengthBytes);
    }

    private static void checkArray(byte[] array, int at, int lengthBytes) {
        if (at < 0 || lengthBytes < 0 || at > array.length - lengthBytes) {
            throw new IndexOutOfBoundsException(
                    "arrayAt=" + at + ", lengthBytes=" + lengthBytes + ", outside array length=" + array.length);
        }
    }

    @Override
    public void copyTo(int at, SharedMemory target, int targetAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        target.check(targetAt, lengthBytes, 1);
        copy(((NativeMemory) target).address + targetAt, address + at, lengthBytes);
    }

    @Override
    public void zero(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        zero(address + at, lengthBytes);
    }

    @Override
    public void acquireFence() {
        fenceAcquire();
    }

    @Override
    public void releaseFence() {
        fenceRelease();
    }

    @Override
    public void fullFence() {
        fenceFull();
    }

    @Include("xenpv.h")
    @Import(name = "xenpv_load8")
    private static native byte load8(long address);

    @Include("xenpv.h")
    @Import(name = "xenpv_load16")
    private static native short load16(long address);

    @Include("xenpv.h")
    @Import(name = "xenpv_load32")
    private static native int load32(long address);

    @Include("xenpv.h")
    @Import(name = "xenpv_load64")
    private static native long load64(long address);

    @Include("xenpv.h")
    @Import(name = "xenpv_store8")
    private static native void store8(long address, byte value);

    @Include("xenpv.h")
    @Import(name = "xenpv_store16")
    private static native void store16(long address, short value);

    @Include("xenpv.h")
    @Import(name = "xenpv_store32")
    private static native void store32(long address, int value);

    @Include("xenpv.h")
    @Import(name = "xenpv_store64")
    private static native void store64(long address, long value);

    @Include("xenpv.h")
    @Import(name = "xenpv_load32_acquire")
    private static native int load32Acquire(long address);

    @Include("xenpv.h")
    @Import(name = "xenpv_store32_release")
    private static native void store32Release(long address, int value);

    @Include("xenpv.h")
    @Import(name = "xenpv_cas32")
    private static native int cas32(long address, int expected, int value);

    @Include("xenpv.h")
    @Import(name = "xenpv_copy")
    private static native void copy(long to, long from, int bytes);

    @Include("xenpv.h")
    @Import(name = "xenpv_zero")
    private static native void zero(long address, int bytes);

    @Include("xenpv.h")
    @Import(name = "xenpv_copy_out")
    private static native void copyOut(long from, byte[] array, int at, int bytes);

    @Include("xenpv.h")
    @Import(name = "xenpv_copy_in")
    private static native void copyIn(long to, byte[] array, int at, int bytes);

    @Include("xenpv.h")
    @Import(name = "xenpv_fence_acquire")
    private static native void fenceAcquire();

    @Include("xenpv.h")
    @Import(name = "xenpv_fence_release")
    private static native void fenceRelease();

    @Include("xenpv.h")
    @Import(name = "xenpv_fence_full")
    private static native void fenceFull();
}
