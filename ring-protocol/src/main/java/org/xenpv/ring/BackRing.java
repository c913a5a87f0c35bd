package org.xenpv.ring;

import org.xenpv.fault.PeerFault;
import org.xenpv.memory.SharedMemory;

/**
 * The back half of a request/response ring (xen/io/ring.h, {@code struct xxx_back_ring}).
 *
 * <p>Requests are consumed, answered in any order by writing response slots, and the answers published in batches by
 * {@link #pushResponsesAndCheckNotify()}. A response is written over the oldest request not yet answered: whoever
 * answers has copied its request out (RING_COPY_REQUEST) long before.
 *
 * <p>A request producer that claims more than the ring can hold (RING_REQUEST_PROD_OVERFLOW), or moves backwards, breaks
 * the ring for good. Our own indices are never read back from the page.
 *
 * <p>Owned by one thread. Nothing here notifies, waits or allocates.
 */
public final class BackRing {

    /** Returned by {@link #unconsumedRequests()} once the peer has broken the protocol. */
    public static final int BROKEN = -1;

    private final SharedRing ring;
    private final SharedMemory memory;
    private final int nrEnts;

    private int rspProdPvt;
    private int rspProd;
    private int reqCons;
    private int reqProdSeen;
    private PeerFault fault;

    private BackRing(SharedRing ring, int index) {
        this.ring = ring;
        this.memory = ring.memory();
        this.nrEnts = ring.nrEnts();
        this.rspProdPvt = index;
        this.rspProd = index;
        this.reqCons = index;
        this.reqProdSeen = index;
    }

    /** BACK_RING_INIT. */
    public static BackRing init(SharedRing ring) {
        return new BackRing(ring, 0);
    }

    /**
     * BACK_RING_ATTACH: takes up a ring at the given index, with every request before it answered. A backend that takes
     * over a live ring gives the rsp_prod it reads, once, from the page: every request not answered is then done again.
     */
    public static BackRing attach(SharedRing ring, int index) {
        return new BackRing(ring, index);
    }

    public int nrEnts() {
        return nrEnts;
    }

    public SharedMemory memory() {
        return memory;
    }

    /**
     * Looks once at the peer's producer (XEN_RING_NR_UNCONSUMED_REQUESTS).
     *
     * @return how many requests can be consumed, never more than can be answered, or {@link #BROKEN}
     */
    public int unconsumedRequests() {
        if (fault != null) {
            return BROKEN;
        }
        int reqProd = memory.getIntAcquire(SharedRing.REQ_PROD_OFFSET); // requests are read after the producer index
        if (Integer.compareUnsigned(reqProd - rspProdPvt, nrEnts) > 0) {
            fault = PeerFault.REQ_PROD_OVERFLOW;
            return BROKEN;
        }
        if (reqProd - reqProdSeen < 0) { // both lie within nrEnts of rspProdPvt, so the difference does not wrap
            fault = PeerFault.PROD_BACKWARDS;
            return BROKEN;
        }
        reqProdSeen = reqProd;
        return reqProd - reqCons; // the macro's limit, what can be answered, is implied by the check above
    }

    /**
     * Consumes the next request.
     *
     * @return the slot's offset in {@link #memory()} (RING_GET_REQUEST): copy it out once
     * @throws IllegalStateException if called more often than {@link #unconsumedRequests()} said
     */
    public int nextRequest() {
        if (reqCons == reqProdSeen) {
            throw new IllegalStateException("no request to consume");
        }
        return ring.slotAt(reqCons++);
    }

    /**
     * Stages the next response slot (RING_GET_RESPONSE).
     *
     * @throws IllegalStateException if every consumed request has been answered
     */
    public int nextResponse() {
        if (rspProdPvt == reqCons) {
            throw new IllegalStateException("no request to answer");
        }
        return ring.slotAt(rspProdPvt++);
    }

    /** RING_PUSH_RESPONSES. */
    public void pushResponses() {
        memory.putIntRelease(SharedRing.RSP_PROD_OFFSET, rspProdPvt); // front sees responses before the producer index
        rspProd = rspProdPvt;
    }

    /** RING_PUSH_RESPONSES_AND_CHECK_NOTIFY: true if the peer wants an event. */
    public boolean pushResponsesAndCheckNotify() {
        int before = rspProd;
        pushResponses();
        memory.fullFence(); // front sees new responses before we look at rsp_event
        int rspEvent = memory.getIntAcquire(SharedRing.RSP_EVENT_OFFSET);
        return Integer.compareUnsigned(rspProdPvt - rspEvent, rspProdPvt - before) < 0;
    }

    /** RING_FINAL_CHECK_FOR_REQUESTS: true if there is work (or the ring is broken) and the caller must not sleep. */
    public boolean finalCheckForRequests() {
        return finalCheckForRequests(1);
    }

    /**
     * The same for who can do nothing with fewer than n requests: asks for an event when the n-th has come.
     *
     * @param n 1 to {@link #nrEnts()}
     * @return true if there are n requests, or the ring is broken
     */
    public boolean finalCheckForRequests(int n) {
        if (n < 1 || n > nrEnts) {
            throw new IllegalArgumentException("n=" + n + ", must be 1 to " + nrEnts);
        }
        int ready = unconsumedRequests();
        if (ready >= n || ready == BROKEN) {
            return true;
        }
        memory.putIntRelease(SharedRing.REQ_EVENT_OFFSET, reqCons + n);
        memory.fullFence(); // the peer sees req_event before we look again
        ready = unconsumedRequests();
        return ready >= n || ready == BROKEN;
    }

    /** Requests consumed and not yet answered. */
    public int outstanding() {
        return reqCons - rspProdPvt;
    }

    public int reqCons() {
        return reqCons;
    }

    public int rspProdPvt() {
        return rspProdPvt;
    }

    /** The first fault of the peer, or null. */
    public PeerFault fault() {
        return fault;
    }
}
