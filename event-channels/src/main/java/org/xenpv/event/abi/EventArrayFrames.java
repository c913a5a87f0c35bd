package org.xenpv.event.abi;

import org.xenpv.memory.SharedMemory;

/** Where the pages of the FIFO ABI come from. They are given to the hypervisor and never come back. */
public interface EventArrayFrames {

    /**
     * Allocates one page of our own memory.
     *
     * @return null if there is none
     */
    Frame allocate();

    /**
     * @param memory 4096 bytes
     * @param gfn the frame's number (gfn, or mfn in a PV guest)
     */
    record Frame(SharedMemory memory, long gfn) {}
}
