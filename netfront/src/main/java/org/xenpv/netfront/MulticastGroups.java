package org.xenpv.netfront;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.xenbus.KeySnapshot;

/**
 * What the backend's multicast filter is to be, and how far a connection's backend has been told: what finds no room on the ring waits, and a new
 * connection is told everything.
 *
 * <p>A group that a backend refuses (Linux's takes 64) is counted ({@link NetStats#multicastRefused}) and asked for again with the next
 * connection. Owned by the event loop's thread.
 */
final class MulticastGroups {

    private static final class Group {
        private boolean wanted;
        private boolean told;
    }

    private final Map<MacAddress, Group> groups = new LinkedHashMap<>();
    private boolean filtering = true;

    /** Whether there is a group that the backend has yet to be told of. */
    private boolean behind;

    private static void check(MacAddress address) {
        if (!address.isMulticast()) {
            throw new IllegalArgumentException("group=" + address + ", must be a multicast address");
        }
    }

    void join(MacAddress address) {
        check(address);
        Group group = groups.get(address);
        if (group == null) {
            group = new Group();
            groups.put(address, group);
        }
        group.wanted = true;
        behind = true;
    }

    void leave(MacAddress address) {
        check(address);
        Group group = groups.get(address);
        if (group != null) {
            group.wanted = false;
            behind = true;
        }
    }

    /** Whether the backend is to filter at all, where it can. */
    void filtering(boolean on) {
        filtering = on;
    }

    /** Says what the backend has to know before it connects. @param offered whether it filters and that is wanted */
    void publish(KeySnapshot.Writer keys, boolean offered) {
        keys.put(NetifKeys.REQUEST_MULTICAST_CONTROL, offered && filtering);
    }

    /** A new connection: its backend knows of no group. */
    void begin() {
        for (Group group : groups.values()) {
            group.told = false;
        }
        behind = true;
    }

    /** Goes on telling as far as there is room. @return whether anything was told */
    boolean tell(NetConnection connection) {
        if (!behind) {
            return false;
        }
        boolean any = false;
        Iterator<Map.Entry<MacAddress, Group>> all = groups.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<MacAddress, Group> entry = all.next();
            Group group = entry.getValue();
            if (group.wanted != group.told) {
                if (!connection.filter(entry.getKey(), group.wanted)) {
                    return any;
                }
                group.told = group.wanted;
                any = true;
            }
            if (!group.wanted) {
                all.remove();
            }
        }
        behind = false;
        return any;
    }
}
