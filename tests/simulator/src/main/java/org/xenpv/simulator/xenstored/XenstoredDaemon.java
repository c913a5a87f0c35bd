package org.xenpv.simulator.xenstored;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.xenpv.event.EventLoop;
import org.xenpv.io.xs.XsWire;

/**
 * Xenstored as a program of a simulated domain, usually dom0: it serves guests' ring pages, and unix sockets.
 *
 * <p>Everything is called on the loop's thread, or before the loop runs; {@link XenstoredSocket} says what its threads
 * do. A message of a guest costs one look at its ring; requests of several guests take turns by the loop's budgets.
 */
public final class XenstoredDaemon implements AutoCloseable {

    /** Room for the longest message. */
    static final int MESSAGE_BYTES = XsWire.XENSTORE_PAYLOAD_MAX + 16;

    private final EventLoop loop;
    private final XenstoredConfig config;
    private final Store store;
    private final RequestHandler handler;
    private final StoreConnection.Current current = new StoreConnection.Current();
    private final Map<Integer, RingEndpoint> rings = new LinkedHashMap<>();
    private final List<StoreConnection> connections = new ArrayList<>();
    private final LinkedHashSet<Endpoint> pending = new LinkedHashSet<>();
    private final List<XenstoredSocket> sockets = new ArrayList<>();
    private boolean flushing;
    private boolean killed;
    private boolean closed;

    public XenstoredDaemon(EventLoop loop, XenstoredConfig config) {
        if (loop == null || config == null) {
            throw new IllegalArgumentException("loop and config must not be null");
        }
        this.loop = loop;
        this.config = config;
        this.store = new Store(config.quotas(), config.domainExists());
        ControlCommands control = new ControlCommands(store, config.log());
        this.handler = new RequestHandler(store, new Domains(), control, config.faults());
    }

    /** What INTRODUCE and RELEASE of the protocol do. */
    private final class Domains implements DomainControl {
        @Override
        public void introduce(int domid, long gfn, int port) throws StoreException {
            RingEndpoint known = rings.get(domid);
            if (known != null) {
                known.restartEmpty();
                return;
            }
            GuestRing ring = config.rings().open(domid, gfn, port);
            if (ring == null) {
                throw StoreException.EINVAL;
            }
            XenstoredDaemon.this.introduce(domid, ring);
        }

        @Override
        public void release(int domid) {
            XenstoredDaemon.this.release(domid);
        }
    }

    // Domains

    /**
     * INTRODUCE: serves a domain's ring page from now on, taking up its indices where they stand, and tells those who
     * watch {@code @introduceDomain}. Domain 0 may have a ring too; it is privileged.
     */
    public void introduce(int domid, GuestRing ring) {
        if (domid < 0 || domid >= 0x7ff0) {
            throw new IllegalArgumentException("domid=" + domid + ", must be 0 to 32751");
        }
        if (rings.containsKey(domid)) {
            throw new IllegalArgumentException("domid=" + domid + ", is introduced already");
        }
        RingEndpoint endpoint = new RingEndpoint(this, loop, domid, ring, config.serverFeatures());
        rings.put(domid, endpoint);
        endpoint.start();
        if (domid != Store.DOM0) {
            store.domains().introduce(domid);
        }
        flush();
    }

    /** INTRODUCE of a domain that is served already: its rings are emptied, its watches and transactions dropped. */
    public void reintroduce(int domid) {
        ring(domid).restartEmpty();
    }

    /**
     * RELEASE, or the domain was destroyed: its ring is given back, its nodes are removed, permissions it was given
     * are withdrawn, and those who watch {@code @releaseDomain} are told. Also right for a domain that was never
     * introduced. Idempotent.
     */
    public void release(int domid) {
        RingEndpoint endpoint = rings.remove(domid);
        if (endpoint != null) {
            drop(endpoint);
        }
        if (domid != Store.DOM0) {
            store.domains().release(domid);
        }
        flush();
    }

    /** The domain has been shut down but not destroyed; reported on {@code @releaseDomain} once until RESUME. */
    public void domainShutdown(int domid) {
        store.domains().shutdown(domid);
        flush();
    }

    private RingEndpoint ring(int domid) {
        RingEndpoint endpoint = rings.get(domid);
        if (endpoint == null) {
            throw new IllegalArgumentException("domid=" + domid + ", is not introduced");
        }
        return endpoint;
    }

    // Sockets

    /**
     * Listens on a unix socket; whoever may open it is privileged like dom0. The file is made with permissions 0600; a
     * stale one is replaced.
     *
     * @throws IOException if another server listens there, if something else is in the way, or if the path is too long
     */
    public XenstoredSocket listen(Path path) throws IOException {
        XenstoredSocket socket = XenstoredSocket.open(this, loop, path);
        sockets.add(socket);
        return socket;
    }

    void socketClosed(XenstoredSocket socket) {
        sockets.remove(socket);
    }

    // Connections

    StoreConnection newConnection(int domid, Endpoint endpoint) {
        StoreConnection connection = new StoreConnection(
                store,
                handler,
                config.faults(),
                current,
                any -> pending.add(endpoint),
                (delayNs, action) -> loop.at(loop.clock().nanoTime() + delayNs, () -> {
                    action.run();
                    flush();
                }),
                domid);
        connections.add(connection);
        return connection;
    }

    void drop(Endpoint endpoint) {
        connections.remove(endpoint.connection());
        endpoint.connection().disconnect();
        endpoint.close();
        pending.remove(endpoint);
    }

    /** Moves what the last requests left to be sent, to whichever connection. */
    void flush() {
        if (flushing) {
            return;
        }
        flushing = true;
        try {
            while (!pending.isEmpty()) {
                Endpoint endpoint = pending.iterator().next();
                pending.remove(endpoint);
                endpoint.pump();
            }
        } finally {
            flushing = false;
        }
    }

    void log(String text) {
        config.log().accept(text);
    }

    // Death

    /**
     * Dies without a word: rings are not looked at any more, sockets are closed, watches and transactions are gone. The
     * tree stays, as in a live update.
     */
    public void kill() {
        if (killed || closed) {
            return;
        }
        killed = true;
        for (RingEndpoint endpoint : rings.values()) {
            endpoint.kill();
        }
        for (XenstoredSocket socket : List.copyOf(sockets)) {
            socket.close();
        }
        pending.clear();
    }

    /**
     * Comes back after {@link #kill}. It knows nothing of the guests' connections: their pages show
     * XENSTORE_ERROR_COMM until the guest reconnects. Sockets have to be opened anew.
     */
    public void restart() {
        if (!killed || closed) {
            throw new IllegalStateException("not killed");
        }
        killed = false;
        for (RingEndpoint endpoint : rings.values()) {
            endpoint.revive();
        }
    }

    /**
     * What a live update by force does (xenstore-control live-update -F, Xen 4.17): connections, watches and the tree go on, open
     * transactions are not known any more.
     */
    public void forgetTransactions() {
        for (StoreConnection connection : connections) {
            connection.client().transactions().clear();
        }
    }

    /** Gives back all rings and closes all sockets. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (XenstoredSocket socket : List.copyOf(sockets)) {
            socket.close();
        }
        for (RingEndpoint endpoint : List.copyOf(rings.values())) {
            drop(endpoint);
        }
        rings.clear();
    }

    // Looking in from outside

    /**
     * The value of a node as text (ISO-8859-1), or null if there is none.
     *
     * @param path absolute
     */
    public String value(String path) {
        StoreNode node = store.peek(path);
        return node == null ? null : new String(node.value(), StandardCharsets.ISO_8859_1);
    }

    /** Names of a node's children, oldest first; null if there is no such node. */
    public List<String> children(String path) {
        StoreNode node = store.peek(path);
        return node == null ? null : node.children();
    }

    /** Permissions as GET_PERMS tells them, e.g. {@code [n1, r0]}; null if there is no such node. */
    public List<String> permissions(String path) {
        StoreNode node = store.peek(path);
        return node == null ? null : node.permissions().format();
    }

    /** Whether a domain is introduced and not released. */
    public boolean isIntroduced(int domid) {
        return store.domains().isIntroduced(domid);
    }

    public DomainUsage usage(int domid) {
        int watches = 0;
        int transactions = 0;
        int queuedBytes = 0;
        for (StoreConnection connection : connections) {
            if (connection.client().domid() == domid) {
                watches += connection.client().watches().size();
                transactions += connection.client().transactions().size();
                queuedBytes += connection.outputBytes();
            }
        }
        return new DomainUsage(store.ownedBy(domid), watches, transactions, queuedBytes);
    }

    /** @return null if the tree is sound, else what is wrong with it */
    public String check() {
        return store.check();
    }
}
