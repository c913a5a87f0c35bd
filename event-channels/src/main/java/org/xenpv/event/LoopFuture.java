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
 * inside a call of the loop could never end and is refused. A wait ends with {@link LoopClosedException} when the loop is
 * closed.
 *
 * <p>Timeouts of {@link #get(long, TimeUnit)} are measured by the loop's clock; those of {@code orTimeout} and
 * {@code completeOnTimeout} are the JDK's and know real time only.
 */
public final class LoopFuture<T> extends CompletableFuture<T> {

    /** How long a waiting thread stays unaware that the loop was closed or has lost its thread. */
    private static final long SLICE_NS = 100_000_000L;

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
        while (mustWait()) {
            if (!pump(true, EventLoop.NEVER)) {
                blockAWhile(SLICE_NS);
            }
            if (!isDone() && Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        return super.get();
    }

    /** @throws IllegalStateException from inside a call of the loop, if this is not done */
    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        long timeoutNs = Math.min(unit.toNanos(timeout), Long.MAX_VALUE / 2);
        Clock clock = loop.clock();
        long deadlineNs = clock.nanoTime() + timeoutNs;
        long leftNs = timeoutNs;
        while (mustWait() && leftNs > 0) {
            if (!pump(true, deadlineNs)) {
                blockAWhile(Math.min(leftNs, SLICE_NS));
            }
            if (!isDone() && Thread.interrupted()) {
                throw new InterruptedException();
            }
            leftNs = deadlineNs - clock.nanoTime();
        }
        return super.get(0, TimeUnit.NANOSECONDS);
    }

    /** @throws IllegalStateException from inside a call of the loop, if this is not done */
    @Override
    public T join() throws CancellationException, CompletionException {
        boolean interrupted = false;
        while (mustWait()) {
            // Set, it would end every wait below at once.
            interrupted |= Thread.interrupted();
            if (!pump(false, EventLoop.NEVER)) {
                try {
                    blockAWhile(SLICE_NS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
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
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        }
    }

    /**
     * Runs a call on the loop's thread and waits for its result: at once if the calling thread may run the loop.
     *
     * @throws RuntimeException whatever the call throws; Errors as well
     */
    public static <T> T ask(EventLoop loop, Supplier<T> call) {
        if (loop.inLoop()) {
            return call.get();
        }
        LoopFuture<T> answer = new LoopFuture<>(loop);
        loop.execute(() -> {
            try {
                answer.complete(call.get());
            } catch (RuntimeException | Error e) {
                answer.completeExceptionally(e);
            }
        });
        return answer.await();
    }

    /**
     * Runs the loop here, if nobody else does.
     *
     * @return false if another thread runs it
     */
    private boolean pump(boolean interruptible, long deadlineNs) {
        Thread me = Thread.currentThread();
        boolean mine = loop.ownedBy(me);
        if (!mine && !loop.tryClaim(me)) {
            return false;
        }
        try {
            // Whoever completes this on another thread must end the wait of ours.
            whenComplete((value, error) -> loop.events().wake());
            loop.runUntil(() -> isDone() || interruptible && me.isInterrupted(), deadlineNs);
            return true;
        } catch (LoopClosedException e) {
            return true;
        } finally {
            if (!mine) {
                loop.release(me);
            }
        }
    }

    /** Waits for the thread that runs the loop; only for a while, because it may leave the loop to us, or end it. */
    private void blockAWhile(long ns) throws InterruptedException {
        try {
            super.get(ns, TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException | CancellationException e) {
            // The caller looks again.
        }
    }

    private boolean mustWait() {
        // Before the look at the result: what completed it came before the end of the loop.
        boolean closed = loop.isClosed();
        if (isDone()) {
            return false;
        }
        if (loop.dispatching()) {
            throw new IllegalStateException(
                    "waiting for a future inside a call of the loop that is to complete it: use thenAccept, or wait"
                            + " on another thread");
        }
        if (closed) {
            throw new LoopClosedException();
        }
        return true;
    }
}
