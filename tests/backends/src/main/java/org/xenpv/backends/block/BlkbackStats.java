package org.xenpv.backends.block;

/**
 * What a backend has done: a snapshot.
 *
 * @param requests requests taken from the rings
 * @param reads of these, reads carried out; {@code bytesRead} in them
 * @param writes of these, writes and barriers carried out; {@code bytesWritten} in them
 * @param flushes times the store was flushed
 * @param discards discards carried out
 * @param indirect requests that were indirect
 * @param errors requests answered BLKIF_RSP_ERROR
 * @param refused requests answered BLKIF_RSP_EOPNOTSUPP
 * @param notificationsSent events sent to the frontend
 * @param notificationsSuppressed publications of responses for which it wanted none
 * @param grantsMapped pages of the frontend mapped, the ring's not counted
 * @param persistentHits pages used that were still mapped
 * @param persistentEvictions mapped pages given up to make room
 */
public record BlkbackStats(
        long requests,
        long reads,
        long writes,
        long flushes,
        long discards,
        long indirect,
        long bytesRead,
        long bytesWritten,
        long errors,
        long refused,
        long notificationsSent,
        long notificationsSuppressed,
        long grantsMapped,
        long persistentHits,
        long persistentEvictions) {}
