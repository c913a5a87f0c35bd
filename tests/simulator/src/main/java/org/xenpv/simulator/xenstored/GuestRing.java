package org.xenpv.simulator.xenstored;

import org.xenpv.memory.SharedMemory;

/**
 * A guest's xenstore page as the daemon's domain has it.
 *
 * @param page {@code struct xenstore_domain_interface}, mapped
 * @param port of the daemon's domain, bound to the guest's; the daemon closes it
 * @param unmap called once when the daemon is done with the page
 */
public record GuestRing(SharedMemory page, int port, Runnable unmap) {

    public GuestRing {
        if (page == null || unmap == null) {
            throw new IllegalArgumentException("page and unmap must not be null");
        }
        if (port < 1) {
            throw new IllegalArgumentException("port=" + port + ", must be at least 1");
        }
    }
}
