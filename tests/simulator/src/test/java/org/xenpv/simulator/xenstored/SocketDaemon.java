package org.xenpv.simulator.xenstored;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopThread;

/** A daemon on a loop with its own thread, listening on a unix socket. */
final class SocketDaemon implements AutoCloseable {

    final LocalEvents events = new LocalEvents();
    final EventLoop loop = new EventLoop(events, System::nanoTime, new ConcurrentInbox(1024));
    final XenstoredDaemon daemon;
    final Path path;
    private final EventLoopThread thread;

    SocketDaemon(Path path, XenstoredConfig config) throws IOException {
        this.path = path;
        this.daemon = new XenstoredDaemon(loop, config);
        daemon.listen(path);
        this.thread = EventLoopThread.start(loop, "test-xenstored");
    }

    /** Runs something on the loop and waits for its result. */
    <T> T on(Supplier<T> action) {
        AtomicReference<T> result = new AtomicReference<>();
        CountDownLatch done = new CountDownLatch(1);
        loop.execute(() -> {
            try {
                result.set(action.get());
            } finally {
                done.countDown();
            }
        });
        try {
            if (!done.await(20, TimeUnit.SECONDS)) {
                throw new AssertionError("the loop does not answer");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return result.get();
    }

    /** Nobody serves the socket any more, which is still there. */
    void stopLoop() {
        thread.close();
    }

    @Override
    public void close() {
        stopLoop();
        daemon.close();
    }
}
