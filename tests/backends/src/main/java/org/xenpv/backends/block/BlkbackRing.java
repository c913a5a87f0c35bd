package org.xenpv.backends.block;

import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.io.blkif.BlkifRequestCopy;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.SharedRing;

/** The back half of a blkif ring in the frontend's ABI: requests are copied out, responses written, nothing judged. */
final class BlkbackRing {

    private final BackRing ring;
    private final SharedMemory memory;
    private final BlkifAbi abi;

    /**
     * Attaches where the responses stand, as Linux's blkback does: 0 in a fresh ring.
     *
     * @param memory all pages of the ring
     */
    BlkbackRing(SharedMemory memory, BlkifAbi abi) {
        this.memory = memory;
        this.abi = abi;
        SharedRing shared = new SharedRing(memory, abi.slotBytes());
        this.ring = BackRing.attach(shared, memory.getIntAcquire(SharedRing.RSP_PROD_OFFSET));
    }

    BackRing indices() {
        return ring;
    }

    /** RING_COPY_REQUEST. */
    void take(BlkifRequestCopy request) {
        request.copyFrom(memory, ring.nextRequest(), abi);
    }

    /** Stages a response. */
    void answer(long id, int operation, short status) {
        abi.putResponse(memory, ring.nextResponse(), id, operation, status);
    }
}
