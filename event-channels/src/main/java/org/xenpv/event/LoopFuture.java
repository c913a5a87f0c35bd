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
 * until the future is done, so that one program works with threads and in a simulation that has only one. If several
 * wait, one of them runs the loop for all; when it has what it waited for, another takes the loop over. Waiting from
 * inside a call of the loop could never end and is refused. A wait ends with {@link LoopClosedException} when the loop is
 * closed.
 *
 * <p>Timeouts of {@link #get(long, TimeUnit)} are measured by the loop's clock; those of {@code orTimeout} and
 * {@code completeOnTimeout} are the JDK's and know real time only.
 */
public class LoopFuture<T> extends CompletableFuture<T> {

    /** A timeout is of the loop's clock, which may run faster than real time: looked at this often. */
    private static final long LOOK_NS = 100_000_000L;

    private final EventLoop loop;

    /** The thread that runs the loop until this is done. */
    private volatile Thread runner;

    /** {@link #completed} will be called; guarded by this. */
    private boolean watched;

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
            if (!pump(EventLoop.NEVER)) {
                block(EventLoop.NEVER);
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
            if (!pump(deadlineNs)) {
                block(Math.min(leftNs, LOOK_NS));
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
            // Left set, it would end every wait below at once.
            interrupted |= Thread.interrupted();
            if (!pump(EventLoop.NEVER)) {
                try {
                    block(EventLoop.NEVER);
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
     * Makes a call with the loop and everything on it to itself, and returns its result: at once if the calling thread
     * owns the loop or nobody does, else handed over to the thread that does. From any number of threads.
     *
     * @throws RuntimeException whatever the call throws; Errors as well
     * @throws InboxFullException if more is handed over than the inbox holds
     */
    public static <T> T ask(EventLoop loop, Supplier<T> call) {
        LoopFuture<T> answer = new LoopFuture<>(loop);
        Runnable asked = () -> {
            try {
                answer.complete(call.get());
            } catch (RuntimeException | Error e) {
                answer.completeExceptionally(e);
            }
        };
        if (!loop.tryRun(asked)) {
            loop.execute(asked);
        }
        return answer.await();
    }

    /**
     * Runs the loop here, if nobody else does, until this is done, the thread is interrupted, or time is over.
     *
     * @return false if another thread runs it
     */
    private boolean pump(long deadlineNs) {
        Thread me = Thread.currentThread();
        LoopOwner owner = loop.owner();
        boolean mine = owner.is(me);
        if (!mine && !owner.tryClaim(me)) {
            return false;
        }
        // Before the look whether this is done: whoever completes it sees whom to wake, or is seen.
        runner = me;
        try {
            watch();
            loop.runUntil(() -> isDone() || me.isInterrupted(), deadlineNs);
            return true;
        } catch (LoopClosedException e) {
            return true;
        } finally {
            runner = null;
            if (!mine) {
                owner.release(me);
            }
        }
    }

    /**
     * Waits, while another thread runs the loop, until this is done, the loop has been left, or time is over.
     *
     * @param ns of real time, {@link EventLoop#NEVER} for no limit
     */
    private void block(long ns) throws InterruptedException {
        watch();
        Thread me = Thread.currentThread();
        LoopOwner owner = loop.owner();
        long sinceNs = System.nanoTime();
        // Before the look whether the loop is held: whoever leaves it finds us, or is seen to have left.
        owner.addWaiting(me, this::wakeBlocked);
        try {
            synchronized (this) {
                long leftNs = ns;
                while (!isDone() && owner.isHeld() && leftNs > 0) {
                    TimeUnit.NANOSECONDS.timedWait(this, leftNs);
                    leftNs = ns - (System.nanoTime() - sinceNs);
                }
            }
        } finally {
            owner.removeWaiting(me);
        }
    }

    /** Once, however often this is waited for: nothing takes it back before it is done. */
    private synchronized void watch() {
        if (!watched) {
            watched = true;
            whenComplete((value, error) -> completed());
        }
    }

    private void completed() {
        Thread running = runner;
        if (running != null && running != Thread.currentThread()) {
            loop.events().wake();
        }
        wakeBlocked();
    }

    private synchronized void wakeBlocked() {
        notifyAll();
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
