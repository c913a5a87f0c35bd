package org.xenpv.blkfront;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.xenpv.fault.XenException;

/**
 * A disk as a channel: bytes of any position and length, see {@link Blkfront#channel()}.
 *
 * <p>A call moves its bytes in steps: whole sectors straight from or to the caller's buffer, what is not whole sectors
 * through a window of whole ones around it. The position moves with each step, so that after a failure it stands, like
 * the buffer's, behind the last byte that was moved.
 */
final class BlkfrontChannel implements SeekableByteChannel {

    /** Whole sectors moved by one operation at most, because the deadline of requests is one for each operation. */
    private static final int STEP_BYTES = 4 << 20;

    /** The widest window; a multiple of every sector size, so that a step through it ends on whole sectors. */
    private static final int WINDOW_BYTES = 64 * 1024;

    private final Blkfront disk;
    private final int stepBytes;

    /** Held for a whole call, so that nothing is changed between the read and the write of a window. */
    private final ReentrantLock lock = new ReentrantLock();

    /** Written with the lock held. */
    private volatile long position;

    private volatile boolean open = true;

    BlkfrontChannel(Blkfront disk) {
        this(disk, STEP_BYTES);
    }

    /** @param stepBytes a multiple of 4096 */
    BlkfrontChannel(Blkfront disk, int stepBytes) {
        this.disk = disk;
        this.stepBytes = stepBytes;
    }

    /** Moves some bytes between a buffer and the disk, from the position on, and the buffer's position with them. */
    private interface Step {
        int move(ByteBuffer buffer, int bytes, int sectorBytes) throws IOException;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        enter();
        try {
            if (into.isReadOnly()) {
                throw new IllegalArgumentException("the buffer is read-only, a read must write to it");
            }
            if (into.hasRemaining() && position >= size()) {
                return -1;
            }
            return move(into, this::readStep);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        enter();
        try {
            checkWritable();
            if (from.hasRemaining() && position >= size()) {
                throw new IOException(
                        "position=" + position + ", is at or past the end of the disk, which has " + size() + " bytes");
            }
            return move(from, this::writeStep);
        } finally {
            lock.unlock();
        }
    }

    /** @return how many bytes; fewer than there are if the disk ends, or a step fails that is not the first */
    private int move(ByteBuffer buffer, Step step) throws IOException {
        BlkGeometry geometry = disk.geometry();
        int bytes = (int) Math.max(0, Math.min(buffer.remaining(), bytes(geometry) - position));
        int moved = 0;
        while (moved < bytes) {
            try {
                int more = step.move(buffer, bytes - moved, geometry.sectorBytes());
                position += more;
                moved += more;
            } catch (IOException e) {
                if (moved == 0) {
                    throw e;
                }
                break; // the next call says why
            }
        }
        return moved;
    }

    private int readStep(ByteBuffer into, int bytes, int sectorBytes) throws IOException {
        int whole = wholeSectors(bytes, sectorBytes);
        if (whole > 0) {
            await(disk::read, position, slice(into, whole));
            into.position(into.position() + whole);
            return whole;
        }
        int skip = (int) (position % sectorBytes);
        int some = Math.min(bytes, WINDOW_BYTES - skip);
        ByteBuffer window = readWindow(skip, some, sectorBytes);
        into.put(window.position(skip).limit(skip + some));
        return some;
    }

    private int writeStep(ByteBuffer from, int bytes, int sectorBytes) throws IOException {
        int whole = wholeSectors(bytes, sectorBytes);
        if (whole > 0) {
            await(disk::write, position, slice(from, whole));
            from.position(from.position() + whole);
            return whole;
        }
        int skip = (int) (position % sectorBytes);
        int some = Math.min(bytes, WINDOW_BYTES - skip);
        ByteBuffer window = readWindow(skip, some, sectorBytes);
        window.position(skip).put(slice(from, some)).rewind();
        await(disk::write, position - skip, window);
        from.position(from.position() + some);
        return some;
    }

    /** How much can be moved without a window; 0 if the position is within a sector, or less than one is left. */
    private int wholeSectors(int bytes, int sectorBytes) {
        return position % sectorBytes == 0 ? Math.min(bytes - bytes % sectorBytes, stepBytes) : 0;
    }

    /** The whole sectors around some bytes, the first of which is {@code skip} bytes into a sector. */
    private ByteBuffer readWindow(int skip, int bytes, int sectorBytes) throws IOException {
        int sectors = (skip + bytes + sectorBytes - 1) / sectorBytes;
        ByteBuffer window = ByteBuffer.allocate(sectors * sectorBytes);
        await(disk::read, position - skip, window);
        return window.rewind();
    }

    private static ByteBuffer slice(ByteBuffer buffer, int bytes) {
        return buffer.duplicate().limit(buffer.position() + bytes);
    }

    private interface Operation {
        CompletableFuture<Integer> start(long sector, ByteBuffer buffer);
    }

    private static void await(Operation operation, long atBytes, ByteBuffer buffer) throws IOException {
        CompletableFuture<Integer> future;
        try {
            future = operation.start(atBytes / BlkfrontFeatures.SECTOR_BYTES, buffer);
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new IOException(e.getMessage(), e); // the disk has changed since its geometry was looked at
        }
        try {
            future.get();
        } catch (InterruptedException e) {
            future.cancel(false);
            throw interrupted();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (XenException e) {
            future.cancel(false);
            throw new IOException(e.getMessage(), e);
        }
    }

    private static InterruptedIOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while waiting for the disk");
    }

    @Override
    public long position() throws IOException {
        checkOpen();
        return position;
    }

    @Override
    public SeekableByteChannel position(long newPosition) throws IOException {
        enter();
        try {
            if (newPosition < 0) {
                throw new IllegalArgumentException("position=" + newPosition + ", must not be negative");
            }
            position = newPosition;
            return this;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long size() throws IOException {
        checkOpen();
        return bytes(disk.geometry());
    }

    private static long bytes(BlkGeometry geometry) {
        return geometry.sectors() * BlkfrontFeatures.SECTOR_BYTES;
    }

    @Override
    public SeekableByteChannel truncate(long size) throws IOException {
        enter();
        try {
            if (size < 0) {
                throw new IllegalArgumentException("size=" + size + ", must not be negative");
            }
            checkWritable();
            if (size < size()) {
                throw new IOException("size=" + size + ", a disk cannot be truncated, it has " + size() + " bytes");
            }
            position = Math.min(position, size);
            return this;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        open = false;
    }

    /** Takes the lock, or throws. */
    private void enter() throws IOException {
        checkOpen();
        disk.checkMayWait(); // who holds the lock may be waiting for the loop
        try {
            lock.lockInterruptibly();
        } catch (InterruptedException e) {
            throw interrupted();
        }
        if (!open) {
            lock.unlock();
            throw new ClosedChannelException();
        }
    }

    private void checkOpen() throws ClosedChannelException {
        if (!open) {
            throw new ClosedChannelException();
        }
    }

    private void checkWritable() {
        if (disk.geometry().readOnly()) {
            throw new NonWritableChannelException();
        }
    }
}
