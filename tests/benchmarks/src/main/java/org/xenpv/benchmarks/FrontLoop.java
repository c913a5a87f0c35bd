package org.xenpv.benchmarks;

import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.io.blkif.BlkifResponse;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/** The front of the ring benchmark: struct front of ring_loops.c, statement by statement. */
final class FrontLoop {

    private final FrontRing ring;
    private final SharedMemory memory;
    private long nextId;
    private long sum;
    private long notifications;

    FrontLoop(SharedMemory memory) {
        this.memory = memory;
        this.ring = FrontRing.init(new SharedRing(memory, BlkifRequest.SLOT_BYTES));
    }

    void produce(int count) {
        final FrontRing ring = this.ring;
        final SharedMemory memory = this.memory;
        for (int n = 0; n < count; n++) {
            int at = ring.nextRequest();
            long id = nextId++;
            BlkifRequest.putHeader(memory, at, (int) id & 1, Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST, 51712, id, id * 88);
            for (int s = 0; s < Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST; s++) {
                BlkifRequestSegment.put(memory, BlkifRequest.segmentAt(at, s), (int) id + s, s & 1, 7);
            }
        }
        if (ring.pushRequestsAndCheckNotify()) {
            notifications++;
        }
    }

    int complete() {
        final FrontRing ring = this.ring;
        final SharedMemory memory = this.memory;
        int count = ring.unconsumedResponses();
        if (count < 0) {
            throw new IllegalStateException("ring is broken: " + ring.fault());
        }
        for (int n = 0; n < count; n++) {
            int at = ring.nextResponse();
            sum += BlkifResponse.id(memory, at)
                    + BlkifResponse.operation(memory, at)
                    + BlkifResponse.status(memory, at);
        }
        return count;
    }

    boolean finalCheck() {
        return ring.finalCheckForResponses();
    }

    long sum() {
        return sum;
    }

    long notifications() {
        return notifications;
    }
}
