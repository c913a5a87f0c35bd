package org.xenpv.backends.block;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The disk behind a block backend: a range of bytes that can be read, written, flushed and discarded.
 *
 * <p>The backend has checked every position and length before it calls: ranges lie inside {@link #sizeBytes()} and are
 * multiples of 512 bytes. Data moves straight between the store and the frontend's mapped pages, which the buffers lie
 * over: what is in them may change at any moment, so a store never looks at a byte twice.
 *
 * <p>Owned by the thread of the backend's event loop; calls may block. An IOException fails the one request
 * (BLKIF_RSP_ERROR) and leaves the device up.
 */
public interface BlockStore extends AutoCloseable {

    /** A multiple of {@link #sectorBytes()}; changes only in {@link #remeasure()}. */
    long sizeBytes();

    /** Looks again how large the medium is, for online resize. */
    default long remeasure() throws IOException {
        return sizeBytes();
    }

    /** The logical block size: a power of two, at least 512. */
    default int sectorBytes() {
        return 512;
    }

    /** A multiple of {@link #sectorBytes()}. */
    default int physicalSectorBytes() {
        return sectorBytes();
    }

    /** Whether writes and discards would fail. */
    boolean readOnly();

    /** Fills the first {@code count} buffers, each from its position to its limit, from consecutive bytes. */
    void read(long positionBytes, ByteBuffer[] targets, int count) throws IOException;

    /** Writes the first {@code count} buffers, each from its position to its limit, to consecutive bytes. */
    void write(long positionBytes, ByteBuffer[] sources, int count) throws IOException;

    /** Returns when everything written before is on stable storage. */
    void flush() throws IOException;

    /** The range's content is not needed any more; what it reads as afterwards is up to the store. */
    void discard(long positionBytes, long lengthBytes) throws IOException;

    /** Returns when the range's old content cannot be read back from the store by any means the store has. */
    void secureDiscard(long positionBytes, long lengthBytes) throws IOException;

    /** Gives the medium back. Idempotent, never throws; nothing is flushed. */
    @Override
    void close();
}
