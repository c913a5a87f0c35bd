package org.xenpv.event;

import org.xenpv.fault.XenException;

/** More work was handed to a loop than its inbox holds: the loop is stuck, or the caller is too fast for it. */
public final class InboxFullException extends XenException {

    private final int capacity;

    public InboxFullException(int capacity) {
        super("inbox is full, capacity=" + capacity);
        this.capacity = capacity;
    }

    public int capacity() {
        return capacity;
    }
}
