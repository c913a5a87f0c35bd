package org.xenpv.simulator;

import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.Inbox;
import org.xenpv.event.abi.EventChannelOp;
import org.xenpv.event.abi.SchedOp;
import org.xenpv.grant.abi.GrantPlatform;
import org.xenpv.grant.abi.GrantTableOp;
import org.xenpv.memory.SharedMemory;
import org.xenpv.simulator.hypervisor.Domain;
import org.xenpv.simulator.hypervisor.StartInfo;
import org.xenpv.xenbus.BarePlatform;
import org.xenpv.xenbus.RingPage;

/** The machine that a simulated guest runs on: the hypercalls of its domain. */
final class SimPlatform implements BarePlatform {

    private final Domain domain;
    private final Clock clock;
    private final SuspendPoint suspendPoint;

    SimPlatform(Domain domain, Clock clock, SuspendPoint suspendPoint) {
        this.domain = domain;
        this.clock = clock;
        this.suspendPoint = suspendPoint;
    }

    @Override
    public int domid() {
        return domain.domid();
    }

    @Override
    public GrantTableOp grantTableOp() {
        return domain.grantTableOp();
    }

    @Override
    public EventChannelOp eventChannelOp() {
        return domain.eventChannelOp();
    }

    @Override
    public SchedOp schedOp() {
        return domain.schedOp();
    }

    @Override
    public GrantPlatform grantPlatform() {
        return domain.grantPlatform();
    }

    @Override
    public SharedMemory sharedInfo() {
        return domain.sharedInfoPage();
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public Inbox newInbox() {
        return new ConcurrentInbox();
    }

    @Override
    public RingPage store() {
        StartInfo info = domain.startInfo();
        return info.storeGfn() == 0 ? null : new RingPage(domain.page(info.storeGfn()), info.storePort());
    }

    @Override
    public RingPage console() {
        StartInfo info = domain.startInfo();
        return info.consoleGfn() == 0 ? null : new RingPage(domain.page(info.consoleGfn()), info.consolePort());
    }

    @Override
    public void suspend(Suspended after) {
        suspendPoint.suspend(after);
    }
}
