package org.xenpv.backends.net;

import org.xenpv.grant.CopyPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.memory.SharedMemory;

/**
 * Memory for the frames of one burst: taken one after another, given back all at once.
 *
 * <p>Every frame has {@link #HEADROOM} bytes in front of it, and begins at a multiple of 64 unless its second piece is to begin
 * on a page: then whole pages are copied as whole pages.
 */
final class FrameArena implements AutoCloseable {

    static final int HEADROOM = 64;

    /** Returned when there is no room left. */
    static final int FULL = -1;

    private static final int ALIGNMENT = 64;
    private static final int PAGE = SharedMemory.PAGE_BYTES;

    private final CopyPages pages;
    private final int sizeBytes;
    private int next;

    /** @param pages are this arena's from now on */
    FrameArena(CopyPages pages) {
        this.pages = pages;
        this.sizeBytes = pages.memory().sizeBytes();
    }

    CopyPages pages() {
        return pages;
    }

    /** Whether the longest packet would fit, however it lies in its pages. */
    boolean hasRoom() {
        return next + HEADROOM + PAGE + Netif.XEN_NETIF_MAX_TX_SIZE <= sizeBytes;
    }

    /** Forgets all frames. */
    void reset() {
        next = 0;
    }

    /** Takes room for a frame. @return where it begins, or {@link #FULL} */
    int take(int bytes) {
        return taken(next + HEADROOM, bytes);
    }

    /** The same for a frame whose byte number {@code firstBytes} is to begin a page. */
    int take(int firstBytes, int bytes) {
        int page = next + HEADROOM + firstBytes + PAGE - 1 & -PAGE;
        return taken(page - firstBytes, bytes);
    }

    private int taken(int at, int bytes) {
        if (bytes > sizeBytes - at) {
            return FULL;
        }
        next = at + bytes + ALIGNMENT - 1 & -ALIGNMENT;
        return at;
    }

    @Override
    public void close() {
        pages.close();
    }
}
