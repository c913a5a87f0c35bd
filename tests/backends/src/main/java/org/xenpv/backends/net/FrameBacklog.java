package org.xenpv.backends.net;

import org.xenpv.grant.CopyPages;

/**
 * Frames that wait for buffers of the guest, first in, first out, in a bounded memory of their own.
 *
 * <pre>
 *   released         taken            added
 *      |  being copied  |   waiting     |
 *  ----+----------------+---------------+-----
 * </pre>
 */
final class FrameBacklog implements AutoCloseable {

    /** Most frames that wait. */
    static final int FRAMES_MAX = 512;

    private static final int ALIGNMENT = 64;

    private final CopyPages pages;
    private final int sizeBytes;
    private final int[] at = new int[FRAMES_MAX];
    private final int[] bytes = new int[FRAMES_MAX];
    private final long[] expiresNs = new long[FRAMES_MAX];
    private final NetFrame[] description = new NetFrame[FRAMES_MAX];
    private final NetFrame next = new NetFrame();

    private int released;
    private int taken;
    private int added;
    private int writeAt;

    /** @param pages are this backlog's from now on */
    FrameBacklog(CopyPages pages) {
        this.pages = pages;
        this.sizeBytes = pages.memory().sizeBytes();
        for (int i = 0; i < FRAMES_MAX; i++) {
            description[i] = new NetFrame();
        }
    }

    private static int slot(int index) {
        return index & FRAMES_MAX - 1;
    }

    /** Whether no frame waits. */
    boolean isEmpty() {
        return taken == added;
    }

    int waiting() {
        return added - taken;
    }

    /** Copies a frame in. @return false if there is no room */
    boolean add(NetFrame frame, long expires) {
        int start = room(frame.length());
        if (start < 0) {
            return false;
        }
        frame.memory().copyTo(frame.at(), pages.memory(), start, frame.length());
        int slot = slot(added++);
        at[slot] = start;
        bytes[slot] = frame.length();
        expiresNs[slot] = expires;
        description[slot].describeAs(frame);
        writeAt = start + frame.length() + ALIGNMENT - 1 & -ALIGNMENT;
        return true;
    }

    /** Where a frame can be put in one piece, or -1. */
    private int room(int length) {
        if (released == added) {
            return length <= sizeBytes ? 0 : -1;
        }
        if (added - released == FRAMES_MAX) {
            return -1;
        }
        int oldest = at[slot(released)];
        if (writeAt <= oldest) { // it has gone round
            return length <= oldest - writeAt ? writeAt : -1;
        }
        if (length <= sizeBytes - writeAt) {
            return writeAt;
        }
        return length <= oldest ? 0 : -1;
    }

    /** The frame that waits longest; valid until {@link #release}. */
    NetFrame first() {
        int slot = slot(taken);
        next.set(pages, at[slot], bytes[slot], 0);
        next.describeAs(description[slot]);
        return next;
    }

    long firstExpiresNs() {
        return expiresNs[slot(taken)];
    }

    /** The first frame waits no more; its bytes are kept until {@link #release}. */
    void take() {
        taken++;
    }

    /** Forgets the bytes of the frames that wait no more. */
    void release() {
        released = taken;
    }

    @Override
    public void close() {
        pages.close();
    }
}
