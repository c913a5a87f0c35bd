package org.xenpv.grant.abi;

import org.xenpv.memory.SharedMemory;

/** What the grant table needs of the machine it runs on, beside the hypercall. */
public interface GrantPlatform {

    /**
     * Makes the first {@code frames} frames of the shared grant table visible (GNTTABOP_setup_table or
     * XENMEM_add_to_physmap).
     *
     * @return memory over all of them; memory returned earlier stays valid and shows the same entries
     */
    SharedMemory sharedFrames(int frames);

    /** The same for the status frames of a version 2 table (GNTTABOP_get_status_frames). */
    SharedMemory statusFrames(int frames);

    /**
     * Allocates contiguous page frames of our own memory.
     *
     * @return null if there are none
     */
    Frames allocateFrames(int count);

    void freeFrames(Frames frames);

    /**
     * Reserves addresses for foreign pages.
     *
     * @return a host address for GNTTABOP_map_grant_ref of the first page; the others follow at 4096-byte steps
     */
    long reserveMapSpace(int pages);

    void releaseMapSpace(long hostAddress, int pages);

    /** The foreign pages mapped at a reserved address, as memory; dead once they are unmapped. */
    SharedMemory mapped(long hostAddress, int pages);

    /** @param firstFrame number of the first frame (gfn, or mfn in a PV guest); the others follow */
    record Frames(SharedMemory memory, long firstFrame, int count) {}
}
