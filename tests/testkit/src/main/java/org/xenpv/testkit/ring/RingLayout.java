package org.xenpv.testkit.ring;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.memory.SharedMemory;

/**
 * The shape of a request/response ring.
 *
 * @param name for messages
 * @param slotBytes the larger of request and response ({@code sizeof(union xxx_sring_entry)})
 * @param pages 1, 2, 4, 8 or 16
 */
public record RingLayout(String name, int slotBytes, int pages) {

    private static final int HEADER_BYTES = 64;

    public RingLayout {
        if (pages < 1 || pages > 16 || Integer.bitCount(pages) != 1) {
            throw new IllegalArgumentException("pages=" + pages + ", must be 1, 2, 4, 8 or 16");
        }
        int slotBytesMax = pages * SharedMemory.PAGE_BYTES - HEADER_BYTES;
        if (slotBytes < 1 || slotBytes > slotBytesMax) {
            throw new IllegalArgumentException("slotBytes=" + slotBytes + ", must be 1 to " + slotBytesMax);
        }
    }

    /** blkif, netif tx and netif rx on x86_64, each on 1, 2, 4 and 16 pages. */
    public static List<RingLayout> xen() {
        List<RingLayout> layouts = new ArrayList<>();
        for (int pages : new int[] {1, 2, 4, 16}) {
            layouts.add(new RingLayout("blkif", 112, pages));
            layouts.add(new RingLayout("netif_tx", 12, pages));
            layouts.add(new RingLayout("netif_rx", 8, pages));
        }
        return List.copyOf(layouts);
    }

    public int sizeBytes() {
        return pages * SharedMemory.PAGE_BYTES;
    }

    /** How many slots fit, rounded down to a power of two (__RING_SIZE). */
    public int nrEnts() {
        int fit = (sizeBytes() - HEADER_BYTES) / slotBytes;
        int nrEnts = 1;
        while (nrEnts * 2 <= fit) {
            nrEnts *= 2;
        }
        return nrEnts;
    }

    /** The offset of the slot that a free-running index names, computed with a remainder instead of a mask. */
    public int slotAt(long index) {
        return HEADER_BYTES + (int) Math.floorMod(index, (long) nrEnts()) * slotBytes;
    }
}
