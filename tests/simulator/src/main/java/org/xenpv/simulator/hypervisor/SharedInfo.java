package org.xenpv.simulator.hypervisor;

import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * struct shared_info and struct vcpu_info of xen.h, x86_64, as the hypervisor writes them.
 *
 * <pre>
 *   0          64                2048             2560          3072
 *   +----------+-----------------+----------------+-------------+----
 *   | vcpu 0   | vcpu 1..31      | evtchn_pending | evtchn_mask | wallclock, arch
 *   +----------+-----------------+----------------+-------------+----
 *   vcpu_info: 0 evtchn_upcall_pending, 1 evtchn_upcall_mask, 8 evtchn_pending_sel
 * </pre>
 */
final class SharedInfo {

    static final int UPCALL_PENDING_OFFSET = 0;
    static final int PENDING_SEL_OFFSET = 8;
    static final int EVTCHN_PENDING_OFFSET = 2048;
    static final int EVTCHN_MASK_OFFSET = 2560;

    private final ChronicleMemory page = ChronicleMemory.allocatePages(1);

    SharedMemory page() {
        return page;
    }

    void clear() {
        page.zero(0, page.sizeBytes());
    }

    boolean upcallPending() {
        return (page.getIntAcquire(UPCALL_PENDING_OFFSET) & 0xff) != 0;
    }

    /** @return whether it was clear */
    boolean setUpcallPending() {
        for (; ; ) {
            int word = page.getIntAcquire(UPCALL_PENDING_OFFSET);
            if ((word & 0xff) != 0) {
                return false;
            }
            if (page.compareAndSetInt(UPCALL_PENDING_OFFSET, word, word | 1)) {
                return true;
            }
        }
    }

    void close() {
        page.close();
    }
}
