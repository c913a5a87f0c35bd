package org.xenpv.ring;

import org.xenpv.memory.SharedMemory;

/**
 * The shared page or pages of a request/response ring (xen/io/ring.h, {@code struct xxx_sring}).
 *
 * <pre>
 * 0         4          8         12         16      64                    64+nrEnts*slotBytes
 * +---------+----------+---------+----------+-------+---------------------+--------+
 * | reqProd | reqEvent | rspProd | rspEvent | pvt.. | slot[0..nrEnts-1]   | unused |
 * +---------+----------+---------+----------+-------+---------------------+--------+
 *   F wr      B wr       B wr      F wr               F writes req, B writes rsp into the same slot
 * </pre>
 *
 * <p>All slots are proven to lie in the memory here, once, so that the halves need not check again.
 */
public final class SharedRing {

    public static final int REQ_PROD_OFFSET = 0;
    public static final int REQ_EVENT_OFFSET = 4;
    public static final int RSP_PROD_OFFSET = 8;
    public static final int RSP_EVENT_OFFSET = 12;
    public static final int PVT_OFFSET = 16;
    public static final int RING_OFFSET = 64;

    /** No ring is longer than this; see {@link #slotAt}. */
    private static final int BYTES_MAX = 1 << 24;

    private final SharedMemory memory;
    private final int nrEnts;
    private final int slotBytes;

    /**
     * @param memory the whole ring, contiguous: in the protocols 1, 2, 4, 8 or 16 pages
     * @param slotBytes the size of the larger of request and response
     */
    public SharedRing(SharedMemory memory, int slotBytes) {
        if (memory.sizeBytes() > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "memory.sizeBytes=" + memory.sizeBytes() + ", must be at most " + BYTES_MAX);
        }
        if (slotBytes < 1 || slotBytes > memory.sizeBytes() - RING_OFFSET) {
            throw new IllegalArgumentException("slotBytes=" + slotBytes + ", must be 1 to "
                    + (memory.sizeBytes() - RING_OFFSET) + " for a ring of " + memory.sizeBytes() + " bytes");
        }
        this.memory = memory;
        this.slotBytes = slotBytes;
        this.nrEnts = Integer.highestOneBit((memory.sizeBytes() - RING_OFFSET) / slotBytes);
        memory.check(0, RING_OFFSET + nrEnts * slotBytes, 8);
    }

    /** __CONST_RING_SIZE: slots that fit, rounded down to a power of two. */
    public int nrEnts() {
        return nrEnts;
    }

    public SharedMemory memory() {
        return memory;
    }

    /**
     * The offset of the slot that a free-running index names.
     *
     * <p>The last mask changes nothing. It tells the just-in-time compiler that adding a field's offset cannot overflow,
     * so that the fields of a slot become constant displacements from one address: 2.1 times the time of the C macros
     * without it, 1.2 with it.
     */
    int slotAt(int index) {
        return (RING_OFFSET + (index & (nrEnts - 1)) * slotBytes) & (BYTES_MAX - 1);
    }

    /** SHARED_RING_INIT at an index (0 in every protocol; tests start near the wraps). */
    public void init(int index) {
        memory.zero(0, RING_OFFSET);
        memory.putInt(REQ_PROD_OFFSET, index);
        memory.putInt(RSP_PROD_OFFSET, index);
        memory.putInt(REQ_EVENT_OFFSET, index + 1);
        memory.putInt(RSP_EVENT_OFFSET, index + 1);
        memory.releaseFence();
    }
}
