package org.xenpv.simulator.xenstored;

/** What the domain requests of dom0 do to the daemon's connections. */
interface DomainControl {

    /**
     * INTRODUCE: serve a domain's ring page, or start anew on one that is served already.
     *
     * @param gfn the page in that domain, as it stood in the request
     * @param port the domain's event channel
     */
    void introduce(int domid, long gfn, int port) throws StoreException;

    /** RELEASE: stop serving a domain. */
    void release(int domid) throws StoreException;
}
