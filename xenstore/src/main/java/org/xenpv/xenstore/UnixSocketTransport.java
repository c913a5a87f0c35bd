package org.xenpv.xenstore;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.io.xs.XsWire;

/**
 * A connection to a xenstored on the same machine, as a toolstack in dom0 has it. JVM only.
 *
 * <p>The socket is read and written by the loop's thread, never blocking. A daemon thread does nothing but wait for the
 * socket to become ready, which it tells the loop once; it waits again only when the loop has found the socket empty or
 * full. So nothing is buffered here beyond what the kernel buffers, and a server that talks too much is held up.
 */
public final class UnixSocketTransport implements XenstoreTransport {

    private static final int BUFFER_BYTES = 8192;
    private static final int BUDGET = 64;

    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);

    private EventLoop loop;
    private EventLoop.Source source;
    private State state = State.OPEN;
    private String deathReason;
    private int wanted;

    /** Set by the waiting thread, cleared by the loop. */
    private volatile boolean attention = true;

    private UnixSocketTransport(SocketChannel channel) throws IOException {
        this.channel = channel;
        this.selector = Selector.open();
        channel.configureBlocking(false);
        this.key = channel.register(selector, 0);
    }

    /**
     * @throws XenPeerGoneException if nobody listens there
     */
    public static UnixSocketTransport connect(Path path) {
        SocketChannel channel = null;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(path));
            return new UnixSocketTransport(channel);
        } catch (IOException failed) {
            closeQuietly(channel);
            throw new XenPeerGoneException("xenstored does not answer at " + path + ": " + failed.getMessage());
        }
    }

    /** Where Xen's own tools look: {@code XENSTORED_PATH} in the environment, or /run/xenstored/socket. */
    public static Path defaultPath() {
        String path = System.getenv("XENSTORED_PATH");
        return Path.of(path == null || path.isEmpty() ? "/run/xenstored/socket" : path);
    }

    @Override
    public void attach(EventLoop to, EventLoop.Handler handler) {
        if (loop != null) {
            throw new IllegalStateException("attached already");
        }
        loop = to;
        source = () -> serve(handler);
        loop.addSource(source);
        EventChannels events = loop.events();
        Thread waiter = new Thread(() -> waitForSocket(events), "xenstore-socket");
        waiter.setDaemon(true);
        waiter.start();
    }

    private boolean serve(EventLoop.Handler handler) {
        if (!attention) {
            return false;
        }
        attention = false;
        int done = handler.poll(BUDGET);
        if (done >= BUDGET) {
            attention = true;
        }
        return done > 0;
    }

    /** Disarms what has become ready before it tells the loop: the loop arms it again when it has looked. */
    private void waitForSocket(EventChannels events) {
        try {
            while (channel.isOpen()) {
                if (selector.select(ready -> ready.interestOpsAnd(~ready.readyOps())) > 0) {
                    attention = true;
                    events.wake();
                }
            }
        } catch (IOException | ClosedSelectorException | CancelledKeyException over) {
            attention = true;
            events.wake();
        }
    }

    @Override
    public State look() {
        return state;
    }

    @Override
    public State state() {
        return state;
    }

    @Override
    public String deathReason() {
        return deathReason;
    }

    private int die(String reason) {
        state = State.DEAD;
        deathReason = reason;
        return 0;
    }

    @Override
    public int payloadMax() {
        return XsWire.XENSTORE_PAYLOAD_MAX;
    }

    @Override
    public int write(byte[] bytes, int at, int length) {
        if (state != State.OPEN) {
            return 0;
        }
        buffer.clear();
        buffer.put(bytes, at, Math.min(length, buffer.capacity()));
        buffer.flip();
        try {
            int count = channel.write(buffer);
            if (count < length) {
                wanted |= SelectionKey.OP_WRITE;
            }
            return count;
        } catch (IOException failed) {
            return die("socket: " + failed.getMessage());
        }
    }

    @Override
    public int read(byte[] bytes, int at, int length) {
        if (state != State.OPEN) {
            return 0;
        }
        buffer.clear();
        buffer.limit(Math.min(length, buffer.capacity()));
        try {
            int count = channel.read(buffer);
            if (count < 0) {
                return die("server closed the socket");
            }
            if (count == 0) {
                wanted |= SelectionKey.OP_READ;
                return 0;
            }
            buffer.flip();
            buffer.get(bytes, at, count);
            return count;
        } catch (IOException failed) {
            return die("socket: " + failed.getMessage());
        }
    }

    /** Bytes go out as they are written; what is left to do is to have the socket waited for. */
    @Override
    public void flush() {
        if (wanted != 0 && key.isValid()) {
            key.interestOpsOr(wanted);
            wanted = 0;
            selector.wakeup();
        }
    }

    /** A socket loses nothing. */
    @Override
    public void kick() {}

    /** A server that was started anew knows nothing of our domain's life: the program opens a new connection. */
    @Override
    public boolean reconnect() {
        return false;
    }

    @Override
    public void close() {
        if (state != State.DEAD) {
            die("closed");
        }
        if (loop != null) {
            loop.removeSource(source);
        }
        closeQuietly(channel);
        closeQuietly(selector);
    }

    private static void closeQuietly(AutoCloseable resource) {
        if (resource != null) {
            try {
                resource.close();
            } catch (Exception ignored) {
                // Given back as far as it can be.
            }
        }
    }
}
