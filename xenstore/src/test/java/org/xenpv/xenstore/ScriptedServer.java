package org.xenpv.xenstore;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenpv.event.EventLoop;
import org.xenpv.io.xs.XsMessageType;

/** A transport whose other end is the test: it sees every request decoded and says every byte that comes back. */
final class ScriptedServer implements XenstoreTransport {

    /** What the server does with a request; a test that answers by hand takes them from {@link #requests}. */
    interface Behaviour {
        void request(Msg request);
    }

    final List<Msg> requests = new ArrayList<>();
    Behaviour behaviour = request -> {};

    /** How many bytes of requests are taken before the transport is full; the test adds to it. */
    long room = Long.MAX_VALUE;

    /** How many bytes of replies one read brings at most. */
    int readMax = Integer.MAX_VALUE;

    int payloadMax = 4096;
    boolean offersReconnect;
    State state = State.OPEN;
    String deathReason;
    int flushes;
    int kicks;
    int reconnects;
    boolean closed;

    private final XsDecoder decoder = new XsDecoder(4096);
    private final ArrayDeque<Byte> replies = new ArrayDeque<>();
    private EventLoop.Handler handler;
    private boolean attention = true;

    @Override
    public void attach(EventLoop loop, EventLoop.Handler to) {
        handler = to;
        loop.addSource(this::serve);
    }

    private boolean serve() {
        if (!attention || closed) {
            return false;
        }
        attention = false;
        int done = handler.poll(64);
        attention |= done >= 64;
        return done > 0;
    }

    void attention() {
        attention = true;
    }

    boolean awaiting() {
        return handler.awaiting();
    }

    /** The newest request. */
    Msg last() {
        return requests.get(requests.size() - 1);
    }

    void send(Msg message) {
        raw(message.wire());
    }

    void raw(byte[] bytes) {
        for (byte b : bytes) {
            replies.add(b);
        }
        attention = true;
    }

    void reply(Msg request, String text) {
        send(Msg.of(request.type(), request.reqId(), request.txId(), text));
    }

    void ok(Msg request) {
        reply(request, "OK|");
    }

    void error(Msg request, String errno) {
        send(Msg.of(XsMessageType.ERROR, request.reqId(), request.txId(), errno + "|"));
    }

    void event(String path, String token) {
        send(Msg.of(XsMessageType.WATCH_EVENT, 0, 0, path + "|" + token + "|"));
    }

    void die(String reason) {
        state = State.DEAD;
        deathReason = reason;
        attention = true;
    }

    void open() {
        state = State.OPEN;
        attention = true;
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

    @Override
    public int payloadMax() {
        return payloadMax;
    }

    @Override
    public int write(byte[] source, int at, int length) {
        int count = state == State.OPEN ? (int) Math.min(room, length) : 0;
        room -= count;
        int done = 0;
        while (done < count) {
            done += decoder.feed(source, at + done, count - done);
            if (decoder.complete()) {
                XsMessageType type = XsMessageType.of(decoder.type());
                byte[] body = Arrays.copyOf(decoder.payload(), decoder.length());
                Msg request = new Msg(type, decoder.reqId(), decoder.txId(), body);
                decoder.next();
                requests.add(request);
                behaviour.request(request);
            }
        }
        return count;
    }

    @Override
    public int read(byte[] target, int at, int length) {
        int count = 0;
        int max = Math.min(length, readMax);
        while (state == State.OPEN && count < max && !replies.isEmpty()) {
            target[at + count++] = replies.poll();
        }
        return count;
    }

    @Override
    public void flush() {
        flushes++;
    }

    @Override
    public void kick() {
        kicks++;
    }

    @Override
    public boolean reconnect() {
        if (offersReconnect) {
            state = State.CONNECTING;
            replies.clear();
            decoder.reset();
            reconnects++;
        }
        return offersReconnect;
    }

    @Override
    public void close() {
        closed = true;
    }
}
