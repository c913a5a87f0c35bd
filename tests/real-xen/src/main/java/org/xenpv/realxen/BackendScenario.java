package org.xenpv.realxen;

/** Something that a program in dom0 does with a guest whose frontends are the Linux kernel's. */
abstract class BackendScenario implements Scenario {

    /** As {@link Scenario#run}. */
    abstract void run(DriverDomain dom0) throws Exception;

    @Override
    public final long limitMs() {
        return 600_000;
    }

    @Override
    public final void run(RealGuest guest) throws Exception {
        run(DriverDomain.of(guest.xen(), guest.dom0().store()));
    }
}
