package org.xenpv.xenstore;

/**
 * What a connection has done so far.
 *
 * @param requests accepted for sending
 * @param refused not accepted because too many were waiting
 * @param timeouts requests without an answer at their deadline
 * @param lateReplies answers that came after the deadline
 * @param unknownReplies answers to requests never made
 * @param badEvents watch events that could not be decoded
 * @param unknownTokens watch events for no watch of ours: a watch cancelled while its event was on the way, or an invention
 * @param watchEvents well-formed watch events received
 * @param watchesFired calls of watch handlers; less than the events, because they are coalesced
 * @param transactions attempts that got a transaction id
 * @param conflicts attempts that ended with EAGAIN
 * @param deaths times the connection was given up
 * @param reconnects times the server was asked to begin anew
 * @param inFlight requests now waiting for an answer, or never answered
 */
public record XenstoreStats(
        long requests,
        long refused,
        long timeouts,
        long lateReplies,
        long unknownReplies,
        long badEvents,
        long unknownTokens,
        long watchEvents,
        long watchesFired,
        long transactions,
        long conflicts,
        long deaths,
        long reconnects,
        int inFlight) {}
