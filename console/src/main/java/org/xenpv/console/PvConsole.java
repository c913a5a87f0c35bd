package org.xenpv.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;
import org.xenpv.xenbus.XenGuest;

/**
 * A console for programs on the JVM: two streams, each for one thread at a time, whether or not the guest's loop has a
 * thread of its own.
 *
 * <pre>{@code
 * try (PvConsole console = PvConsole.primary(xen)) {
 *     console.output().write("hello\r\n".getBytes(UTF_8));
 *     int key = console.input().read();
 * }
 * }</pre>
 *
 * <p>In a flight recording {@code org.xenpv.ConsoleState} says when a console was connected or ended, and why, and
 * {@code org.xenpv.ConsoleDrop} when how much of its output was dropped.
 */
public final class PvConsole implements AutoCloseable {

    private final EventLoop loop;
    private final ConsoleConfig config;
    private final ConsoleDevice device;
    private final LoopFuture<Void> connected;
    private final LoopFuture<Void> ended;

    /** Replaced each time it is completed; whoever waits looks again. Touched on the loop's thread only. */
    private LoopFuture<Void> readable;

    private LoopFuture<Void> writable;

    /** How many dropped bytes flight recordings have been told of. Touched on the loop's thread only. */
    private long dropsRecorded;

    private PvConsole(XenGuest guest, String nodename, ConsoleConfig config) {
        this.loop = guest.loop();
        this.config = config;
        this.connected = new LoopFuture<>(loop);
        this.ended = new LoopFuture<>(loop);
        this.readable = new LoopFuture<>(loop);
        this.writable = new LoopFuture<>(loop);
        ConsoleDevice.Listener listener = new ConsoleDevice.Listener() {
            @Override
            public void connected() {
                ConsoleStateEvent.record(device.name(), "connected", null);
                connected.complete(null);
            }

            @Override
            public void readable() {
                LoopFuture<Void> waited = readable;
                readable = new LoopFuture<>(loop);
                waited.complete(null);
            }

            @Override
            public void writable() {
                LoopFuture<Void> waited = writable;
                writable = new LoopFuture<>(loop);
                waited.complete(null);
            }

            @Override
            public void ended(XenException reason) {
                recordDrops();
                ConsoleStateEvent.record(device.name(), "ended", reason);
                if (reason != null) {
                    ended.completeExceptionally(reason);
                    connected.completeExceptionally(reason);
                } else {
                    ended.complete(null);
                    connected.complete(null);
                }
                readable();
                writable();
            }
        };
        this.device = nodename == null
                ? ConsoleDevice.primary(guest, config, listener)
                : ConsoleDevice.xenbus(guest, nodename, config, listener);
    }

    /**
     * The domain's primary console.
     *
     * @throws IllegalStateException if the domain has none
     * @throws XenException if its page is nonsense
     */
    public static PvConsole primary(XenGuest guest) {
        return primary(guest, ConsoleConfig.DEFAULT);
    }

    public static PvConsole primary(XenGuest guest, ConsoleConfig config) {
        return new PvConsole(guest, null, config).started();
    }

    /**
     * A further console; waits until its backend is connected.
     *
     * @param nodename e.g. {@code device/console/1}
     * @throws XenException if no backend connects within the handshake's deadline, or the connection is refused
     */
    public static PvConsole connect(XenGuest guest, String nodename, ConsoleConfig config) {
        if (nodename == null) {
            throw new IllegalArgumentException("nodename=null, must be like device/console/1");
        }
        return new PvConsole(guest, nodename, config).started();
    }

    private PvConsole started() {
        LoopFuture.ask(loop, () -> {
            device.start();
            return null;
        });
        connected.await();
        return this;
    }

    /** The core, for use on the event loop's thread only. */
    public ConsoleDevice device() {
        return device;
    }

    public ConsoleStats stats() {
        return LoopFuture.ask(loop, device::stats);
    }

    /**
     * Input; {@code read} waits for at least one byte. It says -1 once the console is closed and all has been read, and
     * throws instead if the console has ended for another reason. A waiting thread can be interrupted.
     */
    public InputStream input() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int at, int lengthBytes) throws IOException {
                if (lengthBytes == 0) {
                    return 0;
                }
                while (true) {
                    Attempt attempt = attempt(() -> new Attempt(device.read(target, at, lengthBytes), readable));
                    if (attempt.count > 0) {
                        return attempt.count;
                    }
                    if (ended.isDone()) {
                        if (ended.isCompletedExceptionally()) {
                            await(ended, EventLoop.NEVER);
                        }
                        return -1;
                    }
                    await(attempt.next, EventLoop.NEVER);
                }
            }

            @Override
            public int available() throws IOException {
                return attempt(() -> new Attempt(device.readable(), readable)).count;
            }
        };
    }

    /**
     * Output; {@code write} waits only under {@link FullPolicy#KEEP}, and then at most for {@link
     * ConsoleConfig#writeNs()}. {@code flush} does not wait for the backend.
     */
    public OutputStream output() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] source, int at, int lengthBytes) throws IOException {
                int done = 0;
                long deadline = loop.clock().nanoTime() + config.writeNs();
                while (true) {
                    int from = done;
                    Attempt attempt = attempt(() -> {
                        int accepted = device.write(source, at + from, lengthBytes - from);
                        recordDrops();
                        return new Attempt(accepted, writable);
                    });
                    done += attempt.count;
                    if (done == lengthBytes) {
                        return;
                    }
                    if (!await(attempt.next, deadline)) {
                        throw new IOException("the console took " + done + " of " + lengthBytes + " bytes in "
                                + config.writeNs() / 1_000_000 + " ms");
                    }
                }
            }
        };
    }

    private void recordDrops() {
        long drops = device.stats().bytesDropped();
        if (drops != dropsRecorded) {
            ConsoleDropEvent.record(device.name(), drops - dropsRecorded);
            dropsRecorded = drops;
        }
    }

    /** What a try brought, and what to wait for before the next. */
    private record Attempt(int count, LoopFuture<Void> next) {}

    private Attempt attempt(Supplier<Attempt> call) throws IOException {
        try {
            return LoopFuture.ask(loop, call);
        } catch (XenException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** @return false if the deadline has passed */
    private boolean await(LoopFuture<Void> future, long deadlineNs) throws IOException {
        try {
            if (deadlineNs == EventLoop.NEVER) {
                future.get();
            } else {
                future.get(Math.max(0, deadlineNs - loop.clock().nanoTime()), TimeUnit.NANOSECONDS);
            }
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for the console");
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (XenException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Closes the console; bounded by the handshake's deadlines. Never throws, idempotent. */
    @Override
    public void close() {
        try {
            LoopFuture.ask(loop, () -> {
                device.close();
                return null;
            });
            ended.await();
        } catch (XenException e) {
            // It has ended, which is what was wanted; who reads or writes is told why.
        }
    }
}
