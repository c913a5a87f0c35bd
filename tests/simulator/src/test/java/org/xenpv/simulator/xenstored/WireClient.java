package org.xenpv.simulator.xenstored;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;

/** A client that says exactly what it is told to, and keeps the watch events that come in between. */
final class WireClient {

    private static final long PATIENCE_NS = 20_000_000_000L;

    /** Bytes to and from a server; neither call waits. */
    interface Pipe {
        int send(byte[] bytes, int at, int length) throws IOException;

        int receive(byte[] target) throws IOException;
    }

    record Message(int type, int reqId, int txId, byte[] body) {
        String text() {
            return Payload.text(body, 0, body.length);
        }
    }

    private final Pipe pipe;
    private final List<String> events = new ArrayList<>();
    private byte[] unread = {};
    private int nextReqId = 1;

    WireClient(Pipe pipe) {
        this.pipe = pipe;
    }

    static WireClient ofSocket(Path path) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
        channel.configureBlocking(false);
        return new WireClient(new Pipe() {
            @Override
            public int send(byte[] bytes, int at, int length) throws IOException {
                return channel.write(ByteBuffer.wrap(bytes, at, length));
            }

            @Override
            public int receive(byte[] target) throws IOException {
                int count = channel.read(ByteBuffer.wrap(target));
                if (count < 0) {
                    channel.close();
                    throw new IOException("closed by the server");
                }
                return count;
            }
        });
    }

    /** @param kick tells the server to look at the ring */
    static WireClient ofRing(SharedMemory page, Runnable kick) {
        ByteRingProducer requests = ByteRingProducer.attach(page, ByteRingLayout.XENSTORE_REQ);
        ByteRingConsumer replies = ByteRingConsumer.attach(page, ByteRingLayout.XENSTORE_RSP);
        return new WireClient(new Pipe() {
            @Override
            public int send(byte[] bytes, int at, int length) {
                int count = requests.write(bytes, at, length);
                kick.run();
                return count;
            }

            @Override
            public int receive(byte[] target) throws IOException {
                int count = replies.read(target, 0, target.length);
                if (count < 0) {
                    throw new IOException("reply ring: " + replies.fault());
                }
                if (count > 0) {
                    kick.run();
                }
                return count;
            }
        });
    }

    /** Sends a request and waits for its answer. */
    Message ask(int type, int txId, byte[] body) throws IOException {
        int reqId = nextReqId++;
        byte[] bytes = new byte[XsdSockmsg.SIZEOF + body.length];
        XsdSockmsg.put(bytes, 0, type, reqId, txId, body.length);
        System.arraycopy(body, 0, bytes, XsdSockmsg.SIZEOF, body.length);
        send(bytes);
        Message answer = next();
        while (answer.type() == XsMessageType.WATCH_EVENT.value()) {
            keep(answer);
            answer = next();
        }
        if (answer.reqId() != reqId) {
            throw new AssertionError("asked reqId=" + reqId + ", answered reqId=" + answer.reqId());
        }
        return answer;
    }

    Message ask(XsMessageType type, int txId, String... strings) throws IOException {
        return ask(type.value(), txId, Payload.of(strings));
    }

    void send(byte[] bytes) throws IOException {
        long deadlineNs = System.nanoTime() + PATIENCE_NS;
        int at = 0;
        while (at < bytes.length) {
            int count = pipe.send(bytes, at, bytes.length - at);
            if (count < 0) {
                throw new IOException("request ring is broken");
            }
            at += count;
            waitABit(count, deadlineNs);
        }
    }

    /** The next message of any kind. */
    Message next() throws IOException {
        long deadlineNs = System.nanoTime() + PATIENCE_NS;
        byte[] target = new byte[4096];
        while (unread.length < XsdSockmsg.SIZEOF || unread.length < XsdSockmsg.SIZEOF + XsdSockmsg.len(unread, 0)) {
            int count = pipe.receive(target);
            byte[] more = Arrays.copyOf(unread, unread.length + count);
            System.arraycopy(target, 0, more, unread.length, count);
            unread = more;
            waitABit(count, deadlineNs);
        }
        int end = XsdSockmsg.SIZEOF + XsdSockmsg.len(unread, 0);
        Message message = new Message(
                XsdSockmsg.type(unread, 0),
                XsdSockmsg.reqId(unread, 0),
                XsdSockmsg.txId(unread, 0),
                Arrays.copyOfRange(unread, XsdSockmsg.SIZEOF, end));
        unread = Arrays.copyOfRange(unread, end, unread.length);
        return message;
    }

    private static void waitABit(int count, long deadlineNs) {
        if (count == 0) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("no answer");
            }
            LockSupport.parkNanos(10_000);
        }
    }

    private void keep(Message event) {
        events.add(event.text().replace('\0', ' ').trim());
    }

    /** Watch events that came so far, "path token" each, after a round trip that brings in those on their way. */
    List<String> takeEvents() throws IOException {
        ask(XsMessageType.GET_DOMAIN_PATH, 0, "0");
        List<String> taken = List.copyOf(events);
        events.clear();
        return taken;
    }
}
