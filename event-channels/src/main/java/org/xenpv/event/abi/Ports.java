package org.xenpv.event.abi;

import org.xenpv.fault.XenException;

/** Bounds of ports, domains and priorities. */
final class Ports {

    private static final int DOMID_MAX = 0x7fff;

    private Ports() {}

    static void check(int port, int ports) {
        if (port < 1 || port >= ports) {
            throw new IllegalArgumentException("port=" + port + ", must be 1 to " + (ports - 1));
        }
    }

    /** A port the hypervisor gave us. */
    static int checked(String operation, int port, int ports) {
        if (port < 1 || port >= ports) {
            throw new XenException(operation + " gave port=" + port + ", must be 1 to " + (ports - 1));
        }
        return port;
    }

    static void checkDomid(int domid) {
        if (domid < 0 || domid > DOMID_MAX) {
            throw new IllegalArgumentException("remoteDomid=" + domid + ", must be 0 to " + DOMID_MAX);
        }
    }

    static void checkPriority(int priority) {
        if (priority < FifoLayout.PRIORITY_MAX || priority > FifoLayout.PRIORITY_MIN) {
            throw new IllegalArgumentException("priority=" + priority + ", must be 0 to " + FifoLayout.PRIORITY_MIN);
        }
    }
}
