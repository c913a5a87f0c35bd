package org.xenpv.simulator.xenstored;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsWire;
import org.xenpv.io.xs.XsdSockmsg;

/**
 * One connection's side of the protocol, without I/O: bytes of requests in, bytes of replies and watch events out.
 *
 * <p>Requests are carried out in order, each as soon as its last byte is there. A header that announces more than
 * XENSTORE_PAYLOAD_MAX bytes kills the connection, as it does on the real one. An unprivileged connection that does not
 * take its replies is not read from any more once {@link Quotas#outstanding()} of them wait.
 */
final class StoreConnection implements StoreClient.Events {

    /** Told when a connection has something to send, or may be read from again. */
    interface Attention {
        void needed(StoreConnection connection);
    }

    /** Runs something later; for watch events that faults delay. */
    interface Delay {
        void after(long delayNs, Runnable action);
    }

    /** How much may wait for a privileged connection: quotas do not bind it, memory does. */
    private static final int PRIVILEGED_QUEUED_BYTES = 64 * 1024 * 1024;

    private static final byte[] NOTHING = new byte[0];

    /** A request that was answered: outstanding until its reply and the watch events it caused have been taken. */
    private static final class Answered {
        final StoreConnection asker;
        final int life;
        int parts = 1;

        Answered(StoreConnection asker) {
            this.asker = asker;
            this.life = asker.life;
        }
    }

    /** @param eventKey null if it is not a watch event that can be merged with the same one */
    private record Outgoing(byte[] bytes, Answered cause, String eventKey) {}

    /** What the connections of one store share: the request that is being carried out. */
    static final class Current {
        private Answered request;
    }

    private final Store store;
    private final RequestHandler handler;
    private final XenstoredFaults faults;
    private final Current current;
    private final Attention attention;
    private final Delay delay;
    private final StoreClient client;

    private final byte[] header = new byte[XsdSockmsg.SIZEOF];
    private int headerFilled;
    private byte[] body = NOTHING;
    private int bodyFilled;

    private final Deque<Outgoing> out = new ArrayDeque<>();
    private final Set<String> queuedEvents = new HashSet<>();
    private int queuedBytes;
    private int taken;
    private int outstanding;
    /** Counts resets, so that answers of an earlier life do not count in this one. */
    private int life;

    private boolean dead;

    StoreConnection(
            Store store,
            RequestHandler handler,
            XenstoredFaults faults,
            Current current,
            Attention attention,
            Delay delay,
            int domid) {
        this.store = store;
        this.handler = handler;
        this.faults = faults;
        this.current = current;
        this.attention = attention;
        this.delay = delay;
        this.client = store.connect(domid, this);
    }

    StoreClient client() {
        return client;
    }

    /** The other end broke the protocol, or {@link #close} was called. */
    boolean dead() {
        return dead;
    }

    // In

    /** How many bytes complete the header or the body that is being read; 0 while nothing more is to be read. */
    int wanted() {
        if (dead || (!client.privileged() && outstanding >= store.quotas().outstanding())) {
            return 0;
        }
        return headerFilled < header.length ? header.length - headerFilled : body.length - bodyFilled;
    }

    /**
     * Takes bytes that came in, as many as {@link #wanted} allows from message to message.
     *
     * @return how many were taken
     */
    int feed(byte[] bytes, int at, int length) {
        int used = 0;
        while (used < length) {
            int count = Math.min(wanted(), length - used);
            if (count == 0) {
                break;
            }
            if (headerFilled < header.length) {
                System.arraycopy(bytes, at + used, header, headerFilled, count);
                headerFilled += count;
                headerComplete();
            } else {
                System.arraycopy(bytes, at + used, body, bodyFilled, count);
                bodyFilled += count;
            }
            used += count;
            if (!dead && headerFilled == header.length && bodyFilled == body.length) {
                request();
            }
        }
        return used;
    }

    private void headerComplete() {
        if (headerFilled < header.length) {
            return;
        }
        int length = XsdSockmsg.len(header, 0);
        if (Integer.compareUnsigned(length, XsWire.XENSTORE_PAYLOAD_MAX) > 0) {
            close();
            return;
        }
        body = new byte[length];
        bodyFilled = 0;
    }

    private void request() {
        byte[] request = body;
        int type = XsdSockmsg.type(header, 0);
        int reqId = XsdSockmsg.reqId(header, 0);
        int txId = XsdSockmsg.txId(header, 0);
        headerFilled = 0;
        body = NOTHING;
        bodyFilled = 0;

        Answered answered = new Answered(this);
        outstanding++;
        current.request = client.privileged() ? null : answered;
        byte[] reply;
        Runnable after = null;
        try {
            RequestHandler.Reply answer = handler.handle(client, type, txId, request);
            after = answer.after();
            reply = message(type, reqId, txId, answer.body());
        } catch (StoreException e) {
            reply = message(
                    XsMessageType.ERROR.value(),
                    reqId,
                    txId,
                    Payload.of(e.error().name()));
        } finally {
            current.request = null;
        }
        if (dead || answered.life != life) {
            return;
        }
        byte[] sent = reply;
        if (faults != XenstoredFaults.NONE) {
            sent = faults.reply(client.domid(), message(type, reqId, txId, request), reply);
        }
        enqueue(new Outgoing(sent, answered, null));
        if (after != null) {
            after.run();
        }
    }

    private static byte[] message(int type, int reqId, int txId, byte[] body) {
        byte[] message = new byte[XsdSockmsg.SIZEOF + body.length];
        XsdSockmsg.put(message, 0, type, reqId, txId, body.length);
        System.arraycopy(body, 0, message, XsdSockmsg.SIZEOF, body.length);
        return message;
    }

    // Out

    @Override
    public void watchEvent(String path, String token) {
        long fate = faults.watchEvent(client.domid(), path, token);
        if (fate == 0 || fate == XenstoredFaults.TWICE) {
            event(path, token, current.request, fate == 0);
        }
        if (fate == XenstoredFaults.TWICE) {
            event(path, token, current.request, false);
        }
        if (fate > 0) {
            delay.after(fate, () -> event(path, token, null, true));
        }
    }

    /** @param merge whether the event may be left out if the same one is waiting; special ones never are */
    private void event(String path, String token, Answered cause, boolean merge) {
        byte[] strings = Payload.of(path, token);
        int queuedMax =
                client.privileged() ? PRIVILEGED_QUEUED_BYTES : store.quotas().queuedBytes();
        int size = XsdSockmsg.SIZEOF + strings.length;
        if (dead || strings.length > XsWire.XENSTORE_PAYLOAD_MAX || queuedBytes > queuedMax - size) {
            return;
        }
        String key = merge && !path.startsWith("@") ? path + '\0' + token : null;
        if (key != null && !queuedEvents.add(key)) {
            return;
        }
        if (cause != null) {
            cause.parts++;
        }
        enqueue(new Outgoing(message(XsMessageType.WATCH_EVENT.value(), 0, 0, strings), cause, key));
    }

    private void enqueue(Outgoing message) {
        out.add(message);
        queuedBytes += message.bytes().length;
        dropEmpty();
        attention.needed(this);
    }

    /** Whether bytes wait to be taken. */
    boolean hasOutput() {
        return queuedBytes > 0;
    }

    int outputBytes() {
        return queuedBytes;
    }

    /**
     * Takes bytes to be sent.
     *
     * @return how many were taken
     */
    int take(byte[] target, int at, int length) {
        int count = 0;
        while (count < length && !out.isEmpty()) {
            byte[] bytes = out.peek().bytes();
            int part = Math.min(bytes.length - taken, length - count);
            System.arraycopy(bytes, taken, target, at + count, part);
            taken += part;
            count += part;
            queuedBytes -= part;
            if (taken == bytes.length) {
                taken = 0;
                sent(out.remove());
                dropEmpty();
            }
        }
        return count;
    }

    /** A fault can leave nothing of a reply: it counts as sent. */
    private void dropEmpty() {
        while (!out.isEmpty() && out.peek().bytes().length == 0) {
            sent(out.remove());
        }
    }

    private void sent(Outgoing message) {
        if (message.eventKey() != null) {
            queuedEvents.remove(message.eventKey());
        }
        Answered cause = message.cause();
        if (cause != null && --cause.parts == 0 && cause.life == cause.asker.life) {
            cause.asker.outstanding--;
            cause.asker.attention.needed(cause.asker);
        }
    }

    // Ends

    /** Drops what was read in part, what waits to be sent, all watches and transactions: as if just connected. */
    void reset() {
        store.resetWatches(client);
        headerFilled = 0;
        body = NOTHING;
        bodyFilled = 0;
        taken = 0;
        while (!out.isEmpty()) {
            sent(out.remove());
        }
        queuedEvents.clear();
        queuedBytes = 0;
        outstanding = 0;
        life++;
        dead = false;
    }

    /** Stops reading and sending; the client keeps its identity until {@link #disconnect}. */
    void close() {
        reset();
        dead = true;
    }

    /** Closes, and forgets the client. */
    void disconnect() {
        close();
        store.disconnect(client);
    }
}
