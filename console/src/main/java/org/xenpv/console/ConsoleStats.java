package org.xenpv.console;

/**
 * A snapshot of a console's counters.
 *
 * @param bytesOut put on the ring
 * @param bytesIn taken off the ring
 * @param bytesDropped output that nobody will see
 * @param notifications events sent to the backend
 * @param spurious events that brought nothing
 * @param tampered times our own index in the page had been altered; it is never read back, so nothing came of it
 */
public record ConsoleStats(
        long bytesOut, long bytesIn, long bytesDropped, long notifications, long spurious, long tampered) {}
