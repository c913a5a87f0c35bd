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
 * <p>The pages that a request maps are mapped as one range, so that a large read is one contiguous transfer; a frontend that uses
 * its persistent pages in the same order again has contiguous transfers from then on. Persistent pages are mapped
 * writable, whatever the request (blkif.h, note 8). When all persistent mappings allowed are in use, further pages are
 * mapped for their request only.
 */
final class GuestPages {

    /** Pages mapped by one call at most. */
    private static final int MAP_MAX = 256;

    private final GrantMapper mapper;
    private final int domid;
    private final PersistentGrants persistent;
    private final BlkbackCounters counters;

    /** Segments whose pages are to be mapped by the next call, and their references. */
    private final int[] wanted = new int[MAP_MAX];

    private final int[] grefs = new int[MAP_MAX];
    private int wantedCount;

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
            try {
                use(request, 0, request.slot.indirectGref(page), GrantAccess.READ_ONLY);
                mapWanted(request, GrantAccess.READ_ONLY);
                request.copySegments(request.range[0].memory(), request.rangeAt[0], from, count);
                release(request);
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
        try {
            for (int i = 0; i < request.segments; i++) {
                use(request, i, request.gref(i), access);
            }
            mapWanted(request, access);
            return true;
        } catch (XenException refused) {
            release(request);
            return false;
        }
    }

    /** Finds the page of a segment, or puts it among those to be mapped. */
    private void use(BlkbackRequest request, int segment, int gref, GrantAccess access) {
        int slot = persistent == null ? PersistentGrants.NONE : persistent.acquire(gref);
        if (slot != PersistentGrants.NONE) {
            counters.persistentHits++;
            request.pinned[request.pinnedCount++] = slot;
            request.range[segment] = persistent.range(slot);
            request.rangeAt[segment] = persistent.rangeAt(slot);
            return;
        }
        wanted[wantedCount] = segment;
        grefs[wantedCount++] = gref;
        if (wantedCount == MAP_MAX) {
            mapWanted(request, access);
        }
    }

    /** Maps what is wanted as one range: kept, if that many pages may be, else the request's own. */
    private void mapWanted(BlkbackRequest request, GrantAccess access) {
        int count = wantedCount;
        wantedCount = 0;
        if (count == 0) {
            return;
        }
        MappedRange range =
                new MappedRange(mapper.map(domid, grefs, count, persistent == null ? access : GrantAccess.READ_WRITE));
        counters.grantsMapped += count;
        for (int i = 0; i < count; i++) {
            request.range[wanted[i]] = range;
            request.rangeAt[wanted[i]] = i * SharedMemory.PAGE_BYTES;
        }
        if (persistent != null && makeRoom(count)) {
            persistent.insert(grefs, count, range);
            request.pinned[request.pinnedCount++] = persistent.acquire(grefs[0]);
        } else {
            request.owned[request.ownedCount++] = range;
        }
    }

    private boolean makeRoom(int pages) {
        if (pages > persistent.capacity()) {
            return false; // whatever went for it
        }
        while (!persistent.fits(pages)) {
            int evicted = persistent.evict();
            if (evicted == 0) {
                return false;
            }
            counters.persistentEvictions += evicted;
        }
        return true;
    }

    /** Gives up what the request has mapped; persistent pages stay mapped. */
    void release(BlkbackRequest request) {
        wantedCount = 0;
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
