package org.xenpv.simulator.hypervisor;

import org.xenpv.memory.SharedMemory;

/** test_and_set_bit and its kin on memory that a guest changes at the same time, through its 32-bit words. */
final class Bits {

    private Bits() {}

    static boolean test(SharedMemory memory, int at, int bit) {
        return (memory.getIntAcquire(at + (bit >>> 5) * 4) & 1 << bit) != 0;
    }

    /**
     * A full barrier also when the bit is set already: what the sender wrote before must be seen by a guest that clears
     * the bit after.
     *
     * @return whether it was set
     */
    static boolean testAndSet(SharedMemory memory, int at, int bit) {
        int wordAt = at + (bit >>> 5) * 4;
        memory.fullFence();
        for (; ; ) {
            int word = memory.getIntAcquire(wordAt);
            if ((word & 1 << bit) != 0) {
                return true;
            }
            if (memory.compareAndSetInt(wordAt, word, word | 1 << bit)) {
                return false;
            }
        }
    }

    /** @return whether it was set */
    static boolean testAndClear(SharedMemory memory, int at, int bit) {
        int wordAt = at + (bit >>> 5) * 4;
        for (; ; ) {
            int word = memory.getIntAcquire(wordAt);
            if ((word & 1 << bit) == 0) {
                return false;
            }
            if (memory.compareAndSetInt(wordAt, word, word & ~(1 << bit))) {
                return true;
            }
        }
    }
}
