package org.xenpv.simulator.hypervisor;

/**
 * struct evtchn: one end of an event channel.
 *
 * <p>Changed under the hypervisor's lock and this port's monitor; {@link EventPorts} holds only the monitor to send, so
 * that sending meets nobody but a close of the same channel.
 */
final class Port {

    /** EVTCHNSTAT_* (event_channel.h). */
    enum State {
        CLOSED(0),
        UNBOUND(1),
        INTERDOMAIN(2),
        VIRQ(4),
        IPI(5);

        final int status;

        State(int status) {
            this.status = status;
        }
    }

    static final int PRIORITY_DEFAULT = 7;

    final Domain domain;
    final int number;
    State state = State.CLOSED;
    /** UNBOUND: the domain that may bind. INTERDOMAIN: the domain at the other end. */
    int remoteDomid;

    Port remote;
    int virq;
    volatile int priority = PRIORITY_DEFAULT;
    /** The FIFO queue it was linked into last; changed under the monitor of the {@link FifoDelivery}. */
    int lastQueue = PRIORITY_DEFAULT;
    /** An event came while the FIFO event array had no word for this port. */
    volatile boolean pendingUnseen;

    Port(Domain domain, int number) {
        this.domain = domain;
        this.number = number;
    }
}
