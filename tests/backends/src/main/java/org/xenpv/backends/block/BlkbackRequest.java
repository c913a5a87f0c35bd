package org.xenpv.backends.block;

import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifRequestCopy;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.memory.SharedMemory;

/**
 * A request in flight: our copy of it, its segments wherever they stood, and the pages mapped for it. Used again and
 * again; its tables grow to the largest request seen and stay.
 */
final class BlkbackRequest {

    final BlkifRequestCopy slot = new BlkifRequestCopy();

    /** BLKIF_OP_*; for an indirect request what it does. Also what the response says, as Linux's frontend expects. */
    int operation;

    short status;
    long dueNs;

    int segments;
    long[] segment = new long[Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST];
    /** Length of the whole request on disk, in units of 512 bytes. */
    long sectors;

    /** Per segment: where its page is mapped. */
    MappedRange[] range = new MappedRange[Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST];

    int[] rangeAt = new int[Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST];

    /** Persistent pages pinned, or one of a group. */
    int[] pinned = new int[Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST];

    int pinnedCount;
    /** Mappings made for this request alone. */
    MappedRange[] owned = new MappedRange[Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST];

    int ownedCount;

    /** Takes the request out of the ring. */
    void copyFrom(BlkbackRing ring) {
        ring.take(slot);
        operation = slot.operation() == Blkif.BLKIF_OP_INDIRECT ? slot.indirectOp() : slot.operation();
        status = Blkif.BLKIF_RSP_OKAY;
        segments = 0;
        sectors = slot.operation() == Blkif.BLKIF_OP_DISCARD ? slot.nrSectors() : 0;
        dueNs = 0;
    }

    boolean isIndirect() {
        return slot.operation() == Blkif.BLKIF_OP_INDIRECT;
    }

    long sector() {
        return slot.sectorNumber();
    }

    int gref(int index) {
        return BlkifRequestSegment.gref(segment[index]);
    }

    int firstSect(int index) {
        return BlkifRequestSegment.firstSect(segment[index]);
    }

    int lastSect(int index) {
        return BlkifRequestSegment.lastSect(segment[index]);
    }

    /** Makes room for this many segments. */
    void reserve(int count) {
        if (segment.length < count) {
            int length = Math.max(count, Math.min(segment.length * 2, 4096));
            segment = new long[length];
            range = new MappedRange[length];
            rangeAt = new int[length];
            pinned = new int[length];
            owned = new MappedRange[length];
        }
    }

    /** Takes over the segments of a direct request. */
    void useDirectSegments() {
        segments = slot.segments();
        for (int i = 0; i < segments; i++) {
            segment[i] = (slot.gref(i) & 0xffff_ffffL) | (long) slot.firstSect(i) << 32 | (long) slot.lastSect(i) << 40;
        }
    }

    /** Copies segments from an indirect page, once. */
    void copySegments(SharedMemory memory, int at, int from, int count) {
        memory.check(at, count * BlkifRequestSegment.SIZEOF, BlkifRequestSegment.SIZEOF);
        for (int i = 0; i < count; i++) {
            segment[from + i] = BlkifRequestSegment.load(memory, at + i * BlkifRequestSegment.SIZEOF);
        }
    }

    /** Adds up the segments. @return false if one is not within a page */
    boolean measure() {
        long total = 0;
        for (int i = 0; i < segments; i++) {
            int first = firstSect(i);
            int last = lastSect(i);
            if (first > last || last > SharedMemory.PAGE_BYTES / 512 - 1) {
                return false;
            }
            total += last - first + 1;
        }
        sectors = total;
        return true;
    }
}
