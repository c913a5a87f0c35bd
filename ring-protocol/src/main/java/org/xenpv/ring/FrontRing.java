package org.xenpv.ring;

import org.xenpv.fault.PeerFault;
import org.xenpv.memory.SharedMemory;

/**
 * The front half of a request/response ring (xen/io/ring.h, {@code struct xxx_front_ring}).
 *
 * <p>Requests are staged in slots at {@code reqProdPvt}, published in batches by {@link
 * #pushRequestsAndCheckNotify()}; responses are consumed in order of the ring. Indices run freely over 2^32 and are
 * compared only by subtraction.
 *
 * <p>What the peer can write is read once and judged here: {@link #unconsumedResponses()} bounds its producer by what
 * we published (stricter than RING_RESPONSE_PROD_OVERFLOW, which bounds it by the ring's size), and refuses one that
 * moves backwards. The fault is sticky. Our own indices are never read back from the page.
 *
 * <p>Owned by one thread. Nothing here notifies, waits or allocates.
 */
public final class FrontRing {

    /** Returned by {@link #unconsumedResponses()} once the peer has broken the protocol. */
    public static final int BROKEN = -1;

    private final SharedRing ring;
    private final SharedMemory memory;
    private final int nrEnts;

    private int reqProdPvt;
    private int reqProd;
    private int rspCons;
    private int rspProdSeen;
    private PeerFault fault;

    private FrontRing(SharedRing ring, int index) {
        this.ring = ring;
        this.memory = ring.memory();
        this.nrEnts = ring.nrEnts();
        this.reqProdPvt = index;
        this.reqProd = index;
        this.rspCons = index;
        this.rspProdSeen = index;
    }

    /** XEN_FRONT_RING_INIT: initialises the shared page and the front half at index 0. */
    public static FrontRing init(SharedRing ring) {
        ring.init(0);
        return new FrontRing(ring, 0);
    }

    /**
     * FRONT_RING_ATTACH: takes up a ring, with nothing in flight, at the given index, which is also what the page holds
     * as its two producer indices ({@link SharedRing#init}).
     */
    public static FrontRing attach(SharedRing ring, int index) {
        return new FrontRing(ring, index);
    }

    public int nrEnts() {
        return nrEnts;
    }

    public SharedMemory memory() {
        return memory;
    }

    /** RING_FREE_REQUESTS. */
    public int freeRequests() {
        return nrEnts - (reqProdPvt - rspCons);
    }

    /** RING_FULL. */
    public boolean isFull() {
        return freeRequests() == 0;
    }

    /** Requests published and not yet answered. */
    public int outstanding() {
        return reqProd - rspCons;
    }

    public int reqProdPvt() {
        return reqProdPvt;
    }

    public int rspCons() {
        return rspCons;
    }

    /**
     * Stages the next request slot.
     *
     * @return its offset in {@link #memory()} (RING_GET_REQUEST); the slot holds whatever was there before
     * @throws IllegalStateException if the ring is full
     */
    public int nextRequest() {
        if (isFull()) {
            throw new IllegalStateException("ring is full: nrEnts=" + nrEnts);
        }
        return ring.slotAt(reqProdPvt++);
    }

    /** RING_PUSH_REQUESTS: publishes what is staged without looking at the notification hold-off. */
    public void pushRequests() {
        memory.putIntRelease(SharedRing.REQ_PROD_OFFSET, reqProdPvt); // back sees requests before the producer index
        reqProd = reqProdPvt;
    }

    /** RING_PUSH_REQUESTS_AND_CHECK_NOTIFY: publishes what is staged; true if the peer wants an event. */
    public boolean pushRequestsAndCheckNotify() {
        int before = reqProd;
        pushRequests();
        memory.fullFence(); // back sees new requests before we look at req_event
        int reqEvent = memory.getIntAcquire(SharedRing.REQ_EVENT_OFFSET);
        return Integer.compareUnsigned(reqProdPvt - reqEvent, reqProdPvt - before) < 0;
    }

    /**
     * Looks once at the peer's producer (XEN_RING_NR_UNCONSUMED_RESPONSES).
     *
     * @return how many responses can be consumed, or {@link #BROKEN}
     */
    public int unconsumedResponses() {
        if (fault != null) {
            return BROKEN;
        }
        int rspProd = memory.getIntAcquire(SharedRing.RSP_PROD_OFFSET); // responses are read after the producer index
        int ready = rspProd - rspCons;
        if (Integer.compareUnsigned(ready, reqProd - rspCons) > 0) {
            fault = PeerFault.RSP_PROD_OVERFLOW;
            return BROKEN;
        }
        if (Integer.compareUnsigned(rspProd - rspProdSeen, reqProd - rspProdSeen) > 0) {
            fault = PeerFault.PROD_BACKWARDS;
            return BROKEN;
        }
        rspProdSeen = rspProd;
        return ready;
    }

    /**
     * Consumes the next response.
     *
     * @return the slot's offset in {@link #memory()} (RING_GET_RESPONSE): copy it out once
     * @throws IllegalStateException if called more often than {@link #unconsumedResponses()} said
     */
    public int nextResponse() {
        if (rspCons == rspProdSeen) {
            throw new IllegalStateException("no response to consume");
        }
        return ring.slotAt(rspCons++);
    }

    /**
     * RING_FINAL_CHECK_FOR_RESPONSES: asks for an event with the next response, unless there is work already.
     *
     * @return true if there is work (or the ring is broken) and the caller must not sleep
     */
    public boolean finalCheckForResponses() {
        return finalCheckForResponses(1);
    }

    /**
     * The same, asking for an event only when the n-th next response has come: what a driver uses to be woken once per
     * batch. More than are {@link #outstanding()} would never come, so that is the most that is asked for.
     *
     * @param n at least 1
     */
    public boolean finalCheckForResponses(int n) {
        if (n < 1) {
            throw new IllegalArgumentException("n=" + n + ", must be at least 1");
        }
        if (unconsumedResponses() != 0) {
            return true;
        }
        int responses = Math.min(n, Math.max(1, outstanding()));
        memory.putIntRelease(SharedRing.RSP_EVENT_OFFSET, rspCons + responses);
        memory.fullFence(); // the peer sees rsp_event before we look again
        return unconsumedResponses() != 0;
    }

    /** The first fault of the peer, or null. */
    public PeerFault fault() {
        return fault;
    }
}
