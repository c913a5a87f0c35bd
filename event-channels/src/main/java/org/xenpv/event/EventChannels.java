package org.xenpv.event;

/**
 * A domain's event channels. Ports are this domain's own (evtchn_port_t).
 *
 * <p>A new port is masked: events that come are kept as one, which the first {@link #unmask} delivers.
 *
 * <p>Owned by the thread of the domain's event loop, except {@link #send} and {@link #wake}, which any thread may call.
 * An event is a hint that work may be there: it can come early, late, twice or not at all.
 *
 * <p>Calls that make a port or set its priority throw {@link org.xenpv.fault.XenOpException} if the hypervisor refuses.
 */
public interface EventChannels {

    /** EVTCHN_FIFO_NR_CHANNELS: ports are 1 to one less than this; the 2-level ABI has 4096. */
    int PORTS_MAX = 1 << 17;

    /** EVTCHNOP_alloc_unbound for ourselves: a port that {@code remoteDomid} may bind to. */
    int allocUnbound(int remoteDomid);

    /** EVTCHNOP_bind_interdomain: connects to a port the other domain left unbound for us. */
    int bindInterdomain(int remoteDomid, int remotePort);

    /** EVTCHNOP_bind_virq on virtual CPU 0. */
    int bindVirq(int virq);

    /**
     * EVTCHNOP_send.
     *
     * @return false if the port is closed or its other end is gone: a hint, not an error
     */
    boolean send(int port);

    /** A masked port collects one pending event and does not deliver it. */
    void mask(int port);

    /** EVTCHNOP_unmask: delivers at once what came while masked. */
    void unmask(int port);

    /** EVTCHNOP_set_priority; 0 is the highest, 15 the lowest. Ignored where the ABI has none (2-level). */
    void setPriority(int port, int priority);

    /**
     * EVTCHNOP_close. An event already pending is not delivered any more. A port that is closed already is left alone:
     * teardown does not throw.
     */
    void close(int port);

    /**
     * Takes pending events of unmasked ports, each once, masking the port it came on.
     *
     * @param sink told each port; it must {@link #unmask} it when it is ready for the next event
     * @param limit how many at most
     * @return how many were taken
     */
    int poll(PortSink sink, int limit);

    /** Waits until an event may be pending, {@link #wake} is called, or the deadline of the domain's clock passes. */
    void await(long deadlineNs);

    /** Ends a running or the next {@link #await}. */
    void wake();

    /** After a resume: every port of the domain is gone and none is pending; starts over. */
    default void resumed() {}

    /** Receives ports from {@link #poll}. */
    interface PortSink {
        void port(int port);
    }
}
