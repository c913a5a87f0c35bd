package org.xenpv.netfront;

import java.util.Map;

/**
 * A snapshot of a device's counters.
 *
 * @param txPackets put on rings
 * @param txBytes in those
 * @param txRequests slots those took, extras included
 * @param txResponses taken off rings
 * @param rxPackets handed to the receiver
 * @param rxBytes in those
 * @param rxResponses slots taken off rings, extras included
 * @param rxBytesCopied between granted pages and our own
 * @param grantsRevoked pages taken back from the backend before their packet was handed on, each to be granted again
 * @param notificationsSent events sent to the backend
 * @param notificationsSuppressed batches for which it wanted none
 * @param reconnects connections after the first
 * @param faults protocol violations by the backend
 * @param multicastRefused changes of the multicast filter that the backend refused
 * @param linkValuesIgnored values of MTU, speed and carrier in xenstore that could not be, each counted once while it stands there
 * @param drops packets by reason; a reason that never occurred is not there
 */
public record NetStats(
        long txPackets,
        long txBytes,
        long txRequests,
        long txResponses,
        long rxPackets,
        long rxBytes,
        long rxResponses,
        long rxBytesCopied,
        long grantsRevoked,
        long notificationsSent,
        long notificationsSuppressed,
        long reconnects,
        long faults,
        long multicastRefused,
        long linkValuesIgnored,
        Map<NetDrop, Long> drops) {

    public long dropped(NetDrop reason) {
        return drops.getOrDefault(reason, 0L);
    }
}
