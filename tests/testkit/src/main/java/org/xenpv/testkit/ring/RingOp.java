package org.xenpv.testkit.ring;

/** What an end can do to a ring. Those with a count do it as often as the ring allows, at most count times. */
public enum RingOp {
    /** The front fills slots. */
    STAGE_REQUESTS,
    PUSH_REQUESTS,
    PUSH_REQUESTS_AND_CHECK_NOTIFY,
    /** The front consumes responses. */
    TAKE_RESPONSES,
    FINAL_CHECK_FOR_RESPONSES,
    /** The back consumes requests. */
    TAKE_REQUESTS,
    /** The back answers requests it has consumed. */
    STAGE_RESPONSES,
    PUSH_RESPONSES,
    PUSH_RESPONSES_AND_CHECK_NOTIFY,
    FINAL_CHECK_FOR_REQUESTS;

    /** Whether it is the front that does this. */
    public boolean isFront() {
        return compareTo(FINAL_CHECK_FOR_RESPONSES) <= 0;
    }
}
