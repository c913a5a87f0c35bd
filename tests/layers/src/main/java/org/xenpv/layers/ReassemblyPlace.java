package org.xenpv.layers;

import java.util.Arrays;
import org.xenpv.memory.SharedMemory;
import org.xenpv.netfront.NetPacket;

/** One datagram of which some fragments are there, and which. Fragments are counted in blocks of eight bytes. */
final class ReassemblyPlace {

    private static final int UNKNOWN = -1;

    private final int base;
    private final NetPacket datagram;
    private final NetPacket target;
    private final long[] blocks = new long[Ipv4Buffers.DATAGRAM_BYTES / 8 / Long.SIZE];

    private boolean used;
    private int source;
    private int key;
    private long deadlineNs;
    private int presentBytes;
    private int highestEnd;
    private int totalBytes;

    ReassemblyPlace(SharedMemory memory, int base) {
        this.base = base;
        this.datagram = new NetPacket(memory, 1);
        this.target = new NetPacket(memory, 1);
    }

    boolean isUsed() {
        return used;
    }

    boolean isFor(int otherSource, int otherKey) {
        return used && source == otherSource && key == otherKey;
    }

    long deadlineNs() {
        return deadlineNs;
    }

    void begin(int newSource, int newKey, long newDeadlineNs) {
        used = true;
        source = newSource;
        key = newKey;
        deadlineNs = newDeadlineNs;
        presentBytes = 0;
        highestEnd = 0;
        totalBytes = UNKNOWN;
        Arrays.fill(blocks, 0);
    }

    void free() {
        used = false;
    }

    /** Whether a fragment says something else of the datagram's end than those before. */
    boolean contradicts(int end, boolean more) {
        if (more) {
            return totalBytes != UNKNOWN && end >= totalBytes;
        }
        return totalBytes != UNKNOWN ? end != totalBytes : end < highestEnd;
    }

    boolean isRepeated(int at, int end) {
        return count(at, end) == blockAfter(end) - at / 8;
    }

    boolean overlaps(int at, int end) {
        return count(at, end) > 0;
    }

    private static int blockAfter(int end) {
        return (end + 7) / 8;
    }

    private int count(int at, int end) {
        int count = 0;
        for (int block = at / 8; block < blockAfter(end); block++) {
            count += (int) (blocks[block >>> 6] >>> block & 1);
        }
        return count;
    }

    /** Copies a fragment in that overlaps none. @return whether nothing is missing now */
    boolean put(int at, int end, boolean more, NetPacket fragment) {
        target.clear();
        target.add(base + at, end - at);
        fragment.copyTo(target);
        for (int block = at / 8; block < blockAfter(end); block++) {
            blocks[block >>> 6] |= 1L << block;
        }
        presentBytes += end - at;
        highestEnd = Math.max(highestEnd, end);
        if (!more) {
            totalBytes = end;
        }
        return presentBytes == totalBytes;
    }

    /** The whole datagram; what was known of its fragments' checksums is forgotten. */
    NetPacket datagram() {
        datagram.clear();
        datagram.add(base, totalBytes);
        return datagram;
    }
}
