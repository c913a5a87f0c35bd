package org.xenpv.simulator.hypervisor;

/** Told everything that happens, in order: what two runs with the same seed must agree on. */
public interface Trace {

    int EVENT = 1;
    int EVENT_HYPERCALL = 2;
    int GRANT_HYPERCALL = 3;
    int MAP = 4;
    int UNMAP = 5;
    int STEP = 6;
    int TIME = 7;
    int DOMAIN = 8;
    int FAULT = 9;

    /** Nothing is told: live mode, where no two runs agree. */
    Trace NONE = (what, domid, a, b) -> {};

    void record(int what, int domid, long a, long b);
}
