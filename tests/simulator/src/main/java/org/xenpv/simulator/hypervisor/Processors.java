package org.xenpv.simulator.hypervisor;

/** How the virtual CPUs of a host come to run: a thread each, or all in turn on one thread. */
public interface Processors {

    /** The one virtual CPU of a new domain. */
    Vcpu vcpu(Domain domain);

    /** Runs later what a fault put off: a delayed event. */
    void later(long delayNs, Runnable action);
}
