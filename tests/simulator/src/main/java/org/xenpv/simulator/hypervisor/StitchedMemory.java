package org.xenpv.simulator.hypervisor;

import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * Foreign pages that do not lie next to each other in their owner's memory, shown as one range. A real machine does this
 * with its page tables; here every access finds its page first, so it is slower than {@link ChronicleMemory}.
 */
final class StitchedMemory implements SharedMemory {

    private final ChronicleMemory[] pages;

    /** @param pages of 4096 bytes each; closed with this memory */
    StitchedMemory(ChronicleMemory[] pages) {
        this.pages = pages;
    }

    void close() {
        for (ChronicleMemory page : pages) {
            page.close();
        }
    }

    private ChronicleMemory page(int at) {
        return pages[at / PAGE_BYTES];
    }

    private static int in(int at) {
        return at % PAGE_BYTES;
    }

    /** For ordered accesses, which are always checked. */
    private ChronicleMemory word(int at) {
        check(at, 4, 4);
        return page(at);
    }

    @Override
    public int sizeBytes() {
        return pages.length * PAGE_BYTES;
    }

    @Override
    public void check(int at, int lengthBytes, int alignmentBytes) {
        if (at < 0 || lengthBytes < 0 || at > sizeBytes() - lengthBytes) {
            throw new IndexOutOfBoundsException(
                    "at=" + at + ", lengthBytes=" + lengthBytes + ", outside sizeBytes=" + sizeBytes());
        }
        int last = Math.max(at, at + lengthBytes - 1);
        for (int page = at / PAGE_BYTES; page <= last / PAGE_BYTES && page < pages.length; page++) {
            pages[page].check(page == at / PAGE_BYTES ? in(at) : 0, 0, alignmentBytes);
        }
    }

    @Override
    public SharedMemory slice(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        if (lengthBytes > 0 && at / PAGE_BYTES == (at + lengthBytes - 1) / PAGE_BYTES) {
            return page(at).slice(in(at), lengthBytes);
        }
        if (in(at) != 0 || in(lengthBytes) != 0 || lengthBytes == 0) {
            throw new IllegalArgumentException(
                    "at=" + at + ", lengthBytes=" + lengthBytes + ", must lie in one page or be whole pages");
        }
        ChronicleMemory[] some = new ChronicleMemory[lengthBytes / PAGE_BYTES];
        System.arraycopy(pages, at / PAGE_BYTES, some, 0, some.length);
        return new StitchedMemory(some);
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
        return word(at).getIntAcquire(in(at));
    }

    @Override
    public void putIntRelease(int at, int value) {
        word(at).putIntRelease(in(at), value);
    }

    @Override
    public boolean compareAndSetInt(int at, int expected, int value) {
        return word(at).compareAndSetInt(in(at), expected, value);
    }

    @Override
    public void copyOut(int at, byte[] target, int targetAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        for (int done = 0; done < lengthBytes; ) {
            int part = part(at + done, lengthBytes - done);
            page(at + done).copyOut(in(at + done), target, targetAt + done, part);
            done += part;
        }
    }

    @Override
    public void copyIn(int at, byte[] source, int sourceAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        for (int done = 0; done < lengthBytes; ) {
            int part = part(at + done, lengthBytes - done);
            page(at + done).copyIn(in(at + done), source, sourceAt + done, part);
            done += part;
        }
    }

    @Override
    public void copyTo(int at, SharedMemory target, int targetAt, int lengthBytes) {
        check(at, lengthBytes, 1);
        target.check(targetAt, lengthBytes, 1);
        for (int done = 0; done < lengthBytes; ) {
            int part = part(at + done, lengthBytes - done);
            page(at + done).copyTo(in(at + done), target, targetAt + done, part);
            done += part;
        }
    }

    @Override
    public void zero(int at, int lengthBytes) {
        check(at, lengthBytes, 1);
        for (int done = 0; done < lengthBytes; ) {
            int part = part(at + done, lengthBytes - done);
            page(at + done).zero(in(at + done), part);
            done += part;
        }
    }

    private static int part(int at, int left) {
        return Math.min(left, PAGE_BYTES - in(at));
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

    @Override
    public String toString() {
        return "StitchedMemory[" + pages.length + " pages]";
    }
}
