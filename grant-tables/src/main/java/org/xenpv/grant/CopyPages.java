package org.xenpv.grant;

import org.xenpv.memory.SharedMemory;

/** Pages of our own that a {@link CopyBatch} can name; {@link GrantMapper#copyPages} gives them out. */
public interface CopyPages extends AutoCloseable {

    /** All of the pages, contiguous and ours alone. @throws IllegalStateException if closed */
    SharedMemory memory();

    /** Gives the pages back; the memory must not be touched again. Idempotent, never throws. */
    @Override
    void close();
}
