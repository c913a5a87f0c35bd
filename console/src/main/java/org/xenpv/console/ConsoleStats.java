package org.xenpv.console;

/**
 * A snapshot of a console's counters.
 *
 * @param bytesOut put on the ring; bytes that an earlier backend left there and that were put on again count twice
 * @param bytesIn taken off the ring
 * @param bytesDropped output that nobody will see
 * @param notifications events sent to the backend, {@code nudges} of them again
 * @param nudges events sent again because bytes lay on the ring and nothing was heard of the backend
 * @param tampered times our own index in the page was found altered; it is never read back, so nothing came of it
 */
public record ConsoleStats(
        long bytesOut, long bytesIn, long bytesDropped, long notifications, long nudges, long tampered) {}
