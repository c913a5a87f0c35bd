package org.xenpv.blkfront;

import org.xenpv.fault.XenConfigException;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.xenbus.KeySnapshot;

/**
 * What a backend offers and what we take of it: read strictly, clamped to our own limits, once per connection.
 *
 * @param ringPageOrder pages per ring, as a power of two
 * @param queues rings
 * @param indirectSegments segments per indirect request, 0 if there are none
 * @param persistent the backend keeps our pages mapped
 * @param flush BLKIF_OP_FLUSH_DISKCACHE is there
 * @param barrier BLKIF_OP_WRITE_BARRIER is there
 * @param discard BLKIF_OP_DISCARD is there
 * @param discardSecure BLKIF_DISCARD_SECURE is honoured
 * @param discardGranularityBytes the size that discards should be a multiple of
 * @param discardAlignmentBytes where the first such piece begins
 */
public record BlkfrontFeatures(
        int ringPageOrder,
        int queues,
        int indirectSegments,
        boolean persistent,
        boolean flush,
        boolean barrier,
        boolean discard,
        boolean discardSecure,
        int discardGranularityBytes,
        int discardAlignmentBytes) {

    /** The unit of positions and lengths in this API and, by the specification, on the wire. */
    public static final int SECTOR_BYTES = 512;

    /** Indirect requests that carry no more than a direct one are not worth having. */
    private static final int DIRECT_SEGMENTS = 11;

    static final String[] KEYS = {
        BlkifKeys.MAX_RING_PAGE_ORDER,
        BlkifKeys.MULTI_QUEUE_MAX_QUEUES,
        BlkifKeys.FEATURE_MAX_INDIRECT_SEGMENTS,
        BlkifKeys.FEATURE_PERSISTENT,
        BlkifKeys.FEATURE_FLUSH_CACHE,
        BlkifKeys.FEATURE_BARRIER,
        BlkifKeys.FEATURE_DISCARD,
        BlkifKeys.DISCARD_ENABLE,
        BlkifKeys.DISCARD_SECURE,
        BlkifKeys.DISCARD_GRANULARITY,
        BlkifKeys.DISCARD_ALIGNMENT,
    };

    /** @throws XenConfigException if a number is no number or a flag neither 0 nor 1 */
    static BlkfrontFeatures parse(KeySnapshot backend, BlkfrontConfig config) {
        int indirect = backend.clamped(BlkifKeys.FEATURE_MAX_INDIRECT_SEGMENTS, config.indirectSegmentsMax());
        boolean discard = config.discard() && backend.flag(BlkifKeys.FEATURE_DISCARD);
        if (backend.has(BlkifKeys.DISCARD_ENABLE)) {
            discard &= backend.flag(BlkifKeys.DISCARD_ENABLE);
        }
        int granularity = backend.clamped(BlkifKeys.DISCARD_GRANULARITY, 1 << 30);
        int alignment = backend.clamped(BlkifKeys.DISCARD_ALIGNMENT, 1 << 30);
        if (granularity == 0) {
            granularity = SECTOR_BYTES;
        }
        if (granularity % SECTOR_BYTES != 0 || alignment % SECTOR_BYTES != 0) {
            discard = false;
        }
        return new BlkfrontFeatures(
                backend.clamped(BlkifKeys.MAX_RING_PAGE_ORDER, config.ringPageOrderMax()),
                Math.max(1, backend.clamped(BlkifKeys.MULTI_QUEUE_MAX_QUEUES, config.queuesMax())),
                indirect > DIRECT_SEGMENTS ? indirect : 0,
                config.persistentGrants() && backend.flag(BlkifKeys.FEATURE_PERSISTENT),
                config.flush() && backend.flag(BlkifKeys.FEATURE_FLUSH_CACHE),
                config.barrier() && backend.flag(BlkifKeys.FEATURE_BARRIER),
                discard,
                discard && backend.flag(BlkifKeys.DISCARD_SECURE),
                granularity,
                alignment % granularity);
    }

    /**
     * What holds for a connection: the rings as they were published, all else as the connected backend says. Linux's
     * backend waits with its number of queues, the order of its rings and its indirect segments in place; persistent
     * grants, flush, barriers and discard it writes together with the size of the disk, when it connects.
     */
    BlkfrontFeatures connected(BlkfrontFeatures now) {
        return new BlkfrontFeatures(
                ringPageOrder,
                queues,
                now.indirectSegments,
                now.persistent,
                now.flush,
                now.barrier,
                now.discard,
                now.discardSecure,
                now.discardGranularityBytes,
                now.discardAlignmentBytes);
    }
}
