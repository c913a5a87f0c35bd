package org.xenpv.backends.net;

import java.util.Arrays;

/**
 * Which port a MAC address was last seen at: a bounded table with ageing. Where many addresses fall together, the one that was
 * not seen for the longest time makes room.
 *
 * <p>Sets of {@value #WAYS} entries, the set chosen by a hash of the address. Nothing is allocated per address.
 */
final class MacTable {

    static final int WAYS = 8;

    /** No port. */
    static final int NONE = -1;

    private final long[] macs;
    private final int[] ports;
    private final long[] seenNs;
    private final int setMask;
    private final long ageNs;

    /**
     * @param entries a power of two, at least {@value #WAYS}
     * @param ageNs after how long an address is forgotten
     */
    MacTable(int entries, long ageNs) {
        if (entries < WAYS || entries > 1 << 20 || Integer.bitCount(entries) != 1) {
            throw new IllegalArgumentException(
                    "entries=" + entries + ", must be a power of two from " + WAYS + " to " + (1 << 20));
        }
        if (ageNs < 1 || ageNs > Long.MAX_VALUE / 4) {
            throw new IllegalArgumentException("ageNs=" + ageNs + ", must be 1 to " + Long.MAX_VALUE / 4);
        }
        this.macs = new long[entries];
        this.ports = new int[entries];
        this.seenNs = new long[entries];
        this.setMask = entries / WAYS - 1;
        this.ageNs = ageNs;
        Arrays.fill(ports, NONE);
    }

    private int setOf(long mac) {
        long mixed = mac * 0x9e37_79b9_7f4a_7c15L;
        return ((int) (mixed >>> 40) & setMask) * WAYS;
    }

    /** Notes where an address was seen. @return whether it was somewhere else, or nowhere, before */
    boolean learn(long mac, int port, long nowNs) {
        int set = setOf(mac);
        int oldest = set;
        for (int i = set; i < set + WAYS; i++) {
            if (ports[i] != NONE && macs[i] == mac) {
                boolean moved = ports[i] != port || nowNs - seenNs[i] > ageNs;
                ports[i] = port;
                seenNs[i] = nowNs;
                return moved;
            }
            boolean free = ports[i] == NONE;
            boolean oldestIsFree = ports[oldest] == NONE;
            if (free && !oldestIsFree || !free && !oldestIsFree && seenNs[i] - seenNs[oldest] < 0) {
                oldest = i;
            }
        }
        macs[oldest] = mac;
        ports[oldest] = port;
        seenNs[oldest] = nowNs;
        return true;
    }

    /** Where an address was seen last, or {@link #NONE} if not lately. */
    int find(long mac, long nowNs) {
        int set = setOf(mac);
        for (int i = set; i < set + WAYS; i++) {
            if (ports[i] != NONE && macs[i] == mac) {
                return nowNs - seenNs[i] > ageNs ? NONE : ports[i];
            }
        }
        return NONE;
    }

    /** Forgets every address seen at a port. */
    void forget(int port) {
        for (int i = 0; i < ports.length; i++) {
            if (ports[i] == port) {
                ports[i] = NONE;
            }
        }
    }

    /** Addresses that are known. */
    int size(long nowNs) {
        int known = 0;
        for (int i = 0; i < ports.length; i++) {
            known += ports[i] != NONE && nowNs - seenNs[i] <= ageNs ? 1 : 0;
        }
        return known;
    }
}
