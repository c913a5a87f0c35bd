package org.xenpv.backends.block;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * A raw disk image: a regular file (or a block device node) whose byte n is the disk's byte n.
 *
 * <p>One contiguous range of memory is one positional read (pread); several are one scattering read (readv), after the
 * channel's position has been set, which is safe because nothing else uses this channel. A writable image holds an
 * exclusive lock on its file, so that no two backends write the same one.
 *
 * <p>Interrupting the owning thread during an operation closes the channel (java.nio.channels.InterruptibleChannel):
 * every later request fails.
 */
public final class RawImage implements BlockStore {

    private static final int SECTOR_BYTES = 512;
    private static final int ZERO_BYTES = 1 << 16;

    private final Path path;
    private final FileChannel channel;
    private final boolean readOnly;
    private final ByteBuffer[] single = new ByteBuffer[1];
    private ByteBuffer zeroes;
    private long sizeBytes;

    private RawImage(Path path, FileChannel channel, boolean readOnly, long sizeBytes) {
        this.path = path;
        this.channel = channel;
        this.readOnly = readOnly;
        this.sizeBytes = sizeBytes;
    }

    /**
     * Opens an image that is never written.
     *
     * @throws BlockStoreException naming path and reason: missing, a directory, not readable, empty, or not a multiple
     *     of 512 bytes long
     */
    public static RawImage openReadOnly(Path path) {
        return open(path, true);
    }

    /**
     * Opens an image for reading and writing.
     *
     * @throws BlockStoreException as {@link #openReadOnly}, and if it is not writable or locked by another writer
     */
    public static RawImage openWritable(Path path) {
        return open(path, false);
    }

    private static RawImage open(Path path, boolean readOnly) {
        String medium = "image " + path;
        if (Files.isDirectory(path)) {
            throw new BlockStoreException(medium, "is a directory, must be a file");
        }
        Set<OpenOption> options =
                readOnly ? Set.of(StandardOpenOption.READ) : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileChannel channel;
        try {
            channel = FileChannel.open(path, options);
        } catch (NoSuchFileException e) {
            throw new BlockStoreException(medium, "does not exist", e);
        } catch (AccessDeniedException e) {
            throw new BlockStoreException(medium, readOnly ? "is not readable" : "is not readable and writable", e);
        } catch (IOException e) {
            throw new BlockStoreException(medium, "cannot be opened: " + e.getMessage(), e);
        }
        try {
            if (!readOnly && !lock(channel)) {
                throw new BlockStoreException(medium, "is being written by another backend");
            }
            return new RawImage(path, channel, readOnly, measure(medium, channel));
        } catch (IOException e) {
            throw closing(channel, new BlockStoreException(medium, "cannot be opened: " + e.getMessage(), e));
        } catch (BlockStoreException e) {
            throw closing(channel, e);
        }
    }

    private static boolean lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null; // released when the channel is closed
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private static BlockStoreException closing(FileChannel channel, BlockStoreException reason) {
        try {
            channel.close();
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
        return reason;
    }

    private static long measure(String medium, FileChannel channel) throws IOException {
        long bytes = channel.size();
        if (bytes < SECTOR_BYTES || bytes % SECTOR_BYTES != 0) {
            throw new BlockStoreException(
                    medium, "is " + bytes + " bytes long, must be a positive multiple of " + SECTOR_BYTES);
        }
        return bytes;
    }

    public Path path() {
        return path;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    /** @throws BlockStoreException if the file's size has become impossible; the old size stays in force */
    @Override
    public long remeasure() throws IOException {
        sizeBytes = measure(toString(), channel);
        return sizeBytes;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long positionBytes, ByteBuffer[] targets, int count) throws IOException {
        if (count == 1) {
            ByteBuffer target = targets[0];
            for (long at = positionBytes; target.hasRemaining(); ) {
                at += moved(channel.read(target, at), at);
            }
            return;
        }
        channel.position(positionBytes);
        for (int next = drained(targets, 0, count); next < count; next = drained(targets, next, count)) {
            moved(channel.read(targets, next, count - next), positionBytes);
        }
    }

    @Override
    public void write(long positionBytes, ByteBuffer[] sources, int count) throws IOException {
        if (count == 1) {
            ByteBuffer source = sources[0];
            for (long at = positionBytes; source.hasRemaining(); ) {
                at += moved(channel.write(source, at), at);
            }
            return;
        }
        channel.position(positionBytes);
        for (int next = drained(sources, 0, count); next < count; next = drained(sources, next, count)) {
            moved(channel.write(sources, next, count - next), positionBytes);
        }
    }

    private static int drained(ByteBuffer[] buffers, int from, int count) {
        int next = from;
        while (next < count && !buffers[next].hasRemaining()) {
            next++;
        }
        return next;
    }

    /** A transfer that moves nothing would be tried for ever: the file has been cut short under us. */
    private long moved(long bytes, long at) throws IOException {
        if (bytes <= 0) {
            throw new EOFException(this + ": no data at " + at + ", was " + sizeBytes + " bytes long");
        }
        return bytes;
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            channel.force(false);
        }
    }

    /** Overwrites with zeroes: a hole cannot be punched through java.nio. */
    @Override
    public void discard(long positionBytes, long lengthBytes) throws IOException {
        if (zeroes == null) {
            zeroes = ByteBuffer.allocateDirect(ZERO_BYTES);
        }
        single[0] = zeroes;
        long end = positionBytes + lengthBytes;
        for (long at = positionBytes; at < end; ) {
            zeroes.clear().limit((int) Math.min(ZERO_BYTES, end - at));
            int bytes = zeroes.limit();
            write(at, single, 1);
            at += bytes;
        }
    }

    /** Overwrites and flushes: as unrecoverable as the file system under the image makes an overwritten block. */
    @Override
    public void secureDiscard(long positionBytes, long lengthBytes) throws IOException {
        discard(positionBytes, lengthBytes);
        flush();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // The descriptor is gone all the same; what was not flushed was not promised.
        }
    }

    @Override
    public String toString() {
        return "image " + path;
    }
}
