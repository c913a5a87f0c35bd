package org.xenpv.event;

/**
 * Where work from other threads waits for the loop: the only place where threads meet. Bounded, first in first out.
 *
 * <p>Whether several threads may call {@link #offer} is up to the implementation, which says so; {@link #poll} and
 * {@link #isEmpty} are the loop's.
 */
public interface Inbox {

    /** @return false if it is full */
    boolean offer(Runnable action);

    /** @return null if it is empty */
    Runnable poll();

    boolean isEmpty();

    /** Whether threads may call {@link #offer} while another one runs the loop; if not, the loop refuses them. */
    boolean isConcurrent();

    /** How many actions can wait at most. */
    int capacity();
}
