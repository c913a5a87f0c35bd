package org.xenpv.netfront.wrapper;

/**
 * What a {@link FaultyDevice} did to packets going one way.
 *
 * @param packets that came to it
 * @param dropped lost on purpose
 * @param duplicated handed on twice
 * @param corrupted handed on with a byte changed
 * @param reordered held until another had gone by
 * @param delayed held for some time
 * @param skipped duplicates not made, and packets not held, for lack of room
 * @param refused held packets and duplicates that the device below would not send
 * @param held at this moment
 */
public record FaultStats(
        long packets,
        long dropped,
        long duplicated,
        long corrupted,
        long reordered,
        long delayed,
        long skipped,
        long refused,
        int held) {}
