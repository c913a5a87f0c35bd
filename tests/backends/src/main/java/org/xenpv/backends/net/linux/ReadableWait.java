package org.xenpv.backends.net.linux;

import org.xenpv.event.EventChannels;
import org.xenpv.memory.ChronicleMemory;

/**
 * Waits for a file descriptor to become readable, for an event loop that cannot: a daemon thread that does nothing but wait and
 * wake the loop. It tells once, and waits again only when the loop has found nothing more to read ({@link #rearm}).
 */
final class ReadableWait implements AutoCloseable {

    private static final long STOP_MS = 1000;
    private static final int POLLFD_BYTES = 8;
    private static final int WAKE_AT = 64;

    private final int fd;
    private final EventChannels events;
    private final int waker;
    private final ChronicleMemory memory = ChronicleMemory.allocatePages(1);
    private final ChronicleMemory wakeMemory = ChronicleMemory.allocatePages(1);
    private final Thread thread;

    /** Set by the thread, taken by the loop. */
    private volatile boolean readable = true;

    private volatile boolean armed;
    private volatile boolean closed;

    ReadableWait(int fd, EventChannels events, String threadName) {
        this.fd = fd;
        this.events = events;
        this.waker =
                TapCalls.checked(TapCalls.libc().eventfd(0, TapCalls.O_NONBLOCK | TapCalls.O_CLOEXEC), "eventfd", "");
        wakeMemory.putLong(0, 1);
        this.thread = new Thread(this::serve, threadName);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Whether there may be something to read. */
    boolean isReadable() {
        return readable;
    }

    /** The loop has read all there was. */
    void rearm() {
        readable = false;
        armed = true;
        wakeThread();
    }

    private void wakeThread() {
        TapCalls.libc().write(waker, wakeMemory.address(), Long.BYTES);
    }

    private void serve() {
        while (!closed) {
            pollfd(0, waker);
            pollfd(POLLFD_BYTES, fd);
            int count = armed ? 2 : 1;
            if (TapCalls.libc().poll(memory.address(), count, -1) < 0 && TapCalls.errno() != TapCalls.EINTR) {
                return;
            }
            if (revents(0) != 0) {
                TapCalls.libc().read(waker, memory.address() + WAKE_AT, Long.BYTES);
            }
            if (count == 2 && revents(POLLFD_BYTES) != 0) { // an error as well: reading will tell
                armed = false;
                readable = true;
                events.wake();
            }
        }
    }

    private void pollfd(int at, int descriptor) {
        memory.putInt(at, descriptor);
        memory.putInt(at + 4, TapCalls.POLLIN);
    }

    private int revents(int at) {
        return memory.getShort(at + 6);
    }

    /** Ends the thread. The descriptor is the caller's, to be closed after this. Idempotent, never throws. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        wakeThread();
        try {
            thread.join(STOP_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!thread.isAlive()) { // else it still waits on them
            TapCalls.libc().close(waker);
            memory.close();
            wakeMemory.close();
        }
    }
}
