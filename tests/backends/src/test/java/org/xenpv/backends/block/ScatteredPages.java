package org.xenpv.backends.block;

import org.xenpv.memory.SharedMemory;

/** Pages that lie anywhere, seen as one range: no ChronicleMemory, so that the staging path is taken. */
final class ScatteredPages implements SharedMemory {

    private final SharedMemory[] pages;

    ScatteredPages(SharedMemory[] pages) {
        this.pages = pages;
    }

    private SharedMemory page(int at) {
        return pages[at / PAGE_BYTES];
    }

    private static int in(int at) {
        return at % PAGE_BYTES;
    }

    @Override
    public int sizeBytes() {
        return pages.length * PAGE_BYTES;
    }

    @Override
    public void check(int at, int lengthBytes, int alignmentBytes) {
        if (at < 0 || lengthBytes < 0 || at > sizeBytes() - lengthBytes) {
            throw new IndexOutOfBoundsException("at=" + at + ", lengthBytes=" + lengthBytes);
        }
        if (at % alignmentBytes != 0) {
            throw new IllegalArgumentException("at=" + at);
        }
        for (SharedMemory page : pages) {
            page.check(0, 0, 1); // closed?
        }
    }

    @Override
    public SharedMemory slice(int at, int lengthBytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public byte getByte(int at) {
        return page(at).getByte(in(at));
    }

    @Override
    public short getShort(int at) {
        return page(at).getShort(in(at));
    }

    @Override
    public int getInt(int at) {
        return page(at).getInt(in(at));
    }

    @Override
    public long getLong(int at) {
        return page(at).getLong(in(at));
    }

    @Override
    public void putByte(int at, byte value) {
        page(at).putByte(in(at), value);
    }

    @Override
    public void putShort(int at, short value) {
        page(at).putShort(in(at), value);
    }

    @Override
    public void putInt(int at, int value) {
        page(at).putInt(in(at), value);
    }

    @Override
    public void putLong(int at, long value) {
        page(at).putLong(in(at), value);
    }

    @Override
    public int getIntAcquire(int at) {
        return page(at).getIntAcquire(in(at));
    }

    @Override
    public void putIntRelease(int at, int value) {
        page(at).putIntRelease(in(at), value);
    }

    @Override
    public boolean compareAndSetInt(int at, int expected, int value) {
        return page(at).compareAndSetInt(in(at), expected, value);
    }

    @Override
    public void copyOut(int at, byte[] target, int targetAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        for (int done = 0; done < lengthBytes; ) {
            int part = Math.min(lengthBytes - done, PAGE_BYTES - in(at + done));
            page(at + done).copyOut(in(at + done), target, targetAt + done, part);
            done += part;
        }
    }

    @Override
    public void copyIn(int at, byte[] source, int sourceAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        for (int done = 0; done < lengthBytes; ) {
            int part = Math.min(lengthBytes - done, PAGE_BYTES - in(at + done));
            page(at + done).copyIn(in(at + done), source, sourceAt + done, part);
            done += part;
        }
    }

    @Override
    public void copyTo(int at, SharedMemory target, int targetAt, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        copyOut(at, bytes, 0, lengthBytes);
        target.copyIn(targetAt, bytes, 0, lengthBytes);
    }

    @Override
    public void zero(int at, int lengthBytes) {
        copyIn(at, new byte[lengthBytes], 0, lengthBytes);
    }

    @Override
    public void acquireFence() {
        pages[0].acquireFence();
    }

    @Override
    public void releaseFence() {
        pages[0].releaseFence();
    }

    @Override
    public void fullFence() {
        pages[0].fullFence();
    }
}
