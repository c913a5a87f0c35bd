package org.xenpv.backends.net;

import java.util.Map;

/**
 * What a netback has done: a snapshot. TX is from the guest, RX is to it.
 *
 * @param txRequests slots taken from transmit rings, extras not counted
 * @param txFrames frames passed on, {@code txBytes} in them
 * @param txExtras slots of extra information
 * @param txGso of the frames, those to be segmented
 * @param txCsumBlank of the frames, those with a blank checksum
 * @param gsoFixups frames to be segmented whose checksum the guest had not left blank
 * @param mcastAdded groups put into the filter
 * @param mcastRemoved groups taken out of the filter
 * @param rxSlots buffers of the guest used, extras not counted
 * @param rxFrames frames given to the guest, {@code rxBytes} in them
 * @param rxExtras slots used for extra information
 * @param rxGso of the frames, those to be segmented
 * @param rxCsumBlank of the frames, those with a blank checksum
 * @param rxBacklogged frames that had to wait for buffers
 * @param copies copies asked of the hypervisor
 * @param copyCalls hypercalls for them
 * @param notificationsSent events sent to the frontend
 * @param notificationsSuppressed publications of responses for which it wanted none
 * @param ctrlRequests requests on the control ring
 * @param dropped frames dropped, by reason; those that did not occur are missing
 */
public record NetbackStats(
        long txRequests,
        long txFrames,
        long txBytes,
        long txExtras,
        long txGso,
        long txCsumBlank,
        long gsoFixups,
        long mcastAdded,
        long mcastRemoved,
        long rxSlots,
        long rxFrames,
        long rxBytes,
        long rxExtras,
        long rxGso,
        long rxCsumBlank,
        long rxBacklogged,
        long copies,
        long copyCalls,
        long notificationsSent,
        long notificationsSuppressed,
        long ctrlRequests,
        Map<NetbackDrop, Long> dropped) {

    public long dropped(NetbackDrop reason) {
        return dropped.getOrDefault(reason, 0L);
    }
}
