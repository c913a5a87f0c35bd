package org.xenpv.simulator.xenstored;

import org.xenpv.event.EventLoop;
import org.xenpv.io.xs.XenstoreDomainInterface;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;

/**
 * The daemon's half of a guest's xenstore page (docs/misc/xenstore-ring.txt).
 *
 * <p>The guest is hostile: its indices are checked by the byte rings, and a bad one, like a request that is too long,
 * ends the connection with a word in the page's {@code error} field. What is left then is the offer to reconnect.
 */
final class RingEndpoint implements Endpoint, EventLoop.Handler {

    private static final int CHUNK_BYTES = 1024;

    private final XenstoredDaemon daemon;
    private final EventLoop loop;
    private final StoreConnection connection;
    private final SharedMemory page;
    private final GuestRing ring;
    private final int serverFeatures;
    private final byte[] chunk = new byte[CHUNK_BYTES];

    private ByteRingConsumer requests;
    private ByteRingProducer replies;
    private EventLoop.Registration registration;
    private boolean failed;
    /** Something of the ring has been left because the connection takes no more for now. */
    private boolean throttled;

    private boolean closed;

    RingEndpoint(XenstoredDaemon daemon, EventLoop loop, int domid, GuestRing ring, int serverFeatures) {
        this.daemon = daemon;
        this.loop = loop;
        this.ring = ring;
        this.page = ring.page();
        this.serverFeatures = serverFeatures;
        this.connection = daemon.newConnection(domid, this);
    }

    /** Takes up the ring where its indices stand. */
    void start() {
        XenstoreDomainInterface.putServerFeatures(page, serverFeatures);
        XenstoreDomainInterface.putError(page, XenstoreDomainInterface.XENSTORE_ERROR_NONE);
        attach();
        if (XenstoreDomainInterface.connection(page) == XenstoreDomainInterface.XENSTORE_RECONNECT) {
            reconnect();
        }
        serve();
    }

    private void serve() {
        registration =
                loop.register(ring.port(), "xenstored-dom" + connection.client().domid(), this);
        loop.events().send(ring.port());
    }

    private void attach() {
        requests = ByteRingConsumer.attach(page, ByteRingLayout.XENSTORE_REQ);
        replies = ByteRingProducer.attach(page, ByteRingLayout.XENSTORE_RSP);
        failed = false;
        throttled = false;
    }

    @Override
    public StoreConnection connection() {
        return connection;
    }

    @Override
    public int poll(int budget) {
        int done = reconnectIfAsked() ? 1 : 0;
        while (done < budget && !failed && !closed && readOnce()) {
            done++;
        }
        daemon.flush();
        pump();
        return done;
    }

    private boolean readOnce() {
        int wanted = connection.wanted();
        throttled = wanted == 0;
        if (throttled) {
            return false;
        }
        int got = requests.read(chunk, 0, Math.min(wanted, CHUNK_BYTES));
        if (got == ByteRingConsumer.BROKEN) {
            fail(XenstoreDomainInterface.XENSTORE_ERROR_RINGIDX);
            return false;
        }
        if (got == 0) {
            return false;
        }
        loop.events().send(ring.port());
        connection.feed(chunk, 0, got);
        if (connection.dead() && !closed) {
            fail(XenstoreDomainInterface.XENSTORE_ERROR_PROTO);
        }
        return true;
    }

    @Override
    public void pump() {
        if (closed || failed) {
            return;
        }
        boolean sent = false;
        int before = replies.outstanding();
        int free = replies.free();
        if (replies.outstanding() != before && registration != null) {
            // The guest has taken replies: the event it sends for that is about work, though there is nothing to read.
            registration.progress();
        }
        while (free > 0 && connection.hasOutput()) {
            int count = connection.take(chunk, 0, Math.min(free, CHUNK_BYTES));
            replies.write(chunk, 0, count);
            sent |= count > 0;
            free = replies.free();
        }
        if (free == ByteRingProducer.BROKEN) {
            fail(XenstoreDomainInterface.XENSTORE_ERROR_RINGIDX);
            return;
        }
        if (sent) {
            loop.events().send(ring.port());
        }
        if (throttled && registration != null && connection.wanted() > 0) {
            throttled = false;
            loop.ready(registration);
        }
    }

    private void fail(int error) {
        failed = true;
        connection.close();
        if ((serverFeatures & XenstoreDomainInterface.XENSTORE_SERVER_FEATURE_ERROR) != 0) {
            XenstoreDomainInterface.putError(page, error);
        }
        loop.events().send(ring.port());
        daemon.log("xenstore ring of domain " + connection.client().domid() + " is out of service, error=" + error);
    }

    private boolean reconnectIfAsked() {
        boolean offered = (serverFeatures & XenstoreDomainInterface.XENSTORE_SERVER_FEATURE_RECONNECTION) != 0;
        if (!offered || XenstoreDomainInterface.connection(page) != XenstoreDomainInterface.XENSTORE_RECONNECT) {
            return false;
        }
        reconnect();
        return true;
    }

    /** Starts anew on empty rings, as the guest asked by its {@code connection} field. */
    private void reconnect() {
        restartEmpty();
        XenstoreDomainInterface.putConnection(page, XenstoreDomainInterface.XENSTORE_CONNECTED);
        loop.events().send(ring.port());
    }

    /** Forgets the connection's past; the rings are empty and start at 0. */
    void restartEmpty() {
        connection.reset();
        page.putInt(XenstoreDomainInterface.REQ_CONS_OFFSET, 0);
        page.putInt(XenstoreDomainInterface.REQ_PROD_OFFSET, 0);
        page.putInt(XenstoreDomainInterface.RSP_CONS_OFFSET, 0);
        page.putInt(XenstoreDomainInterface.RSP_PROD_OFFSET, 0);
        XenstoreDomainInterface.putError(page, XenstoreDomainInterface.XENSTORE_ERROR_NONE);
        attach();
    }

    /** The daemon is gone: the ring is not looked at any more. */
    void kill() {
        connection.close();
        registration.cancel();
        registration = null;
        failed = true;
    }

    /** The daemon is back and remembers nothing of this connection: the guest has to reconnect. */
    void revive() {
        fail(XenstoreDomainInterface.XENSTORE_ERROR_COMM);
        serve();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (registration != null) {
            registration.cancel();
            registration = null;
        }
        loop.events().close(ring.port());
        ring.unmap().run();
    }
}
