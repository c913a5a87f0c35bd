package org.xenpv.blkfront;

/**
 * A snapshot of a device's counters.
 *
 * @param operations asked for by users
 * @param requests put on rings
 * @param responses taken off rings
 * @param segments pages those requests named
 * @param merged operations that shared a request with the one before
 * @param bytesRead delivered to users
 * @param bytesWritten taken from users
 * @param bytesCopied between users' memory and shared pages
 * @param notificationsSent events sent to the backend
 * @param notificationsSuppressed batches for which it wanted none
 * @param timeouts operations that got no answer in time
 * @param reissued operations issued again after the connection was lost
 * @param reconnects connections after the first
 * @param faults protocol violations by the backend
 */
public record BlkStats(
        long operations,
        long requests,
        long responses,
        long segments,
        long merged,
        long bytesRead,
        long bytesWritten,
        long bytesCopied,
        long notificationsSent,
        long notificationsSuppressed,
        long timeouts,
        long reissued,
        long reconnects,
        long faults) {}
