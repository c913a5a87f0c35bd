package org.xenpv.event;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** Which thread a loop belongs to, whether it runs, and whether it will ever run again. */
final class LoopOwner {

    private final AtomicReference<Thread> thread = new AtomicReference<>();

    /** Threads that wait for the loop to be left, and how each is told. Empty in a system of one thread. */
    private final ConcurrentHashMap<Thread, Runnable> waiting = new ConcurrentHashMap<>();

    private volatile boolean closed;
    /** The rest is the owner's. */
    private boolean running;

    private boolean dispatching;

    boolean tryClaim(Thread claimant) {
        return thread.get() == null && thread.compareAndSet(null, claimant);
    }

    void claim(Thread claimant) {
        if (!tryClaim(claimant)) {
            throw new IllegalStateException("the loop is owned by another thread");
        }
    }

    void release(Thread holder) {
        if (thread.compareAndSet(holder, null)) {
            tellWaiting();
        }
    }

    /** From now on this is called, on any thread, whenever the loop has been left: somebody else may take it. */
    void addWaiting(Thread waiter, Runnable left) {
        waiting.put(waiter, left);
    }

    void removeWaiting(Thread waiter) {
        waiting.remove(waiter);
    }

    private void tellWaiting() {
        if (!waiting.isEmpty()) {
            waiting.values().forEach(Runnable::run);
        }
    }

    boolean isHeld() {
        return thread.get() != null;
    }

    boolean is(Thread candidate) {
        return thread.get() == candidate;
    }

    /** Whether the calling thread owns the loop, or nobody does. */
    boolean inLoop() {
        Thread holder = thread.get();
        return holder == null || holder == Thread.currentThread();
    }

    void checkInLoop() {
        if (!inLoop()) {
            throw new IllegalStateException("called from thread "
                    + Thread.currentThread().getName() + ", but the loop is owned by another: use execute()");
        }
    }

    /**
     * The calling thread begins to run the loop.
     *
     * @return whether it became the owner only for that
     */
    boolean enter() {
        checkOpen();
        Thread me = Thread.currentThread();
        boolean borrowed = tryClaim(me);
        if (!borrowed && !is(me)) {
            throw new IllegalStateException("the loop is owned by another thread: use execute(), or wait on a future");
        }
        if (running) {
            throw new IllegalStateException(
                    "the loop is running already: what it calls must return, and cannot wait for the loop itself");
        }
        running = true;
        return borrowed;
    }

    void leave(boolean borrowed) {
        running = false;
        if (borrowed) {
            thread.set(null);
            tellWaiting();
        }
    }

    void dispatching(boolean now) {
        dispatching = now;
    }

    /** Whether the calling thread is inside a call from the loop. */
    boolean isDispatching() {
        return is(Thread.currentThread()) && dispatching;
    }

    void close() {
        checkInLoop();
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    void checkOpen() {
        if (closed) {
            throw new LoopClosedException();
        }
    }
}
