package org.xenpv.scenarios.rings;

/** Ways to get a ring wrong, all of them seen in real drivers or one forgotten line away. */
enum Mutation {
    /** The control: nothing is wrong. */
    NONE,
    /** No xen_wmb() before req_prod. */
    NO_WMB_FRONT,
    /** No xen_wmb() before rsp_prod. */
    NO_WMB_BACK,
    /** No xen_rmb() between rsp_prod and the slots. */
    NO_RMB_FRONT,
    /** No xen_rmb() between req_prod and the slots. */
    NO_RMB_BACK,
    /** No xen_mb() between req_prod and req_event. */
    NO_MB_PUSH_FRONT,
    /** No xen_mb() between rsp_prod and rsp_event. */
    NO_MB_PUSH_BACK,
    /** No xen_mb() between rsp_event and the second look. */
    NO_MB_FINAL_CHECK_FRONT,
    /** No xen_mb() between req_event and the second look. */
    NO_MB_FINAL_CHECK_BACK,
    /** The final check of the front does not look again after setting rsp_event. */
    NO_SECOND_LOOK_FRONT,
    /** The final check of the back does not look again after setting req_event. */
    NO_SECOND_LOOK_BACK,
    /** Indices compared as signed numbers: stuck at 2^31. */
    SIGNED_INDEX,
    /** Indices compared as unsigned numbers instead of subtracted: stuck at 2^32. */
    UNSIGNED_INDEX,
    /** The hold-off compared with signed numbers: an event for every push. */
    SIGNED_HOLD_OFF,
    /** The hold-off includes the index before the batch. */
    HOLD_OFF_OFF_BY_ONE,
    /** The final check asks for an event at rsp_cons instead of after it. */
    EVENT_OFF_BY_ONE,
    /** A full ring has one more request. */
    ONE_REQUEST_TOO_MANY,
    /** Responses bounded by the ring's size, as RING_RESPONSE_PROD_OVERFLOW does, and not by what was published. */
    RING_SIZE_BOUND,
    /** Responses bounded by what is staged, published or not. */
    STAGED_BOUND,
    /** No bound on the response producer. */
    NO_BOUND_FRONT,
    /** No bound on the request producer. */
    NO_BOUND_BACK,
    /** The response producer may go back as far as rsp_cons. */
    BACKWARDS_ALLOWED,
    /** A broken ring mends when the peer repents. */
    FAULT_FORGOTTEN,
    /** A broken ring lets its owner sleep. */
    SLEEPS_WHEN_BROKEN,
    /** Judges one fetch of rsp_prod and returns another. */
    DOUBLE_FETCH_FRONT,
    /** Judges one fetch of req_prod and returns another. */
    DOUBLE_FETCH_BACK,
    /** Takes the old producer from the page, where the peer can forge it. */
    PRODUCER_READ_BACK,
    /** The slot is found with a remainder of a signed number. */
    SIGNED_SLOT,
    /** As many slots as fit, not rounded down to a power of two. */
    NOT_A_POWER_OF_TWO
}
