package org.xenpv.fault;

/**
 * What the other end did that the protocol forbids. The first fault of a device is kept and the device is BROKEN: every
 * operation in flight and every later one fails, its ring is not read again, its grants are revoked or quarantined.
 */
public enum PeerFault {
    /** Its response producer ran past what we have asked for. */
    RSP_PROD_OVERFLOW,
    /** Its request producer ran past the ring. */
    REQ_PROD_OVERFLOW,
    /** A producer went backwards between two looks. */
    PROD_BACKWARDS,
    /** A byte ring's index is further from ours than the ring is long, or went backwards. */
    BYTE_RING_INDEX,
    /** A response names an id that no request can have. */
    BAD_ID,
    /** A response names an id that is not in flight. */
    ID_NOT_IN_FLIGHT,
    /** A response answers another operation than was asked. */
    OPERATION_MISMATCH,
    /** It still maps a page after saying it was done with it. */
    GRANT_STILL_MAPPED,
    /** A change of XenbusState that no protocol has. */
    ILLEGAL_STATE_CHANGE,
}
