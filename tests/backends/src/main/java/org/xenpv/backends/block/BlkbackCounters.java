package org.xenpv.backends.block;

/** Counters of one device, counted up by its queues on the loop's thread. */
final class BlkbackCounters {

    long requests;
    long reads;
    long writes;
    long flushes;
    long discards;
    long indirect;
    long bytesRead;
    long bytesWritten;
    long errors;
    long refused;
    long notificationsSent;
    long notificationsSuppressed;
    long grantsMapped;
    long persistentHits;
    long persistentEvictions;

    BlkbackStats snapshot() {
        return new BlkbackStats(
                requests,
                reads,
                writes,
                flushes,
                discards,
                indirect,
                bytesRead,
                bytesWritten,
                errors,
                refused,
                notificationsSent,
                notificationsSuppressed,
                grantsMapped,
                persistentHits,
                persistentEvictions);
    }
}
