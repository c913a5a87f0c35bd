package org.xenpv.simulator.hypervisor;

import org.xenpv.event.abi.SchedOp;

/** A domain's virtual CPU, as the hypervisor and the domain itself see it. */
public interface Vcpu extends SchedOp {

    /** The upcall-pending byte went from 0 to 1: ends a running block. Any thread; called often, so cheap. */
    void upcall();

    /** SCHEDOP_shutdown with SHUTDOWN_suspend: the CPU runs no more until {@link #resume}. */
    void pause();

    void resume();
}
