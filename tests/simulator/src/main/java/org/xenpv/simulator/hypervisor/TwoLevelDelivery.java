package org.xenpv.simulator.hypervisor;

import org.xenpv.memory.SharedMemory;

/** The 2-level ABI: a pending and a mask bitmap in shared_info, and a selector word in vcpu_info. */
final class TwoLevelDelivery implements EventDelivery {

    /** EVTCHN_2L_NR_CHANNELS for 64-bit guests. */
    static final int PORTS_MAX = 4096;

    private static final int BITS_PER_WORD = 64;

    private final Domain domain;
    private final SharedMemory sharedInfo;

    TwoLevelDelivery(Domain domain) {
        this.domain = domain;
        this.sharedInfo = domain.sharedInfo().page();
    }

    @Override
    public int portsMax() {
        return PORTS_MAX;
    }

    @Override
    public void setPending(Port port) {
        if (!Bits.testAndSet(sharedInfo, SharedInfo.EVTCHN_PENDING_OFFSET, port.number)
                && !Bits.test(sharedInfo, SharedInfo.EVTCHN_MASK_OFFSET, port.number)) {
            select(port);
        }
    }

    private void select(Port port) {
        if (!Bits.testAndSet(sharedInfo, SharedInfo.PENDING_SEL_OFFSET, port.number / BITS_PER_WORD)) {
            domain.raiseUpcall();
        }
    }

    @Override
    public void clearPending(Port port) {
        Bits.testAndClear(sharedInfo, SharedInfo.EVTCHN_PENDING_OFFSET, port.number);
    }

    @Override
    public void unmask(Port port) {
        if (Bits.testAndClear(sharedInfo, SharedInfo.EVTCHN_MASK_OFFSET, port.number)
                && Bits.test(sharedInfo, SharedInfo.EVTCHN_PENDING_OFFSET, port.number)) {
            select(port);
        }
    }

    @Override
    public boolean pending(Port port) {
        return Bits.test(sharedInfo, SharedInfo.EVTCHN_PENDING_OFFSET, port.number);
    }

    @Override
    public boolean masked(Port port) {
        return Bits.test(sharedInfo, SharedInfo.EVTCHN_MASK_OFFSET, port.number);
    }

    @Override
    public boolean busy(Port port) {
        return false;
    }

    @Override
    public int setPriority(Port port, int priority) {
        return -Errno.ENOSYS;
    }
}
