package org.xenpv.blkfront;

import org.xenpv.io.blkif.Blkif;
import org.xenpv.memory.SharedMemory;

/**
 * What we want of a disk; what the backend advertises is clamped to it. Immutable: every setter returns another one.
 *
 * <pre>{@code BlkfrontConfig.DEFAULT.queuesMax(2).requestBytes(64 * 1024)}</pre>
 */
public final class BlkfrontConfig {

    public static final BlkfrontConfig DEFAULT = new BlkfrontConfig();

    private int ringPageOrderMax = 2;
    private int queuesMax = 1;
    private int indirectSegmentsMax = 32;
    private int requestsPerQueue = 32;
    private int requestBytes = 128 * 1024;
    private boolean persistentGrants = true;
    private boolean flush = true;
    private boolean barrier = true;
    private boolean discard = true;
    private SectorUnits units = SectorUnits.REFUSE;
    private boolean reissue = true;
    private int operationsMax = 65536;
    private long handshakeNs = 10_000_000_000L;
    private long requestNs = 30_000_000_000L;

    private BlkfrontConfig() {}

    private BlkfrontConfig copy() {
        BlkfrontConfig copy = new BlkfrontConfig();
        copy.ringPageOrderMax = ringPageOrderMax;
        copy.queuesMax = queuesMax;
        copy.indirectSegmentsMax = indirectSegmentsMax;
        copy.requestsPerQueue = requestsPerQueue;
        copy.requestBytes = requestBytes;
        copy.persistentGrants = persistentGrants;
        copy.flush = flush;
        copy.barrier = barrier;
        copy.discard = discard;
        copy.units = units;
        copy.reissue = reissue;
        copy.operationsMax = operationsMax;
        copy.handshakeNs = handshakeNs;
        copy.requestNs = requestNs;
        return copy;
    }

    private static long range(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + "=" + value + ", must be " + min + " to " + max);
        }
        return value;
    }

    /**
     * At most 2^order pages per ring. 0 to 4.
     */
    public int ringPageOrderMax() {
        return ringPageOrderMax;
    }

    public BlkfrontConfig ringPageOrderMax(int value) {
        BlkfrontConfig copy = copy();
        copy.ringPageOrderMax = (int) range("ringPageOrderMax", value, 0, 4);
        return copy;
    }

    /**
     * Rings. 1 to 8.
     */
    public int queuesMax() {
        return queuesMax;
    }

    public BlkfrontConfig queuesMax(int value) {
        BlkfrontConfig copy = copy();
        copy.queuesMax = (int) range("queuesMax", value, 1, 8);
        return copy;
    }

    /**
     * Pages per indirect request; 0 switches indirect requests off, otherwise 12 to 256.
     */
    public int indirectSegmentsMax() {
        return indirectSegmentsMax;
    }

    public BlkfrontConfig indirectSegmentsMax(int value) {
        if (value != 0) {
            range("indirectSegmentsMax", value, 12, 256);
        }
        BlkfrontConfig copy = copy();
        copy.indirectSegmentsMax = value;
        return copy;
    }

    /**
     * Requests in flight per queue, each with pages of its own; fewer if the ring is smaller. 1 to 512.
     */
    public int requestsPerQueue() {
        return requestsPerQueue;
    }

    public BlkfrontConfig requestsPerQueue(int value) {
        BlkfrontConfig copy = copy();
        copy.requestsPerQueue = (int) range("requestsPerQueue", value, 1, 512);
        return copy;
    }

    /** Pages that a connection with all this would take: rings, lists of segments, data. */
    public long pages() {
        return queuesMax * ((1L << ringPageOrderMax) + requestsPerQueue * pagesPerRequest());
    }

    private long pagesPerRequest() {
        return requestPages() + (requestPages() > Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST ? 1 : 0);
    }

    private int requestPages() {
        int most = indirectSegmentsMax == 0 ? Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST : indirectSegmentsMax;
        return Math.min(requestBytes / SharedMemory.PAGE_BYTES, most);
    }

    /**
     * The same with as many requests per queue as so many pages allow, for a table that has a limit ({@link
     * org.xenpv.grant.GrantTable#pagesLeft}). One request is left in any case.
     */
    public BlkfrontConfig fitting(long pagesMax) {
        long requests = (pagesMax / queuesMax - (1L << ringPageOrderMax)) / pagesPerRequest();
        return requests >= requestsPerQueue ? this : requestsPerQueue((int) Math.max(1, requests));
    }

    /**
     * The most that one request carries, a multiple of 4096; less if the backend takes less.
     */
    public int requestBytes() {
        return requestBytes;
    }

    public BlkfrontConfig requestBytes(int value) {
        range("requestBytes", value, 4096, 1 << 20);
        if (value % 4096 != 0) {
            throw new IllegalArgumentException("requestBytes=" + value + ", must be a multiple of 4096");
        }
        BlkfrontConfig copy = copy();
        copy.requestBytes = value;
        return copy;
    }

    /**
     * Whether to use feature-persistent (pages stay mapped by the backend for the life of the connection); otherwise
     * pages are granted per request where the platform can do that.
     */
    public boolean persistentGrants() {
        return persistentGrants;
    }

    public BlkfrontConfig persistentGrants(boolean value) {
        BlkfrontConfig copy = copy();
        copy.persistentGrants = value;
        return copy;
    }

    /**
     * Whether to use feature-flush-cache.
     */
    public boolean flush() {
        return flush;
    }

    public BlkfrontConfig flush(boolean value) {
        BlkfrontConfig copy = copy();
        copy.flush = value;
        return copy;
    }

    /**
     * Whether to use feature-barrier.
     */
    public boolean barrier() {
        return barrier;
    }

    public BlkfrontConfig barrier(boolean value) {
        BlkfrontConfig copy = copy();
        copy.barrier = value;
        return copy;
    }

    /**
     * Whether to use feature-discard.
     */
    public boolean discard() {
        return discard;
    }

    public BlkfrontConfig discard(boolean value) {
        BlkfrontConfig copy = copy();
        copy.discard = value;
        return copy;
    }

    /**
     * How to read a sector-size other than 512.
     */
    public SectorUnits units() {
        return units;
    }

    public BlkfrontConfig units(SectorUnits value) {
        if (value == null) {
            throw new IllegalArgumentException("units=null, must be one of SectorUnits");
        }
        BlkfrontConfig copy = copy();
        copy.units = value;
        return copy;
    }

    /**
     * Whether operations in flight are issued again after the backend restarted or we were resumed; otherwise they
     * fail with XenPeerGoneException.
     */
    public boolean reissue() {
        return reissue;
    }

    public BlkfrontConfig reissue(boolean value) {
        BlkfrontConfig copy = copy();
        copy.reissue = value;
        return copy;
    }

    /**
     * Operations accepted and not finished, wherever they are: on their way from another thread to the loop, waiting,
     * or in flight; those given up by their callers too while they are in flight. 1 to 1 << 20.
     */
    public int operationsMax() {
        return operationsMax;
    }

    public BlkfrontConfig operationsMax(int value) {
        BlkfrontConfig copy = copy();
        copy.operationsMax = (int) range("operationsMax", value, 1, 1 << 20);
        return copy;
    }

    /**
     * How long any step of connecting or closing may take. Who waits for the first connection is answered within five
     * times that, whatever the backend does.
     */
    public long handshakeNs() {
        return handshakeNs;
    }

    public BlkfrontConfig handshakeNs(long value) {
        BlkfrontConfig copy = copy();
        copy.handshakeNs = range("handshakeNs", value, 1, Long.MAX_VALUE / 4);
        return copy;
    }

    /**
     * How long an operation may take before it fails with XenTimeoutException.
     */
    public long requestNs() {
        return requestNs;
    }

    public BlkfrontConfig requestNs(long value) {
        BlkfrontConfig copy = copy();
        copy.requestNs = range("requestNs", value, 1, Long.MAX_VALUE / 4);
        return copy;
    }
}
