package org.xenpv.event;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * A future that is completed on a loop and may be waited for anywhere else. JVM only.
 *
 * <p>If another thread runs the loop, waiting blocks as usual. If none does, the waiting thread runs the loop itself
 * until the future is done, so that one program works with threads and in a simulation that has only one. Waiting from
 * inside a call of the loop could never end and is refused.
 *
 * <p>Timeouts of {@link #get(long, TimeUnit)} are measured by the loop's clock when the waiting thread runs the loop.
 */
public final class LoopFuture<T> extends CompletableFuture<T> {

    private final EventLoop loop;

    public LoopFuture(EventLoop loop) {
        if (loop == null) {
            throw new IllegalArgumentException("loop=null");
        }
        this.loop = loop;
    }

    /** Stages made of this one are waited for in the same way. */
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new LoopFuture<>(loop);
    }

    /** @throws IllegalStateException from inside a call of the loop, if this is not done */
    @Override
    public T get() throws InterruptedException, ExecutionException {
        if (mustPump()) {
            pump(true, EventLoop.NEVER);
        }
        return super.get();
    }

    /** @throws IllegalStateException from inside a call of the loop, if this is not done */
    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        if (!mustPump()) {
            return super.get(timeout, unit);
        }
        long timeoutNs = Math.min(unit.toNanos(timeout), Long.MAX_VALUE / 2);
        long deadlineNs = loop.clock().nanoTime() + timeoutNs;
        pump(true, deadlineNs);
        return super.get(0, TimeUnit.NANOSECONDS);
    }

    /** @throws IllegalStateException from inside a call of the loop, if this is not done */
    @Override
    public T join() throws CancellationException, CompletionException {
        if (mustPump()) {
            pump(false, EventLoop.NEVER);
        }
        return super.join();
    }

    /**
     * Waits like {@link #join}, and throws what the loop threw as it is, without a CompletionException around it.
     */
    public T await() {
        try {
            return join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /**
     * Runs a call on the loop's thread and waits for its result: at once if the calling thread may run the loop.
     *
     * @throws RuntimeException whatever the call throws
     */
    public static <T> T ask(EventLoop loop, Supplier<T> call) {
        if (loop.inLoop()) {
            return call.get();
        }
        LoopFuture<T> answer = new LoopFuture<>(loop);
        loop.execute(() -> {
            try {
                answer.complete(call.get());
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        return answer.await();
    }

    private void pump(boolean interruptible, long deadlineNs) {
        // Whoever completes this on another thread must end the wait of ours.
        whenComplete((value, error) -> loop.events().wake());
        Thread me = Thread.currentThread();
        loop.runUntil(() -> isDone() || interruptible && me.isInterrupted(), deadlineNs);
    }

    private boolean mustPump() {
        if (isDone()) {
            return false;
        }
        if (loop.dispatching()) {
            throw new IllegalStateException(
                    "waiting for a future inside a call of the loop that is to complete it: use thenAccept, or wait"
                            + " on another thread");
        }
        return !loop.runsElsewhere();
    }
}
