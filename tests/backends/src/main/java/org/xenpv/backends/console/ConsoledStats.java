package org.xenpv.backends.console;

/**
 * What was done for one console: a snapshot.
 *
 * @param bytesOut output taken off the ring
 * @param bytesIn input put on the ring
 * @param bytesDiscarded of the output, bytes the terminal never saw
 * @param notifications events sent, {@code nudges} of them again
 * @param nudges events sent again because nothing was heard
 * @param connections times a frontend was connected
 */
public record ConsoledStats(
        long bytesOut, long bytesIn, long bytesDiscarded, long notifications, long nudges, long connections) {

    static final ConsoledStats NONE = new ConsoledStats(0, 0, 0, 0, 0, 0);
}
