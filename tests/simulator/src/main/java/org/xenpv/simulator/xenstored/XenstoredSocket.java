package org.xenpv.simulator.xenstored;

import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.xenpv.event.EventLoop;
import org.xenpv.event.InboxFullException;
import org.xenpv.event.LoopClosedException;

/**
 * A unix socket of the daemon, for the real tools and anything else outside the JVM. JVM only.
 *
 * <p>Its threads only move bytes: one accepts, and each connection has one that reads and one that writes. Requests are
 * carried out on the daemon's loop.
 */
public final class XenstoredSocket implements AutoCloseable {

    /** More connections than this are closed at once. */
    static final int CONNECTIONS_MAX = 256;

    private static final long INBOX_RETRY_NS = TimeUnit.MICROSECONDS.toNanos(200);

    private final XenstoredDaemon daemon;
    private final EventLoop loop;
    private final Path path;
    private final ServerSocketChannel server;
    private final List<SocketEndpoint> endpoints = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    private XenstoredSocket(XenstoredDaemon daemon, EventLoop loop, Path path, ServerSocketChannel server) {
        this.daemon = daemon;
        this.loop = loop;
        this.path = path;
        this.server = server;
    }

    static XenstoredSocket open(XenstoredDaemon daemon, EventLoop loop, Path path) throws IOException {
        removeStale(path);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(path));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
        XenstoredSocket socket = new XenstoredSocket(daemon, loop, path, server);
        thread("accept", socket::accept).start();
        return socket;
    }

    static Thread thread(String what, Runnable run) {
        Thread thread = new Thread(run, "xenstored-socket-" + what);
        thread.setDaemon(true);
        return thread;
    }

    /** Removes the socket of a server that is gone, and nothing else. */
    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        BasicFileAttributes attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isOther()) {
            throw new SocketException("path=" + path + ", is not a socket");
        }
        try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            throw new SocketException("path=" + path + ", another server listens there");
        } catch (SocketException e) {
            if (e.getMessage() != null && e.getMessage().startsWith("path=")) {
                throw e;
            }
            Files.delete(path);
        }
    }

    public Path path() {
        return path;
    }

    private void accept() {
        while (!closed.get()) {
            SocketChannel channel;
            try {
                channel = server.accept();
            } catch (IOException e) {
                return;
            }
            if (!execute(() -> accepted(channel))) {
                SocketEndpoint.closeQuietly(channel);
            }
        }
    }

    private void accepted(SocketChannel channel) {
        if (closed.get() || endpoints.size() >= CONNECTIONS_MAX) {
            SocketEndpoint.closeQuietly(channel);
            return;
        }
        SocketEndpoint endpoint = new SocketEndpoint(daemon, this, channel);
        endpoints.add(endpoint);
        endpoint.start();
    }

    /** On the loop: the connection is over. */
    void gone(SocketEndpoint endpoint) {
        if (endpoints.remove(endpoint)) {
            daemon.drop(endpoint);
            daemon.flush();
        }
    }

    /**
     * Hands work to the loop, waiting while its inbox is full.
     *
     * @return false if the socket was closed meanwhile, or the loop: nobody serves it any more
     */
    boolean execute(Runnable action) {
        while (!closed.get()) {
            try {
                loop.execute(action);
                return true;
            } catch (InboxFullException e) {
                LockSupport.parkNanos(INBOX_RETRY_NS);
            } catch (LoopClosedException e) {
                return false;
            }
        }
        return false;
    }

    /** Closes all connections and removes the file. On the loop, or when nobody runs it. Idempotent. Never throws. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            server.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            daemon.log("closing " + path + ": " + e);
        }
        for (SocketEndpoint endpoint : List.copyOf(endpoints)) {
            gone(endpoint);
        }
        daemon.socketClosed(this);
    }
}
