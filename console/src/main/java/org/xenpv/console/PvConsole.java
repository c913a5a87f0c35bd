package org.xenpv.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;
import org.xenpv.xenbus.XenGuest;

/**
 * A console for programs on the JVM: two streams, each for one thread at a time.
 *
 * <pre>{@code
 * try (PvConsole console = PvConsole.primary(xen)) {
 *     console.output().write("hello\r\n".getBytes(UTF_8));
 *     int key = console.input().read();
 * }
 * }</pre>
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
                if (reason != null) {
                    connected.completeExceptionally(reason);
                }
                ended.complete(null);
                connected.complete(null);
                readable();
                writable();
            }
        };
        this.device = nodename == null
                ? ConsoleDevice.primary(guest, config, listener)
                : ConsoleDevice.xenbus(guest, nodename, config, listener);
    }

    /** The domain's primary console. */
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
     */
    public static PvConsole connect(XenGuest guest, String nodename, ConsoleConfig config) {
        PvConsole console = new PvConsole(guest, nodename, config).started();
        console.connected.await();
        return console;
    }

    private PvConsole started() {
        LoopFuture.ask(loop, () -> {
            device.start();
            return null;
        });
        return this;
    }

    /** The core, for use on the event loop's thread only. */
    public ConsoleDevice device() {
        return device;
    }

    public ConsoleStats stats() {
        return LoopFuture.ask(loop, device::stats);
    }

    /** Input; {@code read} waits for at least one byte, and says -1 once the console is gone and all has been read. */
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
                    Wait wait = LoopFuture.ask(loop, () -> {
                        boolean over = ended.isDone();
                        return new Wait(device.read(target, at, lengthBytes), over, readable);
                    });
                    if (wait.count > 0) {
                        return wait.count;
                    }
                    if (wait.over) {
                        return -1;
                    }
                    wait.next.await();
                }
            }

            @Override
            public int available() {
                return LoopFuture.ask(loop, device::readable);
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
                    Wait wait;
                    try {
                        wait = LoopFuture.ask(
                                loop,
                                () -> new Wait(device.write(source, at + from, lengthBytes - from), false, writable));
                    } catch (XenException e) {
                        throw new IOException(e.getMessage(), e);
                    }
                    done += wait.count;
                    if (done == lengthBytes) {
                        return;
                    }
                    long left = deadline - loop.clock().nanoTime();
                    if (left <= 0 || !await(wait.next, left)) {
                        throw new IOException("the console took " + done + " of " + lengthBytes + " bytes in "
                                + config.writeNs() / 1_000_000 + " ms");
                    }
                }
            }
        };
    }

    /** What a try brought, and what to wait for before the next. */
    private record Wait(int count, boolean over, LoopFuture<Void> next) {}

    private static boolean await(LoopFuture<Void> future, long timeoutNs) throws IOException {
        try {
            future.get(timeoutNs, TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for room", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /** Closes the console; bounded by the handshake's deadlines. Never throws. */
    @Override
    public void close() {
        LoopFuture.ask(loop, () -> {
            device.close();
            return null;
        });
        ended.await();
    }
}
