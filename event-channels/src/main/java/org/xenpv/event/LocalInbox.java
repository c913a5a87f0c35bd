package org.xenpv.event;

import java.util.ArrayDeque;

/** An inbox for a domain that has one thread only: not thread-safe. */
public final class LocalInbox implements Inbox {

    /** Enough for every caller of a small system; an action that cannot be queued is an error, not a wait. */
    public static final int DEFAULT_CAPACITY = 4096;

    private final ArrayDeque<Runnable> actions = new ArrayDeque<>();
    private final int capacity;

    public LocalInbox() {
        this(DEFAULT_CAPACITY);
    }

    public LocalInbox(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity=" + capacity + ", must be at least 1");
        }
        this.capacity = capacity;
    }

    @Override
    public boolean offer(Runnable action) {
        return actions.size() < capacity && actions.offer(action);
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
        return false;
    }

    @Override
    public int capacity() {
        return capacity;
    }
}
