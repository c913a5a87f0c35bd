package org.xenpv.testkit.ring;

/**
 * The front half of a ring, as the contracts drive it. One method per macro of xen/io/ring.h.
 *
 * <p>They keep the rules of a front: no more than {@link #freeRequests()} slots are staged, no more responses consumed
 * than {@link #unconsumedResponses()} said.
 */
public interface FrontHalf {

    /** RING_FREE_REQUESTS. */
    int freeRequests();

    /** Stages the next request; the offset of its slot in the ring's memory. */
    int nextRequest();

    /** RING_PUSH_REQUESTS. */
    void pushRequests();

    /** RING_PUSH_REQUESTS_AND_CHECK_NOTIFY. */
    boolean pushRequestsAndCheckNotify();

    /** XEN_RING_NR_UNCONSUMED_RESPONSES; negative, for good, once the peer has claimed the impossible. */
    int unconsumedResponses();

    /** Consumes the next response; the offset of its slot in the ring's memory. */
    int nextResponse();

    /** RING_FINAL_CHECK_FOR_RESPONSES; true if there is work or the ring is broken. */
    boolean finalCheckForResponses();

    int reqProdPvt();

    int rspCons();
}
