package org.xenpv.testkit.ring;

import org.xenpv.memory.SharedMemory;

/** Where the contracts get their halves from. */
public interface RingUnderTest {

    /**
     * A front half attached at an index (FRONT_RING_ATTACH) to a page that has been initialised for that index.
     *
     * @param memory all pages of the ring, seen from the front
     */
    FrontHalf front(SharedMemory memory, int slotBytes, int index);

    /** A back half attached at an index (BACK_RING_ATTACH); {@code memory} is the same pages, seen from the back. */
    BackHalf back(SharedMemory memory, int slotBytes, int index);
}
