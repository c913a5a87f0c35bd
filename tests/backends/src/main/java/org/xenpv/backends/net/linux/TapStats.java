package org.xenpv.backends.net.linux;

/**
 * What went through a {@link TapPort}: a snapshot.
 *
 * @param framesFromHost frames the host sent, {@code bytesFromHost} in them
 * @param framesToHost frames the host took, {@code bytesToHost} in them
 * @param droppedDown frames for an interface that is down
 * @param droppedMalformed frames with a header that does not fit them, either way
 * @param droppedFailed frames the host would not take for any other reason; {@code lastErrno} is the last one's
 * @param lastErrno 0 if none
 */
public record TapStats(
        long framesFromHost,
        long bytesFromHost,
        long framesToHost,
        long bytesToHost,
        long droppedDown,
        long droppedMalformed,
        long droppedFailed,
        int lastErrno) {}
