package org.xenpv.event;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The thread that owns a loop and runs it until it is closed. When the thread ends the loop is closed: no thread that
 * still waits for a future will run a guest that was stopped. JVM only.
 */
public final class EventLoopThread implements AutoCloseable {

    private static final long CLOSE_NS = TimeUnit.SECONDS.toNanos(5);

    private final EventLoop loop;
    private final Thread thread;
    private final AtomicBoolean stopping = new AtomicBoolean();

    private EventLoopThread(EventLoop loop, String name) {
        this.loop = loop;
        this.thread = new Thread(this::run, name);
        this.thread.setDaemon(true);
    }

    /**
     * Starts a daemon thread. The loop belongs to it when this call returns: other threads now use
     * {@link EventLoop#execute}.
     *
     * @throws IllegalStateException if the loop is owned by a thread already, or being used by one at this moment
     */
    public static EventLoopThread start(EventLoop loop, String name) {
        EventLoopThread started = new EventLoopThread(loop, name);
        loop.owner().claim(started.thread);
        started.thread.start();
        return started;
    }

    private void run() {
        try {
            loop.runUntil(stopping::get, EventLoop.NEVER);
        } catch (LoopClosedException e) {
            // Closed from inside.
        } finally {
            loop.close();
            loop.owner().release(thread);
        }
    }

    public boolean isAlive() {
        return thread.isAlive();
    }

    /**
     * Ends the thread after the turn it is in, and waits for that. From the loop itself it does not wait.
     *
     * @return false if the thread has not ended in time: something it called does not return
     */
    public boolean stop(long timeoutNs) {
        stopping.set(true);
        loop.events().wake();
        if (thread == Thread.currentThread()) {
            return false;
        }
        boolean interrupted = false;
        long deadlineNs = System.nanoTime() + timeoutNs;
        long leftNs = timeoutNs;
        while (thread.isAlive() && leftNs > 0) {
            try {
                TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(leftNs, 1_000_000L));
            } catch (InterruptedException e) {
                interrupted = true;
            }
            leftNs = deadlineNs - System.nanoTime();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }

    /** {@link #stop} with five seconds. Never throws. What is in the inbox is not run any more. */
    @Override
    public void close() {
        stop(CLOSE_NS);
    }
}
