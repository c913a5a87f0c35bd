package org.xenpv.simulator.hypervisor;

import java.util.BitSet;
import org.xenpv.grant.abi.GrantPlatform;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * A domain's memory: frames numbered by gfn, in one contiguous arena.
 *
 * <p>The hypervisor sees frames; which of them are in use is the guest's own account ({@link #allocate}, {@link
 * #free}), kept here because the guest has no other place for it. Frame numbers are unique on the host, so that a gfn
 * of one domain never names a page of another. The arena lives until the domain is gone and nobody maps a page of it.
 *
 * <p>Frames are zeroed before anybody can see them and not before: most domains use a small part of their memory, and the
 * machine has to find a page for every frame that is written.
 */
public final class DomainMemory {

    /** Distance between the first frames of two domains; also the most frames a domain can have. */
    static final int GFN_STRIDE = 1 << 18;

    /** Zeroed at a time: 1 MiB. */
    private static final int ZEROED_FRAMES = 256;

    private final ChronicleMemory arena;
    private final long firstGfn;
    private final int frames;
    private final BitSet allocated;
    private int next;
    private int users = 1;
    /** Frames below this one have been zeroed; only ever grows. */
    private volatile int zeroedEnd;

    DomainMemory(long firstGfn, int frames) {
        if (frames < 16 || frames > GFN_STRIDE) {
            throw new IllegalArgumentException("frames=" + frames + ", must be 16 to " + GFN_STRIDE);
        }
        this.arena = ChronicleMemory.allocateDirtyPages(frames);
        this.firstGfn = firstGfn;
        this.frames = frames;
        this.allocated = new BitSet(frames);
    }

    /** Contiguous frames, with whatever was in them; null if there is no run that long. */
    public synchronized GrantPlatform.Frames allocate(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("count=" + count + ", must be at least 1");
        }
        int first = run(next, count);
        if (first < 0) {
            first = run(0, count);
        }
        if (first < 0) {
            return null;
        }
        allocated.set(first, first + count);
        next = first + count;
        zeroBelow(first + count);
        int bytes = SharedMemory.PAGE_BYTES;
        return new GrantPlatform.Frames(arena.slice(first * bytes, count * bytes), firstGfn + first, count);
    }

    /** Before anything below this frame is shown to anybody. */
    private void zeroBelow(int end) {
        if (end > zeroedEnd) {
            zero(end);
        }
    }

    private synchronized void zero(int end) {
        int from = zeroedEnd;
        if (end > from) {
            int to = Math.min(frames, (end + ZEROED_FRAMES - 1) / ZEROED_FRAMES * ZEROED_FRAMES);
            arena.zero(from * SharedMemory.PAGE_BYTES, (to - from) * SharedMemory.PAGE_BYTES);
            zeroedEnd = to;
        }
    }

    private int run(int from, int count) {
        int first = allocated.nextClearBit(from);
        while (first <= frames - count) {
            int end = allocated.nextSetBit(first);
            if (end < 0 || end - first >= count) {
                return first;
            }
            first = allocated.nextClearBit(end);
        }
        return -1;
    }

    /** @throws IllegalStateException if any of the frames is not allocated: a double free */
    public synchronized void free(GrantPlatform.Frames given) {
        long offset = given.firstFrame() - firstGfn;
        if (offset < 0 || given.count() < 1 || offset + given.count() > frames) {
            throw new IllegalArgumentException("firstFrame=" + given.firstFrame() + ", count=" + given.count()
                    + ", must lie in " + firstGfn + " to " + (firstGfn + frames - 1));
        }
        int first = (int) offset;
        if (allocated.nextClearBit(first) < first + given.count()) {
            throw new IllegalStateException(
                    "firstFrame=" + given.firstFrame() + ", count=" + given.count() + ", freed but not allocated");
        }
        allocated.clear(first, first + given.count());
    }

    public synchronized int allocatedFrames() {
        return allocated.cardinality();
    }

    public int frames() {
        return frames;
    }

    /** The number after the last frame. */
    long endGfn() {
        return firstGfn + frames;
    }

    /** The guest's address of a frame, for pointers in hypercall arguments. */
    long addressOf(long gfn) {
        return arena.address() + (gfn - firstGfn) * SharedMemory.PAGE_BYTES;
    }

    boolean holds(long gfn) {
        return gfn >= firstGfn && gfn < firstGfn + frames;
    }

    /** A view of frames that is closed on its own; the caller has checked {@link #holds} and keeps the arena alive. */
    ChronicleMemory view(long gfn, int count) {
        int bytes = SharedMemory.PAGE_BYTES;
        zeroBelow((int) (gfn - firstGfn) + count);
        return arena.view((int) (gfn - firstGfn) * bytes, count * bytes, () -> {});
    }

    /** Where an address of the guest lies in the arena, or -1: what copy_to_guest refuses with EFAULT. */
    int offsetOf(long address, long lengthBytes) {
        long offset = address - arena.address();
        if (offset < 0 || lengthBytes < 0 || offset > arena.sizeBytes() - lengthBytes) {
            return -1;
        }
        zeroBelow((int) ((offset + lengthBytes + SharedMemory.PAGE_BYTES - 1) / SharedMemory.PAGE_BYTES));
        return (int) offset;
    }

    /** A frame for as long as the caller has retained this memory. */
    SharedMemory page(long gfn) {
        zeroBelow((int) (gfn - firstGfn) + 1);
        return arena.slice((int) (gfn - firstGfn) * SharedMemory.PAGE_BYTES, SharedMemory.PAGE_BYTES);
    }

    /** Copies bytes of a frame to one of another or the same memory; the caller has retained both. */
    void copy(long gfn, int offset, DomainMemory target, long targetGfn, int targetOffset, int lengthBytes) {
        zeroBelow((int) (gfn - firstGfn) + 1);
        target.zeroBelow((int) (targetGfn - target.firstGfn) + 1);
        arena.copyTo(
                (int) (gfn - firstGfn) * SharedMemory.PAGE_BYTES + offset,
                target.arena,
                (int) (targetGfn - target.firstGfn) * SharedMemory.PAGE_BYTES + targetOffset,
                lengthBytes);
    }

    /** For offsets that {@link #offsetOf} gave. */
    ChronicleMemory arena() {
        return arena;
    }

    synchronized void retain() {
        if (users == 0) {
            throw new IllegalStateException("memory of a domain that is gone");
        }
        users++;
    }

    synchronized void release() {
        users--;
        if (users == 0) {
            arena.close();
        }
    }
}
