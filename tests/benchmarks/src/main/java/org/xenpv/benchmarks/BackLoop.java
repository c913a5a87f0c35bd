package org.xenpv.benchmarks;

import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.io.blkif.BlkifResponse;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.SharedRing;

/** The back of the ring benchmark: struct back of ring_loops.c, statement by statement. */
final class BackLoop {

    private final BackRing ring;
    private final SharedMemory memory;
    private long sum;
    private long notifications;

    BackLoop(SharedMemory memory) {
        this.memory = memory;
        this.ring = BackRing.init(new SharedRing(memory, BlkifRequest.SLOT_BYTES));
    }

    int serve() {
        final BackRing ring = this.ring;
        final SharedMemory memory = this.memory;
        int count = ring.unconsumedRequests();
        if (count <= 0) {
            if (count < 0) {
                throw new IllegalStateException("ring is broken: " + ring.fault());
            }
            return 0;
        }
        for (int n = 0; n < count; n++) {
            int at = ring.nextRequest();
            int operation = BlkifRequest.operation(memory, at);
            int nrSegments = Math.min(BlkifRequest.nrSegments(memory, at), Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST);
            long id = BlkifRequest.id(memory, at);
            long requestSum = BlkifRequest.handle(memory, at) + BlkifRequest.sectorNumber(memory, at);
            for (int s = 0; s < nrSegments; s++) {
                int segment = BlkifRequest.segmentAt(at, s);
                long sectors = BlkifRequestSegment.lastSect(memory, segment)
                        - BlkifRequestSegment.firstSect(memory, segment)
                        + 1;
                requestSum += (BlkifRequestSegment.gref(memory, segment) & 0xffff_ffffL) * sectors;
            }
            sum += requestSum;
            BlkifResponse.put(memory, ring.nextResponse(), id, operation, Blkif.BLKIF_RSP_OKAY);
        }
        if (ring.pushResponsesAndCheckNotify()) {
            notifications++;
        }
        return count;
    }

    boolean finalCheck() {
        return ring.finalCheckForRequests();
    }

    long sum() {
        return sum;
    }

    long notifications() {
        return notifications;
    }
}
