package org.xenpv.netfront;

import java.util.EnumMap;
import java.util.Map;

/** What a device has done so far; written by the loop's thread, read as a snapshot. */
final class NetCounters {

    long txPackets;
    long txBytes;
    long txRequests;
    long txResponses;
    long rxPackets;
    long rxBytes;
    long rxResponses;
    long rxBytesCopied;
    long grantsRevoked;
    long notificationsSent;
    long notificationsSuppressed;
    long reconnects;
    long faults;
    long multicastRefused;
    long linkValuesIgnored;
    private final long[] drops = new long[NetDrop.COUNT];

    void dropped(NetDrop reason) {
        drops[reason.ordinal()]++;
    }

    NetStats snapshot() {
        Map<NetDrop, Long> dropped = new EnumMap<>(NetDrop.class);
        for (NetDrop reason : NetDrop.values()) {
            if (drops[reason.ordinal()] > 0) {
                dropped.put(reason, drops[reason.ordinal()]);
            }
        }
        return new NetStats(
                txPackets,
                txBytes,
                txRequests,
                txResponses,
                rxPackets,
                rxBytes,
                rxResponses,
                rxBytesCopied,
                grantsRevoked,
                notificationsSent,
                notificationsSuppressed,
                reconnects,
                faults,
                multicastRefused,
                linkValuesIgnored,
                dropped);
    }
}
