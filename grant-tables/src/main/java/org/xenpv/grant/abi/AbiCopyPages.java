package org.xenpv.grant.abi;

import org.xenpv.grant.CopyPages;
import org.xenpv.memory.SharedMemory;

/** Own frames with their numbers. */
final class AbiCopyPages implements CopyPages {

    private final GrantPlatform platform;
    private final GrantPlatform.Frames frames;
    private boolean closed;

    AbiCopyPages(GrantPlatform platform, GrantPlatform.Frames frames) {
        this.platform = platform;
        this.frames = frames;
    }

    @Override
    public SharedMemory memory() {
        if (closed) {
            throw new IllegalStateException("the pages are closed");
        }
        return frames.memory();
    }

    /** The number of the frame that holds an offset. */
    long frameAt(int at) {
        return frames.firstFrame() + at / SharedMemory.PAGE_BYTES;
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            platform.freeFrames(frames);
        }
    }
}
