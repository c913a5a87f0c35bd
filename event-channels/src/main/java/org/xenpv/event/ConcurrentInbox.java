package org.xenpv.event;

import org.jctools.queues.MpscArrayQueue;

/** An inbox that any number of threads may fill: JCTools' bounded array queue. JVM only. */
public final class ConcurrentInbox implements Inbox {

    private final MpscArrayQueue<Runnable> actions;

    public ConcurrentInbox() {
        this(LocalInbox.DEFAULT_CAPACITY);
    }

    /** @param capacity at least 2; rounded up to a power of two */
    public ConcurrentInbox(int capacity) {
        if (capacity < 2 || capacity > 1 << 30) {
            throw new IllegalArgumentException("capacity=" + capacity + ", must be 2 to " + (1 << 30));
        }
        actions = new MpscArrayQueue<>(capacity);
    }

    @Override
    public boolean offer(Runnable action) {
        return actions.offer(action);
    }

    @Override
    public Runnable poll() {
        return actions.poll();
    }

    @Override
    public boolean isEmpty() {
        return actions.isEmpty();
    }

    @Override
    public boolean isConcurrent() {
        return true;
    }

    @Override
    public int capacity() {
        return actions.capacity();
    }
}
