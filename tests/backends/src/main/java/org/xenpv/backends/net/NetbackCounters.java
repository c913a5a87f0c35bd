package org.xenpv.backends.net;

import java.util.EnumMap;
import java.util.Map;

/** Counters of one device, counted up by its queues on the loop's thread. */
final class NetbackCounters {

    private final long[] drops = new long[NetbackDrop.count()];

    long txRequests;
    long txFrames;
    long txBytes;
    long txExtras;
    long txGso;
    long txCsumBlank;
    long gsoFixups;
    long mcastAdded;
    long mcastRemoved;
    long rxSlots;
    long rxFrames;
    long rxBytes;
    long rxExtras;
    long rxGso;
    long rxCsumBlank;
    long rxBacklogged;
    long copies;
    long copyCalls;
    long notificationsSent;
    long notificationsSuppressed;
    long ctrlRequests;

    void drop(NetbackDrop reason) {
        drops[reason.ordinal()]++;
    }

    NetbackStats snapshot() {
        Map<NetbackDrop, Long> dropped = new EnumMap<>(NetbackDrop.class);
        for (int i = 0; i < drops.length; i++) {
            if (drops[i] != 0) {
                dropped.put(NetbackDrop.at(i), drops[i]);
            }
        }
        return new NetbackStats(
                txRequests,
                txFrames,
                txBytes,
                txExtras,
                txGso,
                txCsumBlank,
                gsoFixups,
                mcastAdded,
                mcastRemoved,
                rxSlots,
                rxFrames,
                rxBytes,
                rxExtras,
                rxGso,
                rxCsumBlank,
                rxBacklogged,
                copies,
                copyCalls,
                notificationsSent,
                notificationsSuppressed,
                ctrlRequests,
                Map.copyOf(dropped));
    }
}
