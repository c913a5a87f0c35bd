package org.xenpv.netfront.wrapper;

/**
 * What went through a {@link TracingDevice}.
 *
 * @param sentPackets that the device below took
 * @param sentBytes of those
 * @param refusedPackets that it could not send, and dropped
 * @param acquired packets it gave out to be filled; all are sent, refused, released, or still being filled
 * @param noRoom how often it had none to give
 * @param released packets given back unsent
 * @param flushes how often what was sent was made visible
 * @param receivedPackets that came in
 * @param receivedBytes of those
 * @param batches how often it said that no more came in for now
 * @param linkChanges how often carrier, MTU or offloads changed
 */
public record TraceStats(
        long sentPackets,
        long sentBytes,
        long refusedPackets,
        long acquired,
        long noRoom,
        long released,
        long flushes,
        long receivedPackets,
        long receivedBytes,
        long batches,
        long linkChanges) {}
