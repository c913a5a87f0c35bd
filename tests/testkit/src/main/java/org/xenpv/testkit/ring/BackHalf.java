package org.xenpv.testkit.ring;

/**
 * The back half of a ring, as the contracts drive it. One method per macro of xen/io/ring.h.
 *
 * <p>They keep the rules of a back: no more requests are consumed than {@link #unconsumedRequests()} said, none is
 * answered that was not consumed.
 */
public interface BackHalf {

    /** XEN_RING_NR_UNCONSUMED_REQUESTS; negative, for good, once the peer has claimed the impossible. */
    int unconsumedRequests();

    /** Consumes the next request; the offset of its slot in the ring's memory. */
    int nextRequest();

    /** Stages the next response; the offset of its slot in the ring's memory. */
    int nextResponse();

    /** RING_PUSH_RESPONSES. */
    void pushResponses();

    /** RING_PUSH_RESPONSES_AND_CHECK_NOTIFY. */
    boolean pushResponsesAndCheckNotify();

    /** RING_FINAL_CHECK_FOR_REQUESTS; true if there is work or the ring is broken. */
    boolean finalCheckForRequests();

    int reqCons();

    int rspProdPvt();
}
