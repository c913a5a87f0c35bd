package org.xenpv.xenstore;

import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.io.xs.XenstoreDomainInterface;
import org.xenpv.io.xs.XsWire;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;

/**
 * A guest's connection: the page it shares with xenstored and an event channel (xen/io/xs_wire.h, struct
 * xenstore_domain_interface; docs/misc/xenstore-ring.txt).
 *
 * <p>The page's indices are taken up as they stand when the connection opens, and are private from then on. Where the
 * server has XENSTORE_SERVER_FEATURE_RECONNECTION the page's {@code connection} word is looked at before anything else,
 * and while it is not 0 nothing else is: somebody has asked for a reset and the server is still at it.
 *
 * <p>The page and the port stay the caller's: {@link #close} takes the port's handler off the loop, masks it, and no
 * more.
 */
public final class RingTransport implements XenstoreTransport {

    private final SharedMemory page;
    private final EventChannels events;
    private final int port;

    private EventLoop.Registration registration;
    private ByteRingProducer requests;
    private ByteRingConsumer replies;
    private State state = State.CONNECTING;
    private boolean resetting;
    private String deathReason;
    private boolean moved;
    private boolean closed;

    public RingTransport(SharedMemory ringPage, EventChannels events, int port) {
        if (ringPage == null || events == null) {
            throw new IllegalArgumentException("ringPage and events must not be null");
        }
        ringPage.check(0, XenstoreDomainInterface.SIZEOF, Integer.BYTES);
        this.page = ringPage;
        this.events = events;
        this.port = port;
    }

    @Override
    public void attach(EventLoop loop, EventLoop.Handler handler) {
        if (registration != null) {
            throw new IllegalStateException("attached already");
        }
        registration = loop.register(port, "xenstore", handler);
    }

    @Override
    public State look() {
        if (state == State.DEAD) {
            return state;
        }
        int features = XenstoreDomainInterface.serverFeatures(page);
        if (resetting || (features & XenstoreDomainInterface.XENSTORE_SERVER_FEATURE_RECONNECTION) != 0) {
            if (XenstoreDomainInterface.connection(page) != XenstoreDomainInterface.XENSTORE_CONNECTED) {
                state = State.CONNECTING;
                return state;
            }
        }
        if ((features & XenstoreDomainInterface.XENSTORE_SERVER_FEATURE_ERROR) != 0) {
            int error = XenstoreDomainInterface.error(page);
            if (error != XenstoreDomainInterface.XENSTORE_ERROR_NONE) {
                return die("server stopped it, error=" + Integer.toUnsignedString(error));
            }
        }
        if (state == State.CONNECTING) {
            open();
        }
        return state;
    }

    private void open() {
        resetting = false;
        requests = ByteRingProducer.attach(page, ByteRingLayout.XENSTORE_REQ);
        replies = ByteRingConsumer.attach(page, ByteRingLayout.XENSTORE_RSP);
        state = State.OPEN;
        if (requests.fault() != null || replies.fault() != null) {
            die("ring indices are further apart than the ring is long");
        }
    }

    private State die(String reason) {
        state = State.DEAD;
        deathReason = reason;
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

    @Override
    public int payloadMax() {
        return XsWire.XENSTORE_PAYLOAD_MAX;
    }

    @Override
    public int write(byte[] source, int at, int length) {
        if (state != State.OPEN) {
            return 0;
        }
        int count = requests.write(source, at, length);
        if (count == ByteRingProducer.BROKEN) {
            die("req_cons is not between its last value and req_prod=" + Integer.toUnsignedString(requests.prodPvt()));
            return 0;
        }
        moved |= count > 0;
        return count;
    }

    @Override
    public int read(byte[] target, int at, int length) {
        if (state != State.OPEN) {
            return 0;
        }
        int count = replies.read(target, at, length);
        if (count == ByteRingConsumer.BROKEN) {
            die("rsp_prod is not between its last value and 1024 beyond rsp_cons="
                    + Integer.toUnsignedString(replies.consPvt()));
            return 0;
        }
        moved |= count > 0;
        return count;
    }

    @Override
    public void flush() {
        if (moved) {
            moved = false;
            events.send(port);
        }
    }

    @Override
    public void kick() {
        if (state != State.DEAD) {
            events.send(port);
        }
    }

    @Override
    public boolean reconnect() {
        boolean offered = (XenstoreDomainInterface.serverFeatures(page)
                        & XenstoreDomainInterface.XENSTORE_SERVER_FEATURE_RECONNECTION)
                != 0;
        if (closed || !offered) {
            return false;
        }
        deathReason = null;
        state = State.CONNECTING;
        resetting = true;
        moved = false;
        XenstoreDomainInterface.putConnection(page, XenstoreDomainInterface.XENSTORE_RECONNECT);
        events.send(port);
        return true;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (registration != null) {
                registration.cancel();
            }
            if (state != State.DEAD) {
                die("closed");
            }
        }
    }
}
