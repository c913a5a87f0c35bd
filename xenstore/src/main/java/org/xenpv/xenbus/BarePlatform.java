package org.xenpv.xenbus;

import org.xenpv.event.Clock;
import org.xenpv.event.Inbox;
import org.xenpv.event.abi.EventChannelOp;
import org.xenpv.event.abi.SchedOp;
import org.xenpv.grant.abi.GrantPlatform;
import org.xenpv.grant.abi.GrantTableOp;
import org.xenpv.memory.SharedMemory;

/**
 * What a guest without an operating system gets from its machine: everything {@link BareGuest} stands on. A unikernel
 * implements it over real hypercalls, the simulator over simulated ones.
 *
 * <p>Called on the thread of the guest's loop, or before the loop runs.
 */
public interface BarePlatform {

    /** Our own domain id. May be another one after a resume. */
    int domid();

    GrantTableOp grantTableOp();

    EventChannelOp eventChannelOp();

    SchedOp schedOp();

    /** Our memory, our grant table's frames, and addresses for foreign pages. */
    GrantPlatform grantPlatform();

    /** The shared_info page (xen/xen.h, struct shared_info). The same memory for the life of the guest. */
    SharedMemory sharedInfo();

    /** Monotonic, in the nanoseconds that {@link SchedOp#block} takes as deadlines. */
    Clock clock();

    /** An empty inbox for the guest's loop, safe for as many threads as the machine has. */
    Inbox newInbox();

    /**
     * The page shared with xenstored and the port that goes with it (start_info.store_mfn and store_evtchn, or
     * HVM_PARAM_STORE_PFN and _EVTCHN), as they are now: after a resume they may be others.
     *
     * @return null if this domain has none
     */
    RingPage store();

    /** The primary console's page and port, in the same way; null if this domain has none. */
    RingPage console();

    /**
     * SCHEDOP_shutdown with SHUTDOWN_suspend: the domain stops here and goes on in {@code after}.
     *
     * @param after called on the loop's thread before anything else of this guest runs: during this call or, on a
     *     machine whose virtual CPUs take turns, later
     */
    void suspend(Suspended after);

    /** Told how a suspend ended. */
    interface Suspended {
        /** @param cancelled the domain was never away: grants and ports are as before */
        void resumed(boolean cancelled);
    }
}
