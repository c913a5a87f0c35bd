package org.xenpv.benchmarks;

import org.xenpv.memory.ChronicleMemory;

/**
 * The limit of what is written by one thread and copied by another, with nothing else to do: the writer fills the next piece of memory as large
 * as the frontend's pages, the other moves it to memory as large as the backend's. Both spin.
 */
final class HandedCopies implements AutoCloseable {

    /** Pieces handed over at a time, as on a ring: neither looks at the other's counter for each. */
    private static final int BATCH = 4;

    private final ChronicleMemory shared;
    private final ChronicleMemory target;
    private final byte[] payload;
    private final int pieces;
    private final int targets;
    private final Thread writer;
    private volatile long wanted;
    private volatile long written;
    private volatile long copied;
    private volatile boolean closed;

    HandedCopies(int sourcePages, int targetPages, int bytes) {
        shared = ChronicleMemory.allocatePages(sourcePages);
        target = ChronicleMemory.allocatePages(targetPages);
        payload = new byte[bytes];
        pieces = shared.sizeBytes() / bytes;
        targets = target.sizeBytes() / bytes;
        writer = new Thread(this::write, "handed-copies-writer");
        writer.setDaemon(true);
        writer.start();
    }

    private void write() {
        for (long next = 0; !closed; ) {
            if (next == wanted || next - copied == pieces) {
                Thread.onSpinWait();
                continue;
            }
            shared.copyIn((int) (next % pieces) * payload.length, payload, 0, payload.length);
            if (++next % BATCH == 0 || next == wanted) {
                written = next;
            }
        }
    }

    /** Has so many pieces written, and copies them. */
    void copy(long count) {
        long next = copied;
        long end = next + count;
        wanted = end;
        while (next < end) {
            if (next == written) {
                Thread.onSpinWait();
                continue;
            }
            shared.copyTo(
                    (int) (next % pieces) * payload.length,
                    target,
                    (int) (next % targets) * payload.length,
                    payload.length);
            if (++next % BATCH == 0 || next == end) {
                copied = next;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            writer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the writer ended", e);
        }
        shared.close();
        target.close();
    }
}
