package org.xenpv.event.abi;

/** The one idle point of a virtual CPU (SCHEDOP_block, SCHEDOP_poll with a timeout). */
public interface SchedOp {

    /** Waits until the upcall-pending byte of the VCPU is set, {@link #kick} is called or the deadline passes. */
    void block(long deadlineNs);

    /** Ends a running or the next {@link #block}; any thread. */
    void kick();
}
