package org.xenpv.grant.abi;

import org.xenpv.grant.MappedPages;
import org.xenpv.memory.SharedMemory;

/** One range of mapped pages, with the handle of each. */
final class AbiMappedPages implements MappedPages {

    private final AbiGrantMapper mapper;
    private final SharedMemory memory;
    private final long base;
    private final int[] handles;
    private final boolean[] mapped;
    private boolean closed;

    AbiMappedPages(AbiGrantMapper mapper, SharedMemory memory, long base, int[] handles, boolean[] mapped) {
        this.mapper = mapper;
        this.memory = memory;
        this.base = base;
        this.handles = handles;
        this.mapped = mapped;
    }

    @Override
    public SharedMemory memory() {
        if (closed) {
            throw new IllegalStateException("pages have been unmapped");
        }
        return memory;
    }

    @Override
    public int pages() {
        return handles.length;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            mapper.unmap(base, handles, mapped);
            mapper.freeWhenIdle();
        }
    }
}
