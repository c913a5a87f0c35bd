package org.xenpv.xenstore;

/** Counted by the connection and the client, on the loop's thread. */
final class XenstoreCounters {
    long requests;
    long refused;
    long timeouts;
    long lateReplies;
    long unknownReplies;
    long badEvents;
    long unknownTokens;
    long watchEvents;
    long watchesFired;
    long transactions;
    long conflicts;
    long deaths;
    long reconnects;

    XenstoreStats snapshot(int inFlight) {
        return new XenstoreStats(
                requests,
                refused,
                timeouts,
                lateReplies,
                unknownReplies,
                badEvents,
                unknownTokens,
                watchEvents,
                watchesFired,
                transactions,
                conflicts,
                deaths,
                reconnects,
                inFlight);
    }
}
