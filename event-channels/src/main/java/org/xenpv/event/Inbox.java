package org.xenpv.event;

/** Where work from other threads waits for the loop: the only place where threads meet. */
public interface Inbox {

    /** @return false if it is full */
    boolean offer(Runnable action);

    /** @return null if it is empty */
    Runnable poll();
}
