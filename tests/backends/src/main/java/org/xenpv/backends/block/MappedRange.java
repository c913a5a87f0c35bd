package org.xenpv.backends.block;

import com.kenai.jffi.MemoryIO;
import java.nio.ByteBuffer;
import org.xenpv.grant.MappedPages;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * Pages of the frontend, mapped, and the buffer through which the store moves data in and out of them.
 *
 * <p>Over Chronicle memory that is a direct buffer at the mapping's own address, made once: the kernel copies between
 * the page cache and the frontend's page. Over any other memory it is a staging array, and {@link #fill} and {@link
 * #spill} copy.
 */
final class MappedRange {

    private final MappedPages pages;
    private final SharedMemory memory;
    private final ByteBuffer buffer;
    private final byte[] staging;
    private long usedIn;

    MappedRange(MappedPages pages) {
        this.pages = pages;
        this.memory = pages.memory();
        ByteBuffer direct = directBuffer(memory);
        this.staging = direct == null ? new byte[memory.sizeBytes()] : null;
        this.buffer = direct == null ? ByteBuffer.wrap(staging) : direct;
    }

    private static ByteBuffer directBuffer(SharedMemory memory) {
        if (!(memory instanceof ChronicleMemory raw)) {
            return null;
        }
        try {
            return MemoryIO.getInstance().newDirectByteBuffer(raw.address(), raw.sizeBytes());
        } catch (LinkageError e) {
            return null; // no native stub of jffi for this platform: slower, not wrong
        }
    }

    SharedMemory memory() {
        return memory;
    }

    /**
     * The buffer, limited to a range. It is shared: a second range within the same transfer gets a duplicate.
     *
     * @param transfer a number no other transfer has
     */
    ByteBuffer range(int at, int lengthBytes, long transfer) {
        ByteBuffer part = buffer;
        if (usedIn == transfer) {
            part = buffer.duplicate();
        }
        usedIn = transfer;
        part.limit(at + lengthBytes).position(at);
        return part;
    }

    /** Before the store reads from the buffer. */
    void fill(int at, int lengthBytes) {
        if (staging != null) {
            memory.copyOut(at, staging, at, lengthBytes);
        }
    }

    /** After the store has put data into the buffer. */
    void spill(int at, int lengthBytes) {
        if (staging != null) {
            memory.copyIn(at, staging, at, lengthBytes);
        }
    }

    /** Unmaps; the buffer must not be touched again. */
    void unmap() {
        pages.close();
    }
}
