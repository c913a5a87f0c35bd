package org.xenpv.backends.block;

import org.xenpv.fault.XenException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantMapper;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.memory.SharedMemory;

/**
 * The frontend's pages as one queue sees them: mapped for a request and unmapped after it, or kept mapped if both ends
 * said feature-persistent.
 *
 * <p>Pages mapped for a request are mapped as one range, so that a large read is one contiguous transfer. A persistent
 * page is mapped by itself and writable, whatever the request (blkif.h, note 8), and can be given up by itself. When
 * all persistent mappings allowed are in use, further pages are mapped for their request only.
 */
final class GuestPages {

    /** Pages mapped by one call at most. */
    private static final int MAP_MAX = 256;

    private final GrantMapper mapper;
    private final int domid;
    private final PersistentGrants persistent;
    private final BlkbackCounters counters;
    private final int[] one = new int[1];
    private final int[] grefs = new int[MAP_MAX];

    /** @param persistentMax pages to keep mapped; 0 for none */
    GuestPages(GrantMapper mapper, int domid, int persistentMax, BlkbackCounters counters) {
        this.mapper = mapper;
        this.domid = domid;
        this.persistent = persistentMax == 0 ? null : new PersistentGrants(persistentMax);
        this.counters = counters;
    }

    /** Copies the segments of an indirect request out of its pages. @return false if a page cannot be mapped */
    boolean loadIndirect(BlkbackRequest request, int segments) {
        request.reserve(segments);
        for (int from = 0, page = 0; from < segments; from += BlkifRequestSegment.PER_PAGE, page++) {
            int count = Math.min(segments - from, BlkifRequestSegment.PER_PAGE);
            int gref = request.slot.indirectGref(page);
            try {
                if (persistent == null) {
                    MappedRange range = mapOne(gref, GrantAccess.READ_ONLY);
                    request.copySegments(range.memory(), from, count);
                    range.unmap();
                } else {
                    MappedRange range = persistent(request, gref);
                    request.copySegments(range.memory(), from, count);
                    release(request);
                }
            } catch (XenException refused) {
                release(request);
                return false;
            }
        }
        request.segments = segments;
        return true;
    }

    /**
     * Maps every segment's page; on failure none stays mapped for this request.
     *
     * @param access what this request needs
     */
    boolean map(BlkbackRequest request, GrantAccess access) {
        int segments = request.segments;
        if (segments == 0) {
            return true;
        }
        try {
            if (persistent == null) {
                mapTogether(request, segments, access);
            } else {
                for (int i = 0; i < segments; i++) {
                    request.range[i] = persistent(request, request.gref(i));
                    request.rangeAt[i] = 0;
                }
            }
            return true;
        } catch (XenException refused) {
            release(request);
            return false;
        }
    }

    private void mapTogether(BlkbackRequest request, int segments, GrantAccess access) {
        for (int from = 0; from < segments; from += MAP_MAX) {
            int count = Math.min(segments - from, MAP_MAX);
            for (int i = 0; i < count; i++) {
                grefs[i] = request.gref(from + i);
            }
            MappedRange range = new MappedRange(mapper.map(domid, grefs, count, access));
            counters.grantsMapped += count;
            request.owned[request.ownedCount++] = range;
            for (int i = 0; i < count; i++) {
                request.range[from + i] = range;
                request.rangeAt[from + i] = i * SharedMemory.PAGE_BYTES;
            }
        }
    }

    /** The mapping of a page, kept or made, and pinned by (or owned by) the request. */
    private MappedRange persistent(BlkbackRequest request, int gref) {
        int slot = persistent.acquire(gref);
        if (slot != PersistentGrants.NONE) {
            counters.persistentHits++;
            request.pinned[request.pinnedCount++] = slot;
            return persistent.range(slot);
        }
        MappedRange range = mapOne(gref, GrantAccess.READ_WRITE);
        if (persistent.isFull()) {
            if (!persistent.evict()) {
                request.owned[request.ownedCount++] = range;
                return range;
            }
            counters.persistentEvictions++;
        }
        request.pinned[request.pinnedCount++] = persistent.insert(gref, range);
        return range;
    }

    private MappedRange mapOne(int gref, GrantAccess access) {
        one[0] = gref;
        MappedRange range = new MappedRange(mapper.map(domid, one, 1, access));
        counters.grantsMapped++;
        return range;
    }

    /** Gives up what the request has mapped; persistent pages stay mapped. */
    void release(BlkbackRequest request) {
        for (int i = 0; i < request.pinnedCount; i++) {
            persistent.release(request.pinned[i]);
        }
        request.pinnedCount = 0;
        for (int i = 0; i < request.ownedCount; i++) {
            request.owned[i].unmap();
            request.owned[i] = null;
        }
        request.ownedCount = 0;
    }

    /** Pages kept mapped now. */
    int persistentCount() {
        return persistent == null ? 0 : persistent.size();
    }

    /** Unmaps what is kept; requests in flight have been released before. */
    void unmapAll() {
        if (persistent != null) {
            persistent.unmapAll();
        }
    }
}
