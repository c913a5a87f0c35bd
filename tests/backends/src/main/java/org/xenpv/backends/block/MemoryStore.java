package org.xenpv.backends.block;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/**
 * A disk in memory with a volatile write cache, for tests: what was not flushed is lost in a {@link #powerCut()}.
 *
 * <p>Counts what is done to it. Discarded ranges read as zeroes at once, on stable storage after the next flush.
 */
public final class MemoryStore implements BlockStore {

    private static final int SECTOR_BYTES = 512;

    private final boolean readOnly;
    private byte[] cached;
    private byte[] stable;
    private final BitSet dirty = new BitSet();
    private boolean closed;
    private long flushes;
    private long discards;
    private long secureDiscards;

    /** @param sizeBytes a positive multiple of 512, at most 1 GiB */
    public MemoryStore(int sizeBytes, boolean readOnly) {
        this.cached = new byte[checkSize(sizeBytes)];
        this.stable = new byte[sizeBytes];
        this.readOnly = readOnly;
    }

    /** A writable disk with this content. */
    public static MemoryStore of(byte[] content) {
        MemoryStore store = new MemoryStore(content.length, false);
        System.arraycopy(content, 0, store.cached, 0, content.length);
        System.arraycopy(content, 0, store.stable, 0, content.length);
        return store;
    }

    private static int checkSize(int sizeBytes) {
        if (sizeBytes < SECTOR_BYTES || sizeBytes > 1 << 30 || sizeBytes % SECTOR_BYTES != 0) {
            throw new IllegalArgumentException(
                    "sizeBytes=" + sizeBytes + ", must be a multiple of 512 from 512 to " + (1 << 30));
        }
        return sizeBytes;
    }

    /** Grows with zeroes, or cuts off; the backend learns of it when it is told to resize. */
    public void resize(int sizeBytes) {
        cached = Arrays.copyOf(cached, checkSize(sizeBytes));
        stable = Arrays.copyOf(stable, sizeBytes);
        dirty.clear(sizeBytes / SECTOR_BYTES, Math.max(dirty.length(), sizeBytes / SECTOR_BYTES));
    }

    /** Loses every write since the last flush, as a machine does when its power fails. */
    public void powerCut() {
        cached = stable.clone();
        dirty.clear();
    }

    /** A copy of what a reader would see now. */
    public byte[] content() {
        return cached.clone();
    }

    /** A copy of what would survive a power cut. */
    public byte[] stableContent() {
        return stable.clone();
    }

    public long flushes() {
        return flushes;
    }

    public long discards() {
        return discards;
    }

    public long secureDiscards() {
        return secureDiscards;
    }

    @Override
    public long sizeBytes() {
        return cached.length;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long positionBytes, ByteBuffer[] targets, int count) throws IOException {
        int at = check(positionBytes, remaining(targets, count));
        for (int i = 0; i < count; i++) {
            int bytes = targets[i].remaining();
            targets[i].put(cached, at, bytes);
            at += bytes;
        }
    }

    @Override
    public void write(long positionBytes, ByteBuffer[] sources, int count) throws IOException {
        int at = checkWritable(positionBytes, remaining(sources, count));
        int from = at / SECTOR_BYTES;
        for (int i = 0; i < count; i++) {
            int bytes = sources[i].remaining();
            sources[i].get(cached, at, bytes);
            at += bytes;
        }
        dirty.set(from, at / SECTOR_BYTES);
    }

    private static long remaining(ByteBuffer[] buffers, int count) {
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += buffers[i].remaining();
        }
        return bytes;
    }

    private int check(long positionBytes, long lengthBytes) throws IOException {
        closed = false;
        if (positionBytes < 0 || lengthBytes < 0 || positionBytes > cached.length - lengthBytes) {
            throw new EOFException(
                    "position=" + positionBytes + ", length=" + lengthBytes + ", outside size=" + cached.length);
        }
        return (int) positionBytes;
    }

    private int checkWritable(long positionBytes, long lengthBytes) throws IOException {
        if (readOnly) {
            throw new IOException("store is read-only");
        }
        return check(positionBytes, lengthBytes);
    }

    @Override
    public void flush() throws IOException {
        check(0, 0);
        flushes++;
        for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
            int at = sector * SECTOR_BYTES;
            System.arraycopy(cached, at, stable, at, SECTOR_BYTES);
        }
        dirty.clear();
    }

    @Override
    public void discard(long positionBytes, long lengthBytes) throws IOException {
        int at = checkWritable(positionBytes, lengthBytes);
        discards++;
        int end = at + (int) lengthBytes;
        Arrays.fill(cached, at, end, (byte) 0);
        dirty.set(at / SECTOR_BYTES, end / SECTOR_BYTES);
    }

    @Override
    public void secureDiscard(long positionBytes, long lengthBytes) throws IOException {
        int at = checkWritable(positionBytes, lengthBytes);
        secureDiscards++;
        int end = at + (int) lengthBytes;
        Arrays.fill(cached, at, end, (byte) 0);
        Arrays.fill(stable, at, end, (byte) 0);
        dirty.clear(at / SECTOR_BYTES, end / SECTOR_BYTES);
    }

    /** Whether it has been closed and not been used since. */
    public boolean isClosed() {
        return closed;
    }

    /** Keeps the content, and the store usable: a disk in memory outlives the device that serves it. */
    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String toString() {
        return "memory of " + cached.length + " bytes";
    }
}
