package org.xenpv.simulator.hypervisor;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** The host: its domains and the events between them. */
public final class Hypervisor implements AutoCloseable {

    /** VIRQ_DOM_EXC: raised in the control domain when a domain died or was suspended (xen.h). */
    public static final int VIRQ_DOM_EXC = 3;

    private static final int FIRST_RESERVED_DOMID = 0x7ff0;

    private final Processors processors;
    private final Trace trace;
    private final Object lock = new Object();
    private final TreeMap<Integer, Domain> domains = new TreeMap<>();
    private final List<Domain> dead = new ArrayList<>();
    private volatile HypervisorFaults faults = HypervisorFaults.NONE;
    private int nextDomid;
    private int nextArena = 1;

    public Hypervisor(Processors processors, Trace trace) {
        this.processors = processors;
        this.trace = trace;
    }

    /** Builds a domain; ids are given out in order, beginning with 0. */
    public Domain create(DomainSpec spec) {
        synchronized (lock) {
            DomainMemory memory = new DomainMemory((long) nextArena++ * 2 * DomainMemory.GFN_STRIDE, spec.frames());
            Domain domain = new Domain(this, freshDomid(), spec, memory);
            domains.put(domain.domid(), domain);
            domain.build();
            trace.record(Trace.DOMAIN, domain.domid(), 1, 0);
            return domain;
        }
    }

    private int freshDomid() {
        if (nextDomid == FIRST_RESERVED_DOMID) {
            throw new IllegalStateException("no domain ids left");
        }
        return nextDomid++;
    }

    /** Null if there is no such domain, or not any more. */
    public Domain domain(int domid) {
        synchronized (lock) {
            return domains.get(domid);
        }
    }

    /** In the order of their ids. */
    public List<Domain> domains() {
        synchronized (lock) {
            return new ArrayList<>(domains.values());
        }
    }

    /**
     * Takes a domain off the host at once: its ports are closed, what it had mapped is unmapped. Its memory stays until
     * the host is closed, since others may have it mapped and the guest's objects may be looked at still.
     */
    public void destroy(Domain domain) {
        synchronized (lock) {
            if (!domain.alive()) {
                return;
            }
            domains.remove(domain.domid());
            dead.add(domain);
            domain.destroy();
            trace.record(Trace.DOMAIN, domain.domid(), 0, 0);
        }
    }

    /**
     * Brings a suspended domain up as if on another host: a new id, an empty grant table, no ports but those of store
     * and console. Its memory is as it was.
     */
    public void restore(Domain domain) {
        synchronized (lock) {
            if (!domain.alive()) {
                throw new IllegalStateException("domid=" + domain.domid() + " is gone");
            }
            domains.remove(domain.domid());
            domain.rebuild(freshDomid());
            domains.put(domain.domid(), domain);
            trace.record(Trace.DOMAIN, domain.domid(), 2, 0);
        }
    }

    /** Raises a virtual interrupt in a domain that has bound it. */
    public void raiseVirq(Domain domain, int virq) {
        synchronized (lock) {
            domain.events().raiseVirq(virq);
        }
    }

    /** Sets a port pending without anybody having sent: a spurious event. */
    public void spuriousEvent(Domain domain, int port) {
        synchronized (lock) {
            Port target = domain.events().open(port);
            if (target != null) {
                pend(target);
            }
        }
    }

    /** From now on; {@link HypervisorFaults#NONE} heals the machine. */
    public void faults(HypervisorFaults faults) {
        this.faults = faults;
    }

    HypervisorFaults faults() {
        return faults;
    }

    Processors processors() {
        return processors;
    }

    Trace trace() {
        return trace;
    }

    Object lock() {
        return lock;
    }

    /** An event for a port: at once, unless a fault wants it otherwise. Called without the lock on the hot path. */
    void deliver(Port port) {
        HypervisorFaults current = faults;
        if (current == HypervisorFaults.NONE) {
            pend(port);
            return;
        }
        HypervisorFaults.Fate fate = current.event(port.domain, port.number);
        if (fate != HypervisorFaults.Fate.DELIVER) {
            trace.record(Trace.FAULT, port.domain.domid(), port.number, fate.code);
        }
        if (fate == HypervisorFaults.Fate.DELIVER || fate == HypervisorFaults.Fate.DUPLICATE) {
            pend(port);
        }
        if (fate == HypervisorFaults.Fate.DELAY || fate == HypervisorFaults.Fate.DUPLICATE) {
            processors.later(current.delayNs(), () -> pendIfOpen(port));
        }
        if (current.spuriousEvent()) {
            // Not from here: the sender holds its port, and the lock comes before ports.
            processors.later(current.delayNs(), () -> pendAny(port.domain, current));
        }
    }

    private void pendAny(Domain domain, HypervisorFaults current) {
        synchronized (lock) {
            List<Integer> open = domain.openPorts();
            if (!open.isEmpty()) {
                int port = open.get(current.choose(open.size()));
                trace.record(Trace.FAULT, domain.domid(), port, -1);
                spuriousEvent(domain, port);
            }
        }
    }

    private void pendIfOpen(Port port) {
        synchronized (lock) {
            if (port.state != Port.State.CLOSED) {
                pend(port);
            }
        }
    }

    private void pend(Port port) {
        trace.record(Trace.EVENT, port.domain.domid(), port.number, 0);
        port.domain.events().delivery().setPending(port);
    }

    /** Destroys what is left and gives all memory back. No guest may run any more. */
    @Override
    public void close() {
        synchronized (lock) {
            for (Domain domain : domains()) {
                destroy(domain);
            }
            for (Domain domain : dead) {
                domain.free();
            }
            dead.clear();
        }
    }
}
