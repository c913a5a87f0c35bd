package org.xenpv.xenstore;

import java.util.ArrayDeque;
import java.util.Objects;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;

/**
 * Results on their way to the program. Nobody's callback runs inside a call of his own, nor while the client is in the
 * middle of something: they wait here, in order, until the turn's work is done. One that throws costs nobody else his
 * result: what it threw is told to the loop's error sink.
 */
final class Completions {

    private static final int BUDGET = 256;

    private final EventLoop loop;
    private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
    private boolean held;
    private boolean draining;
    private boolean scheduled;

    Completions(EventLoop loop) {
        this.loop = loop;
    }

    <T> void add(Result<T> result, T value, XenException error) {
        Objects.requireNonNull(result, "result");
        add(() -> result.accept(value, error));
    }

    void add(Runnable callback) {
        queue.add(callback);
        if (!held && !draining) {
            schedule();
        }
    }

    /** What comes now waits for {@link #drain}, which the caller promises. */
    void hold() {
        held = true;
    }

    private void schedule() {
        if (!scheduled) {
            scheduled = true;
            loop.at(loop.clock().nanoTime(), this::runScheduled);
        }
    }

    private void runScheduled() {
        scheduled = false;
        drain();
    }

    /** Runs what has gathered; a callback may add more. Does nothing inside a callback. Never throws. */
    void drain() {
        if (draining) {
            return;
        }
        held = false;
        draining = true;
        for (int i = 0; i < BUDGET && !queue.isEmpty(); i++) {
            runGuarded(queue.poll());
        }
        draining = false;
        if (!queue.isEmpty()) {
            schedule();
        }
    }

    private void runGuarded(Runnable callback) {
        try {
            callback.run();
        } catch (RuntimeException error) {
            report(() -> {
                throw error;
            });
        } catch (Error error) {
            report(() -> {
                throw error;
            });
        }
    }

    /** The loop tells its error sink what a timer throws. */
    private void report(Runnable thrower) {
        loop.at(loop.clock().nanoTime(), thrower);
    }
}
