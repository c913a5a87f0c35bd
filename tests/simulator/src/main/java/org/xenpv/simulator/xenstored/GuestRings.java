package org.xenpv.simulator.xenstored;

/** Maps guests' pages and binds their ports when INTRODUCE asks for it. */
public interface GuestRings {

    /** Has none. */
    GuestRings NONE = (domid, gfn, port) -> null;

    /**
     * @param gfn the page in that domain, as it stood in the request
     * @param port the domain's event channel, left unbound for the daemon's domain
     * @return null if there is no such domain, page or port
     */
    GuestRing open(int domid, long gfn, int port);
}
