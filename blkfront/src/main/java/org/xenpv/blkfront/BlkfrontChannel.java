package org.xenpv.blkfront;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A disk as a channel: bytes of any position and length. What is not whole sectors at either end is read, changed and
 * written back. The disk's size is fixed: writing past it writes what fits, truncating is refused. Closing the channel
 * leaves the disk open.
 */
final class BlkfrontChannel implements SeekableByteChannel {

    private final Blkfront disk;
    private long position;
    private boolean open = true;

    BlkfrontChannel(Blkfront disk) {
        this.disk = disk;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        checkOpen();
        int bytes = (int) Math.min(into.remaining(), size() - position);
        if (bytes <= 0) {
            return into.hasRemaining() ? -1 : 0;
        }
        Window window = new Window(position, bytes);
        if (window.isWhole()) {
            transfer(disk.read(window.sector(), slice(into, bytes)));
        } else {
            ByteBuffer sectors = readSectors(window.start, window.lengthBytes);
            into.put(sectors.position(window.skip).limit(window.skip + bytes));
        }
        position += bytes;
        return bytes;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        checkOpen();
        if (disk.geometry().readOnly()) {
            throw new NonWritableChannelException();
        }
        int bytes = (int) Math.min(from.remaining(), size() - position);
        if (bytes <= 0) {
            if (from.hasRemaining()) {
                throw new IOException("position=" + position + ", is at or past the end of the disk, " + size());
            }
            return 0;
        }
        Window window = new Window(position, bytes);
        if (window.isWhole()) {
            transfer(disk.write(window.sector(), slice(from, bytes)));
        } else {
            ByteBuffer sectors = readSectors(window.start, window.lengthBytes);
            sectors.position(window.skip);
            sectors.put(slice(from, bytes));
            transfer(disk.write(window.sector(), sectors.rewind()));
        }
        position += bytes;
        return bytes;
    }

    /** The whole sectors around a range of bytes. */
    private final class Window {
        private final long start;
        private final int skip;
        private final int lengthBytes;
        private final int bytes;

        Window(long from, int bytes) {
            int unit = disk.geometry().sectorBytes();
            this.bytes = bytes;
            this.start = from - from % unit;
            this.skip = (int) (from - start);
            this.lengthBytes = Math.toIntExact((skip + (long) bytes + unit - 1) / unit * unit);
        }

        boolean isWhole() {
            return skip == 0 && lengthBytes == bytes;
        }

        long sector() {
            return start / BlkfrontFeatures.SECTOR_BYTES;
        }
    }

    private ByteBuffer readSectors(long start, int lengthBytes) throws IOException {
        ByteBuffer sectors = ByteBuffer.allocate(lengthBytes);
        transfer(disk.read(start / BlkfrontFeatures.SECTOR_BYTES, sectors));
        return sectors.rewind();
    }

    private static ByteBuffer slice(ByteBuffer buffer, int bytes) {
        ByteBuffer slice = buffer.duplicate().limit(buffer.position() + bytes);
        buffer.position(buffer.position() + bytes);
        return slice;
    }

    private static void transfer(CompletableFuture<Integer> future) throws IOException {
        try {
            future.join();
        } catch (CompletionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    @Override
    public long position() throws IOException {
        checkOpen();
        return position;
    }

    @Override
    public SeekableByteChannel position(long newPosition) throws IOException {
        checkOpen();
        if (newPosition < 0) {
            throw new IllegalArgumentException("position=" + newPosition + ", must not be negative");
        }
        position = newPosition;
        return this;
    }

    @Override
    public long size() throws IOException {
        checkOpen();
        return disk.geometry().sectors() * BlkfrontFeatures.SECTOR_BYTES;
    }

    @Override
    public SeekableByteChannel truncate(long size) throws IOException {
        if (size < size()) {
            throw new IOException("size=" + size + ", a disk cannot be truncated");
        }
        return this;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        open = false;
    }

    private void checkOpen() throws ClosedChannelException {
        if (!open) {
            throw new ClosedChannelException();
        }
    }
}
