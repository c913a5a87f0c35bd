package org.xenpv.blkfront;

/** What a device has done so far; written by the loop's thread, read as a snapshot with {@link #snapshot}. */
final class BlkCounters {

    long operations;
    long requests;
    long responses;
    long segments;
    long merged;
    long bytesRead;
    long bytesWritten;
    long bytesCopied;
    long notificationsSent;
    long notificationsSuppressed;
    long timeouts;
    long reissued;
    long reconnects;
    long faults;

    BlkStats snapshot() {
        return new BlkStats(
                operations,
                requests,
                responses,
                segments,
                merged,
                bytesRead,
                bytesWritten,
                bytesCopied,
                notificationsSent,
                notificationsSuppressed,
                timeouts,
                reissued,
                reconnects,
                faults);
    }
}
