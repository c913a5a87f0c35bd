package org.xenpv.event;

/**
 * Where work from other threads waits for the loop: the only place where threads meet. Bounded, first in first out.
 *
 * <p>Whether several threads may call {@link #offer} is up to the implementation; {@link #poll} and {@link #isEmpty}
 * are the loop's.
 */
public interface Inbox {

    /** @return false if it is full */
    boolean offer(Runnable action);

    /** @return null if it is empty */
    Runnable poll();

    boolean isEmpty();

    /** How many actions can wait at most. */
    int capacity();
}
