package org.xenpv.xenstore;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;

/**
 * A xenstore connection for programs that wait for results instead of being called back. JVM only.
 *
 * <p>May be called from any thread, except from inside a call of the loop. If another thread runs the loop, the work is
 * handed over to it; if none does, the calling thread runs the loop until its result is there. Every call ends in
 * bounded time: with its result, a {@link XenstoreException}, or a {@link XenTimeoutException}.
 */
public final class BlockingXenstore implements AutoCloseable {

    private static final long TIMEOUT_NS = 60_000_000_000L;

    /** What can be read and written, inside or outside a transaction. */
    public interface Tree {

        /** @throws XenstoreException ENOENT if there is no such node */
        String read(String path);

        /** Null if there is no such node. */
        String readOrNull(String path);

        /** One value per path, null where there is no such node; one round trip. */
        String[] readAll(String... paths);

        void write(String path, String value);

        /** Path, value, path, value; one round trip. */
        void writeAll(String... pathsAndValues);

        void mkdir(String path);

        /** With all below it; one that does not exist is no error. */
        void remove(String path);

        List<String> directory(String path);

        XenstorePermissions permissions(String path);

        void setPermissions(String path, XenstorePermissions permissions);
    }

    private final Xenstore store;
    private final EventLoop loop;
    private final long timeoutNs;
    private final Tree tree;

    /** Over a connection that somebody else owns, e.g. {@code XenGuest.store()}, and its loop. */
    public BlockingXenstore(Xenstore store, EventLoop loop) {
        this(store, loop, TIMEOUT_NS);
    }

    /** @param timeoutNs for one call, or one step of a transaction; a backstop behind the connection's own deadlines */
    public BlockingXenstore(Xenstore store, EventLoop loop, long timeoutNs) {
        this.store = Objects.requireNonNull(store, "store");
        this.loop = Objects.requireNonNull(loop, "loop");
        if (timeoutNs <= 0) {
            throw new IllegalArgumentException("timeoutNs=" + timeoutNs + ", must be positive");
        }
        this.timeoutNs = timeoutNs;
        this.tree = new Waiting(store);
    }

    /** A connection of its own to the xenstored behind a unix socket, on a loop that the callers run. */
    public static BlockingXenstore connect(Path socket) {
        Clock clock = System::nanoTime;
        EventLoop loop = new EventLoop(new WakeOnlyEvents(clock), clock, new ConcurrentInbox());
        Xenstore store = new XenstoreClient(UnixSocketTransport.connect(socket), loop, XenstoreClient.Options.DEFAULT);
        return new BlockingXenstore(store, loop);
    }

    /** The same with the socket that Xen's own tools would take. */
    public static BlockingXenstore connect() {
        return connect(UnixSocketTransport.defaultPath());
    }

    public String read(String path) {
        return tree.read(path);
    }

    public String readOrNull(String path) {
        return tree.readOrNull(path);
    }

    public String[] readAll(String... paths) {
        return tree.readAll(paths);
    }

    public void write(String path, String value) {
        tree.write(path, value);
    }

    public void writeAll(String... pathsAndValues) {
        tree.writeAll(pathsAndValues);
    }

    public void mkdir(String path) {
        tree.mkdir(path);
    }

    public void remove(String path) {
        tree.remove(path);
    }

    public List<String> directory(String path) {
        return tree.directory(path);
    }

    public XenstorePermissions permissions(String path) {
        return tree.permissions(path);
    }

    public void setPermissions(String path, XenstorePermissions permissions) {
        tree.setPermissions(path, permissions);
    }

    public String domainPath(int domid) {
        return call(result -> store.getDomainPath(domid, result));
    }

    public boolean isDomainIntroduced(int domid) {
        return call((Result<Boolean> result) -> store.isDomainIntroduced(domid, result));
    }

    /** Handlers are called on the loop: by its thread, or while one of this object's calls or {@link #await} waits. */
    public XenstoreWatch watch(String path, XenstoreWatch.Handler handler) {
        XenstoreWatch watch = call((Result<XenstoreWatch> result) -> result.accept(store.watch(path, handler), null));
        return new XenstoreWatch() {
            @Override
            public String path() {
                return watch.path();
            }

            @Override
            public void cancel() {
                if (!loop.tryRun(watch::cancel)) {
                    loop.execute(watch::cancel);
                }
            }
        };
    }

    /**
     * Runs a body inside a transaction and commits it, again from the start if it conflicted (10 times at most). If it
     * throws, the transaction is aborted and the exception comes out here.
     *
     * @throws XenstoreException EAGAIN if it always conflicted
     */
    public <T> T transaction(Function<Tree, T> body) {
        Objects.requireNonNull(body, "body");
        LoopFuture<Step<T>> first = new LoopFuture<>(loop);
        handOver(first, () -> new Steps<>(first).start());
        Step<T> step = join(first);
        while (step.end != null) {
            runBody(step, body);
            step = join(step.next);
        }
        if (step.error instanceof Thrown thrown) {
            thrown.rethrow();
        }
        if (step.error != null) {
            throw step.error;
        }
        return step.value;
    }

    private <T> void runBody(Step<T> step, Function<Tree, T> body) {
        T value = null;
        XenException error = null;
        try {
            value = body.apply(new Waiting(step.tx));
        } catch (XenException refused) {
            error = refused;
        } catch (RuntimeException | Error thrown) {
            error = new Thrown(thrown);
        }
        T outcome = value;
        XenException failure = error;
        handOver(step.next, () -> step.end.accept(outcome, failure));
    }

    /**
     * Waits until a condition holds over the tree (see {@link XenstoreAwait}).
     *
     * @param condition runs on the loop: it reads with callbacks
     * @throws XenTimeoutException if it did not hold in time
     */
    public <T> T await(long waitNs, XenstoreAwait.Condition<T> condition) {
        LoopFuture<T> future = new LoopFuture<>(loop);
        handOver(future, () -> XenstoreAwait.start(store, loop, waitNs, condition, completing(future)));
        return join(future, waitNs + timeoutNs);
    }

    /** Waits until a node's value is one of those given, and returns it. */
    public String awaitValue(long waitNs, String path, String... values) {
        List<String> wanted = List.of(values);
        return await(
                waitNs,
                (XenstoreOps reads, Result<String> answer) -> reads.read(
                        path,
                        (value, error) ->
                                answer.accept(value != null && wanted.contains(value) ? value : null, error)));
    }

    /** Closes the connection. */
    @Override
    public void close() {
        if (!loop.tryRun(store::close)) {
            call((Result<Void> result) -> {
                store.close();
                result.accept(null, null);
            });
        }
    }

    private <T> T call(Consumer<Result<T>> operation) {
        LoopFuture<T> future = new LoopFuture<>(loop);
        handOver(future, () -> operation.accept(completing(future)));
        return join(future);
    }

    private static <T> Result<T> completing(LoopFuture<T> future) {
        return (value, error) -> {
            if (error == null) {
                future.complete(value);
            } else {
                future.completeExceptionally(error);
            }
        };
    }

    private void handOver(LoopFuture<?> future, Runnable work) {
        if (loop.dispatching()) {
            throw new IllegalStateException("waiting inside a call of the loop: use the callbacks of Xenstore there");
        }
        Runnable guarded = () -> {
            try {
                work.run();
            } catch (RuntimeException | Error thrown) {
                future.completeExceptionally(thrown);
            }
        };
        if (!loop.tryRun(guarded)) {
            loop.execute(guarded);
        }
    }

    private <T> T join(LoopFuture<T> future) {
        return join(future, timeoutNs);
    }

    private static <T> T join(LoopFuture<T> future, long waitNs) {
        try {
            return future.get(waitNs, TimeUnit.NANOSECONDS);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (failed.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new XenException("xenstore: " + failed.getCause(), failed.getCause());
        } catch (TimeoutException late) {
            throw new XenTimeoutException(
                    "xenstore: the event loop did not answer within " + waitNs / 1_000_000L + " ms");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new XenException("xenstore: interrupted while waiting", interrupted);
        }
    }

    /** Carries what a transaction's body threw through the abort. */
    @SuppressWarnings("serial")
    private static final class Thrown extends XenException {
        Thrown(Throwable cause) {
            super("transaction aborted, its body threw " + cause, cause);
        }

        void rethrow() {
            if (getCause() instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) getCause();
        }
    }

    /** What the waiting thread learns of its transaction: another try to run ({@code end} is there), or the outcome. */
    private static final class Step<T> {
        XenstoreOps tx;
        Result<T> end;
        LoopFuture<Step<T>> next;
        T value;
        XenException error;
    }

    /** The loop's side: hands one step after the other to the waiting thread. */
    private final class Steps<T> {
        private LoopFuture<Step<T>> next;

        Steps(LoopFuture<Step<T>> first) {
            next = first;
        }

        void start() {
            store.transaction(this::tryOnce, this::finish);
        }

        private void tryOnce(XenstoreOps tx, Result<T> end) {
            Step<T> step = new Step<>();
            step.tx = tx;
            step.end = end;
            step.next = new LoopFuture<>(loop);
            LoopFuture<Step<T>> now = next;
            next = step.next;
            now.complete(step);
        }

        private void finish(T value, XenException error) {
            Step<T> step = new Step<>();
            step.value = value;
            step.error = error;
            next.complete(step);
        }
    }

    /** Every operation waited for. */
    private final class Waiting implements Tree {

        private final XenstoreOps ops;

        Waiting(XenstoreOps ops) {
            this.ops = ops;
        }

        @Override
        public String read(String path) {
            return call((Result<String> result) -> ops.read(path, result));
        }

        @Override
        public String readOrNull(String path) {
            return readAll(path)[0];
        }

        @Override
        public String[] readAll(String... paths) {
            return call((Result<String[]> result) -> ops.readAll(result, paths));
        }

        @Override
        public void write(String path, String value) {
            call((Result<Void> result) -> ops.write(path, value, result));
        }

        @Override
        public void writeAll(String... pathsAndValues) {
            call((Result<Void> result) -> ops.writeAll(result, pathsAndValues));
        }

        @Override
        public void mkdir(String path) {
            call((Result<Void> result) -> ops.mkdir(path, result));
        }

        @Override
        public void remove(String path) {
            call((Result<Void> result) -> ops.remove(path, result));
        }

        @Override
        public List<String> directory(String path) {
            return call((Result<List<String>> result) -> ops.directory(path, result));
        }

        @Override
        public XenstorePermissions permissions(String path) {
            return call((Result<XenstorePermissions> result) -> ops.getPermissions(path, result));
        }

        @Override
        public void setPermissions(String path, XenstorePermissions permissions) {
            call((Result<Void> result) -> ops.setPermissions(path, permissions, result));
        }
    }
}
