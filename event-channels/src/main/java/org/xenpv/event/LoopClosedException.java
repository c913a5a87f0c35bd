package org.xenpv.event;

import org.xenpv.fault.XenException;

/** The loop has been closed: nothing that waits for it will come, nothing can be handed to it. */
public final class LoopClosedException extends XenException {

    public LoopClosedException() {
        super("the event loop is closed");
    }
}
