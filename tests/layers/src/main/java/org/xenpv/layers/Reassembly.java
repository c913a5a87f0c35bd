package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/**
 * Puts datagrams together from their fragments, in a fixed number of places with a deadline each. The datagram begun longest
 * ago gives way to a new one. Fragments must not overlap (as RFC 5722 rules for IPv6): a datagram of which some do is
 * forgotten; one that repeats what is there is ignored.
 */
final class Reassembly {

    private final ReassemblyPlace[] places;
    private final Alarms alarms;
    private final Alarms.Alarm alarm;
    private final long timeoutNs;
    private final Ipv4Counters counters;

    Reassembly(Ipv4Buffers buffers, Alarms alarms, Ipv4Counters counters) {
        this.places = new ReassemblyPlace[buffers.incoming()];
        for (int i = 0; i < places.length; i++) {
            places[i] = new ReassemblyPlace(buffers.memory(), i * Ipv4Buffers.DATAGRAM_BYTES);
        }
        this.alarms = alarms;
        this.alarm = alarms.alarm(this::due);
        this.timeoutNs = buffers.reassemblyNs();
        this.counters = counters;
    }

    /**
     * Keeps a fragment.
     *
     * @param key id and protocol, which together with the source say what datagram it is of
     * @param at its first byte's place in the datagram, a multiple of eight
     * @param more whether others follow behind it
     * @return the whole datagram if this was what was missing, until {@link #done}; else null
     */
    ReassemblyPlace add(int source, int key, int at, boolean more, NetPacket fragment) {
        int bytes = fragment.length();
        int end = at + bytes;
        if (bytes == 0 || more && (bytes & 7) != 0 || end > Ipv4.PAYLOAD_BYTES_MAX) {
            counters.drop(Ipv4Counters.Drop.BAD_FRAGMENT);
            return null;
        }
        ReassemblyPlace place = find(source, key);
        boolean repeated = place.isRepeated(at, end);
        if (place.contradicts(end, more) || !repeated && place.overlaps(at, end)) {
            counters.drop(Ipv4Counters.Drop.FRAGMENT_OVERLAP);
            place.free();
            return null;
        }
        if (repeated) {
            counters.drop(Ipv4Counters.Drop.DUPLICATE_FRAGMENT);
            return null;
        }
        counters.countFragment();
        return place.put(at, end, more, fragment) ? place : null;
    }

    /** The datagram has been handed up. */
    void done(ReassemblyPlace place) {
        place.free();
    }

    private ReassemblyPlace find(int source, int key) {
        ReassemblyPlace best = null;
        for (ReassemblyPlace each : places) {
            if (each.isFor(source, key)) {
                return each;
            }
            if (best == null || best.isUsed() && (!each.isUsed() || each.deadlineNs() - best.deadlineNs() < 0)) {
                best = each;
            }
        }
        if (best.isUsed()) {
            counters.drop(Ipv4Counters.Drop.REASSEMBLY_EVICTED);
        }
        long deadlineNs = alarms.nowNs() + timeoutNs;
        best.begin(source, key, deadlineNs);
        alarm.atOrBefore(deadlineNs);
        return best;
    }

    private void due() {
        long nowNs = alarms.nowNs();
        for (ReassemblyPlace each : places) {
            if (!each.isUsed()) {
                continue;
            }
            if (each.deadlineNs() - nowNs <= 0) {
                counters.drop(Ipv4Counters.Drop.REASSEMBLY_TIMEOUT);
                each.free();
            } else {
                alarm.atOrBefore(each.deadlineNs());
            }
        }
    }

    void close() {
        alarm.cancel();
        for (ReassemblyPlace each : places) {
            each.free();
        }
    }
}
