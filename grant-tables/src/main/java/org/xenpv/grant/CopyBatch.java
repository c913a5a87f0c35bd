package org.xenpv.grant;

/**
 * Copies between granted pages and our own, gathered and then done by one call of the hypervisor (GNTTABOP_copy).
 *
 * <pre>{@code
 * int first = batch.from(domid, gref, 0, pages, 0, 4096);
 * int second = batch.to(domid, other, 128, pages, 4096, 60);
 * if (batch.run() > 0 && batch.status(second) != 0) { ... }
 * }</pre>
 *
 * <p>The first copy added after {@link #run} begins a new batch. Nothing is allocated. Owned by the thread of the mapper it
 * comes from.
 */
public interface CopyBatch extends AutoCloseable {

    /** Most copies in one batch. */
    int copiesMax();

    /** Copies added since the last {@link #run}. */
    int copies();

    /**
     * Adds a copy out of a granted page.
     *
     * @param offset in the granted page; {@code offset + lengthBytes} at most 4096
     * @param at in {@code target}'s memory
     * @return the copy's number, for {@link #status}
     * @throws IllegalArgumentException if it crosses a page's end or leaves the memory
     * @throws IllegalStateException if the batch is full
     */
    int from(int domid, int gref, int offset, CopyPages target, int at, int lengthBytes);

    /** Adds a copy into a granted page: the other direction of {@link #from}. */
    int to(int domid, int gref, int offset, CopyPages source, int at, int lengthBytes);

    /**
     * Does all copies added, in no particular order. One that fails does not keep the others from being done.
     *
     * @return how many failed
     */
    int run();

    /** How a copy of the last {@link #run} ended: 0 or a negative GNTST_ (xen/grant_table.h). */
    int status(int copy);

    /** Gives back what the batch holds. Idempotent, never throws. */
    @Override
    void close();
}
