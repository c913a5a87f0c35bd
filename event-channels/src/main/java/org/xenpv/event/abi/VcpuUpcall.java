package org.xenpv.event.abi;

import org.xenpv.memory.SharedMemory;

/**
 * evtchn_upcall_pending of virtual CPU 0: set by the hypervisor when there is an event to look for, cleared by us
 * before we look.
 */
final class VcpuUpcall {

    private final SharedMemory sharedInfo;
    private final SchedOp sched;

    VcpuUpcall(SharedMemory sharedInfo, SchedOp sched) {
        sharedInfo.check(0, SharedInfoLayout.EVENTS_BYTES, 8);
        this.sharedInfo = sharedInfo;
        this.sched = sched;
    }

    boolean isPending() {
        return (sharedInfo.getIntAcquire(SharedInfoLayout.EVTCHN_UPCALL_PENDING) & 0xff) != 0;
    }

    /** What the hypervisor announces after this sets the byte again. */
    void clear() {
        if (isPending()) {
            sharedInfo.check(SharedInfoLayout.EVTCHN_UPCALL_PENDING, 1, 1);
            sharedInfo.putByte(SharedInfoLayout.EVTCHN_UPCALL_PENDING, (byte) 0);
            sharedInfo.fullFence();
        }
    }

    void set() {
        sharedInfo.check(SharedInfoLayout.EVTCHN_UPCALL_PENDING, 1, 1);
        sharedInfo.putByte(SharedInfoLayout.EVTCHN_UPCALL_PENDING, (byte) 1);
        sharedInfo.fullFence();
    }

    void await(long deadlineNs) {
        if (!isPending()) {
            sched.block(deadlineNs);
        }
    }

    void wake() {
        sched.kick();
    }
}
