package org.xenpv.grant.linux;

import org.xenpv.grant.MappedPages;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** One range that gntdev mapped. */
final class LinuxMappedPages implements MappedPages {

    private final ChronicleMemory memory;
    private final int pages;
    private boolean closed;

    LinuxMappedPages(ChronicleMemory memory, int pages) {
        this.memory = memory;
        this.pages = pages;
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
        return pages;
    }

    @Override
    public void close() {
        closed = true;
        memory.close();
    }
}
