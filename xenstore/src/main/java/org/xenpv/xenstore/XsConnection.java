package org.xenpv.xenstore;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsWire;

/**
 * Requests out, replies in: numbers requests, sends what fits, matches replies by request id, keeps deadlines, and
 * judges the server. Knows nothing of what the messages mean, except that a WATCH_EVENT answers nothing.
 *
 * <p>Everything a server can do wrong ends in one of three ways: counted and ignored (a few times), one request failed,
 * or {@link #die}.
 */
final class XsConnection {

    /** What the connection tells the client above it. None may throw. */
    interface Owner {
        void watchEvent(byte[] body, int length);

        /** Requests go out and replies come in: at the start, and after each reconnection. */
        void opened();

        /** A request has got its outcome. */
        void settled();

        /** Everything in flight has failed. @param forGood nothing will ever come again */
        void lost(XenstoreException why, boolean forGood);
    }

    private static final int READ_BYTES = 1024;

    private final EventLoop loop;
    private final XenstoreClient.Options options;
    private final Completions completions;
    private final Owner owner;
    private final Jitter jitter;

    private final Reconnects reconnects;

    private final XsDecoder decoder = new XsDecoder(XsWire.XENSTORE_PAYLOAD_MAX);
    private final byte[] in = new byte[READ_BYTES];
    private int inAt;
    private int inEnd;

    /** Every request that is waiting, sent or a tombstone, by its id. */
    private final Map<Integer, XsRequest> byId = new HashMap<>();

    private final ArrayDeque<XsRequest> waiting = new ArrayDeque<>();
    private final ArrayDeque<XsRequest> held = new ArrayDeque<>();

    private XenstoreTransport transport;
    private boolean open;
    private boolean holding;
    private XenstoreException dead;
    private int epoch;
    private int corks;
    private int nextReqId;
    private int tombstones;
    private final XenstoreCounters counters;

    XsConnection(
            XenstoreTransport transport,
            EventLoop loop,
            XenstoreClient.Options options,
            Jitter jitter,
            Completions completions,
            XenstoreCounters counters,
            Owner owner) {
        this.loop = loop;
        this.options = options;
        this.completions = completions;
        this.counters = counters;
        this.owner = owner;
        this.jitter = jitter;
        this.nextReqId = jitter.nextInt();
        this.transport = transport;
        this.reconnects = new Reconnects(loop, options);
    }

    void start() {
        attach(transport);
    }

    private void attach(XenstoreTransport to) {
        to.attach(loop, new EventLoop.Handler() {
            @Override
            public int poll(int budget) {
                return to == transport ? XsConnection.this.poll(budget) : 0;
            }

            @Override
            public boolean awaiting() {
                return to == transport && dead == null && (!open || !byId.isEmpty());
            }
        });
        look();
    }

    int payloadMax() {
        return transport.payloadMax();
    }

    /**
     * Sends a request as soon as there is room.
     *
     * @param bounded whether it is the program's own and may be refused or held back; what the client needs to clean up
     *     after itself is not
     */
    void submit(XsRequest request, boolean bounded) {
        if (dead != null) {
            request.reply.accept(null, failure(dead, request));
            return;
        }
        if (bounded && byId.size() >= options.requestsMax()) {
            counters.refused++;
            request.reply.accept(
                    null,
                    new XenstoreException(
                            "ENOBUFS",
                            request.what + " (requests=" + byId.size() + ", must be below " + options.requestsMax()
                                    + ")"));
            return;
        }
        request.number(freeReqId());
        byId.put(request.reqId, request);
        request.deadline = loop.at(loop.clock().nanoTime() + options.requestTimeoutNs(), () -> timeOut(request));
        (holding && bounded && request.txId == 0 ? held : waiting).add(request);
        counters.requests++;
        if (corks == 0) {
            push();
        }
    }

    /** Ids count up from a random start; 0 is what events carry, and an id in use or a tombstone's is passed over. */
    private int freeReqId() {
        do {
            nextReqId++;
        } while (nextReqId == 0 || byId.containsKey(nextReqId));
        return nextReqId;
    }

    /** Requests submitted from now until {@link #uncork} go out together, with one notification. */
    void cork() {
        corks++;
    }

    void uncork() {
        if (--corks == 0) {
            push();
        }
    }

    private int push() {
        if (!open || dead != null) {
            return 0;
        }
        int moved = 0;
        while (!waiting.isEmpty()) {
            XsRequest request = waiting.peek();
            int count = transport.write(request.message, request.sent, request.message.length - request.sent);
            request.sent += count;
            moved += count;
            if (!request.isSent()) {
                break;
            }
            waiting.poll();
        }
        transport.flush();
        if (transport.state() == XenstoreTransport.State.DEAD) {
            die(transport.deathReason());
        }
        return moved;
    }

    /** One turn. @return how much was done, 0 if nothing at all moved */
    private int poll(int budget) {
        corks++;
        completions.hold();
        int work = look();
        if (open) {
            work += receive(budget);
        }
        completions.drain();
        corks--;
        if (push() > 0) {
            work++;
        }
        return Math.min(work, budget);
    }

    /** Follows the transport's state. @return 1 if it changed */
    private int look() {
        if (dead != null) {
            return 0;
        }
        XenstoreTransport.State state = transport.look();
        if (state == XenstoreTransport.State.DEAD) {
            die(transport.deathReason());
            return 1;
        }
        boolean opened = state == XenstoreTransport.State.OPEN;
        if (opened == open) {
            return 0;
        }
        if (opened) {
            open = true;
            reconnects.over();
            owner.opened();
        } else {
            XenstoreException why = new XenstoreException("EIO", "xenstore connection: reset by the other end");
            boolean again = reconnects.may();
            fail(why, !again);
            if (again) {
                reconnects.await(() -> notBack(why));
            } else {
                transport.close();
            }
        }
        return 1;
    }

    private int receive(int budget) {
        int work = 0;
        while (work < budget && open) {
            if (inAt == inEnd) {
                inAt = 0;
                inEnd = transport.read(in, 0, in.length);
                if (inEnd == 0) {
                    break;
                }
                work++;
            }
            inAt += decoder.feed(in, inAt, inEnd - inAt);
            if (decoder.broken()) {
                die("len=" + Integer.toUnsignedString(decoder.length()) + ", must be at most "
                        + XsWire.XENSTORE_PAYLOAD_MAX);
            } else if (decoder.complete()) {
                work++;
                take();
            }
        }
        return work;
    }

    private void take() {
        int type = decoder.type();
        if (type == XsMessageType.WATCH_EVENT.value()) {
            owner.watchEvent(decoder.payload(), decoder.length());
            finishMessage();
            return;
        }
        int reqId = decoder.reqId();
        int txId = decoder.txId();
        byte[] body = Arrays.copyOf(decoder.payload(), decoder.length());
        finishMessage();
        XsRequest request = byId.get(reqId);
        if (request == null) {
            if (++counters.unknownReplies > options.unknownRepliesMax()) {
                die("replies to requests never made=" + counters.unknownReplies + ", must be at most "
                        + options.unknownRepliesMax());
            }
        } else if (!request.isSent()) {
            die("reply to a request not sent yet, req_id=" + Integer.toUnsignedString(reqId));
        } else if (request.txId != txId) {
            die("tx_id=" + Integer.toUnsignedString(txId) + " in the reply to " + request.what + ", must be "
                    + Integer.toUnsignedString(request.txId));
        } else {
            answer(request, type, body);
        }
    }

    /** The watch event handler may have ended the connection, and with it the message. */
    private void finishMessage() {
        if (decoder.complete()) {
            decoder.next();
        }
    }

    private void answer(XsRequest request, int type, byte[] body) {
        byId.remove(request.reqId);
        boolean refused = type == XsMessageType.ERROR.value();
        if (!refused && type != request.type.value()) {
            if (request.timedOut) {
                tombstones--;
            } else {
                request.deadline.cancel();
                request.reply.accept(
                        null, new XenstoreException("EBADMSG", request.what + " (answered with type " + type + ")"));
            }
            die("type=" + type + " in the reply to " + request.what + ", must be " + request.type.value());
        } else if (request.timedOut) {
            tombstones--;
            counters.lateReplies++;
            if (!refused) {
                request.reply.late(body);
            }
        } else {
            request.deadline.cancel();
            if (refused) {
                request.reply.accept(null, XsBody.error(body, request.what));
            } else {
                request.reply.accept(body, null);
            }
        }
        owner.settled();
    }

    private void timeOut(XsRequest request) {
        if (request.timedOut || byId.get(request.reqId) != request) {
            return;
        }
        counters.timeouts++;
        if (request.sent == 0 && !request.givesBack) {
            byId.remove(request.reqId);
            waiting.remove(request);
            held.remove(request);
        } else {
            request.timedOut = true;
            tombstones++;
        }
        request.reply.accept(
                null,
                new XenTimeoutException(request.what + ": no answer within " + options.requestTimeoutNs() / 1_000_000L
                        + " ms, does xenstored run?"));
        transport.kick();
        owner.settled();
    }

    /** CONN-DEAD: the stream cannot be trusted any more. Begins anew if the server offers that and it is not too often. */
    void die(String reason) {
        if (dead != null) {
            return;
        }
        counters.deaths++;
        XenstoreException why = new XenstoreException("EIO", "xenstore connection: " + reason);
        boolean again = reconnects.may() && transport.reconnect();
        fail(why, !again);
        if (!again) {
            transport.close();
            return;
        }
        counters.reconnects++;
        reconnects.await(() -> notBack(why));
    }

    private void notBack(XenstoreException why) {
        if (!open && dead == null) {
            fail(why, true);
            transport.close();
        }
    }

    /** Fails everything in flight; drops what was half sent and half received. */
    private void fail(XenstoreException why, boolean forGood) {
        open = false;
        epoch++;
        if (forGood) {
            dead = why;
            reconnects.over();
        }
        decoder.reset();
        inAt = 0;
        inEnd = 0;
        tombstones = 0;
        waiting.clear();
        held.clear();
        List<XsRequest> failed = new ArrayList<>(byId.values());
        failed.sort((a, b) -> Integer.compare(a.reqId - nextReqId, b.reqId - nextReqId));
        byId.clear();
        for (XsRequest request : failed) {
            if (!request.timedOut) {
                request.deadline.cancel();
                request.reply.accept(null, failure(why, request));
            }
        }
        owner.lost(why, forGood);
    }

    private static XenstoreException failure(XenstoreException why, XsRequest request) {
        return new XenstoreException(why.error(), request.what + " (" + why.getMessage() + ")");
    }

    /** From now on the program's requests outside transactions wait, until {@link #release}. */
    void hold() {
        holding = true;
    }

    void release() {
        holding = false;
        waiting.addAll(held);
        held.clear();
        if (corks == 0) {
            push();
        }
    }

    /** Whether nothing is on its way, what {@link #hold} keeps back aside. */
    boolean isQuiet() {
        return byId.size() - tombstones == held.size();
    }

    /** Goes on over another transport. What was in flight over the old one has failed. */
    void replace(XenstoreTransport fresh) {
        XenstoreTransport old = transport;
        transport = fresh;
        if (dead == null) {
            List<XsRequest> kept = new ArrayList<>(held);
            held.clear();
            for (XsRequest request : kept) {
                byId.remove(request.reqId);
            }
            fail(new XenstoreException("EIO", "xenstore connection: replaced"), false);
            for (XsRequest request : kept) {
                byId.put(request.reqId, request);
                waiting.add(request);
            }
        }
        old.close();
        dead = null;
        holding = false;
        attach(fresh);
        if (corks == 0) {
            push();
        }
    }

    void close(XenstoreException why) {
        if (dead == null) {
            fail(why, true);
        }
        transport.close();
    }

    /** Changes whenever the server forgets everything about us, transactions too. */
    int epoch() {
        return epoch;
    }

    boolean isOpen() {
        return open;
    }

    boolean isHolding() {
        return holding;
    }

    boolean isDead() {
        return dead != null;
    }

    int inFlight() {
        return byId.size();
    }
}
