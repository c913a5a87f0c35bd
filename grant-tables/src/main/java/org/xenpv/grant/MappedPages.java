package org.xenpv.grant;

import org.xenpv.memory.SharedMemory;

/** Pages of another domain, mapped by {@link GrantMapper#map}. */
public interface MappedPages extends AutoCloseable {

    SharedMemory memory();

    int pages();

    /** Unmaps; the memory is dead from then on. Idempotent, never throws. */
    @Override
    void close();
}
