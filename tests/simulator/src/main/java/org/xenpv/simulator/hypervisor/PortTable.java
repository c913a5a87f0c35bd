package org.xenpv.simulator.hypervisor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A domain's ports by number; grows in buckets and never shrinks. Changed under the hypervisor's lock, looked into by
 * anybody.
 */
final class PortTable {

    private static final int BUCKET = 64;

    private final Domain domain;
    private final int portsMax;
    private volatile Port[] ports = new Port[0];

    /** @param portsMax the highest port number the domain may have, plus 1 */
    PortTable(Domain domain, int portsMax) {
        this.domain = domain;
        this.portsMax = portsMax;
    }

    /** Null if there is no such port; port 0 exists and can never be used. */
    Port valid(int number) {
        Port[] table = ports;
        return number < 0 || number >= table.length ? null : table[number];
    }

    /** Null if there is no such port, or it is closed. */
    Port open(int number) {
        Port port = valid(number);
        return port == null || port.state == Port.State.CLOSED ? null : port;
    }

    /** Ports that exist, port 0 included. */
    int size() {
        return ports.length;
    }

    /** The number of a closed port that the guest has in no queue, the lowest; or -ENOSPC. */
    int free(EventDelivery delivery) {
        Port[] table = ports;
        for (int number = 1; number < table.length; number++) {
            if (table[number].state == Port.State.CLOSED && !delivery.busy(table[number])) {
                return number < portsMax ? number : -Errno.ENOSPC;
            }
        }
        int first = Math.max(1, table.length);
        if (first >= Math.min(portsMax, delivery.portsMax())) {
            return -Errno.ENOSPC;
        }
        Port[] larger = Arrays.copyOf(table, table.length + BUCKET);
        for (int number = table.length; number < larger.length; number++) {
            larger[number] = new Port(domain, number);
        }
        ports = larger;
        return first;
    }

    /** The ports in use, in order. */
    List<Integer> open() {
        List<Integer> open = new ArrayList<>();
        for (Port port : ports) {
            if (port.state != Port.State.CLOSED) {
                open.add(port.number);
            }
        }
        return open;
    }

    /** The ports in use other than those of store and console, on either side. */
    List<Integer> stray() {
        List<Integer> stray = new ArrayList<>();
        for (Port port : ports) {
            boolean reserved = domain.isReservedPort(port.number)
                    || port.state == Port.State.INTERDOMAIN && port.remote.domain.isReservedPort(port.remote.number);
            if (port.state != Port.State.CLOSED && !reserved) {
                stray.add(port.number);
            }
        }
        return stray;
    }
}
