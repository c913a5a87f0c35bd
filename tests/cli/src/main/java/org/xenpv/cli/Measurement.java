package org.xenpv.cli;

import org.HdrHistogram.Histogram;

/**
 * One kind of work on a disk.
 *
 * @param operations in it
 * @param elapsedNs in which something was in flight
 * @param latencyNs of every operation
 */
record Measurement(String what, long operations, long bytes, long elapsedNs, Histogram latencyNs) {

    static Histogram histogram() {
        return new Histogram(3);
    }

    double megabytesPerSecond() {
        return bytes * 1e3 / elapsedNs;
    }

    double operationsPerSecond() {
        return operations * 1e9 / elapsedNs;
    }
}
