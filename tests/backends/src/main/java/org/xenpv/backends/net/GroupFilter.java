package org.xenpv.backends.net;

/** The groups (multicast addresses) that a guest wants to hear. Owned by one thread. */
final class GroupFilter {

    /** XEN_NETBK_MCAST_MAX of Linux. */
    static final int GROUPS_MAX = 64;

    private final long[] groups = new long[GROUPS_MAX];
    private int count;
    private boolean on;

    /** Whether it applies; groups can be added and removed either way. */
    void turn(boolean onOrOff) {
        on = onOrOff;
    }

    boolean isOn() {
        return on;
    }

    /** A group added twice has to be removed twice, as in Linux. @return false if there is no room */
    boolean add(long mac) {
        if (count == GROUPS_MAX) {
            return false;
        }
        groups[count++] = mac;
        return true;
    }

    void remove(long mac) {
        for (int i = 0; i < count; i++) {
            if (groups[i] == mac) {
                groups[i] = groups[--count];
                return;
            }
        }
    }

    /** Whether a frame to this address is wanted; individual addresses and broadcast always are. */
    boolean passes(long mac) {
        if (!on || (mac >>> 40 & 1) == 0 || mac == 0xffff_ffff_ffffL) {
            return true;
        }
        for (int i = 0; i < count; i++) {
            if (groups[i] == mac) {
                return true;
            }
        }
        return false;
    }

    int count() {
        return count;
    }
}
