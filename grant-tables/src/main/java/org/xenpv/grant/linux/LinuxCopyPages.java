package org.xenpv.grant.linux;

import org.xenpv.grant.CopyPages;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** Memory of this program: the kernel finds the frames under it. */
final class LinuxCopyPages implements CopyPages {

    private final ChronicleMemory memory;
    private boolean closed;

    LinuxCopyPages(int pages) {
        this.memory = ChronicleMemory.allocatePages(pages);
    }

    @Override
    public SharedMemory memory() {
        if (closed) {
            throw new IllegalStateException("the pages are closed");
        }
        return memory;
    }

    long address() {
        return memory.address();
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
        memory.close();
    }
}
