package org.xenpv.benchmarks;

import org.xenpv.memory.ChronicleMemory;

/**
 * The limit of what moves every byte once: the machine's memmove on one thread, out of memory as large as the frontend's pages,
 * into memory as large as the backend's. Both stay in the processor's cache.
 */
final class MemoryCopies implements AutoCloseable {

    private final ChronicleMemory source;
    private final ChronicleMemory target;
    private final int bytes;
    private final int sources;
    private final int targets;
    private int next;

    MemoryCopies(int sourcePages, int targetPages, int bytes) {
        this.source = ChronicleMemory.allocatePages(sourcePages);
        this.target = ChronicleMemory.allocatePages(targetPages);
        this.bytes = bytes;
        this.sources = source.sizeBytes() / bytes;
        this.targets = target.sizeBytes() / bytes;
    }

    void copy(long count) {
        for (long i = 0; i < count; i++) {
            source.copyTo(next % sources * bytes, target, next % targets * bytes, bytes);
            next = next + 1 == sources * targets ? 0 : next + 1;
        }
    }

    @Override
    public void close() {
        source.close();
        target.close();
    }
}
