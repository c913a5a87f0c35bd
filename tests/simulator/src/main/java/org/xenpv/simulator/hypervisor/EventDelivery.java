package org.xenpv.simulator.hypervisor;

/** struct evtchn_port_ops: one of the two ABIs between hypervisor and guest. */
interface EventDelivery {

    /** How many ports there can be. */
    int portsMax();

    /** Sets the port pending and, if it was not and is not masked, raises the upcall. */
    void setPending(Port port);

    void clearPending(Port port);

    void unmask(Port port);

    boolean pending(Port port);

    boolean masked(Port port);

    /** Whether a closed port may not be given out again yet, because the guest has it in a queue. */
    boolean busy(Port port);

    /** @return 0 or a negative errno */
    int setPriority(Port port, int priority);
}
