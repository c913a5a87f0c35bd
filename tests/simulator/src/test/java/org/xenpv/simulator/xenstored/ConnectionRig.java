package org.xenpv.simulator.xenstored;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;

/** Protocol engines over one store, without any transport or clock. */
final class ConnectionRig {

    final Store store;
    final List<Runnable> delayed = new ArrayList<>();
    final List<String> log = new ArrayList<>();
    private final XenstoredFaults faults;
    private final RequestHandler handler;
    private final StoreConnection.Current current = new StoreConnection.Current();

    ConnectionRig() {
        this(Quotas.defaults(), XenstoredFaults.NONE);
    }

    ConnectionRig(Quotas quotas, XenstoredFaults faults) {
        this.store = new Store(quotas, domid -> true);
        this.faults = faults;
        DomainControl noRings = new DomainControl() {
            @Override
            public void introduce(int domid, long gfn, int port) {
                store.domains().introduce(domid);
            }

            @Override
            public void release(int domid) {
                store.domains().release(domid);
            }
        };
        this.handler = new RequestHandler(store, noRings, new ControlCommands(store, log::add), faults);
    }

    StoreConnection connect(int domid) {
        return new StoreConnection(
                store, handler, faults, current, any -> {}, (delayNs, action) -> delayed.add(action), domid);
    }

    static byte[] message(int type, int reqId, int txId, byte[] body) {
        byte[] bytes = new byte[XsdSockmsg.SIZEOF + body.length];
        XsdSockmsg.put(bytes, 0, type, reqId, txId, body.length);
        System.arraycopy(body, 0, bytes, XsdSockmsg.SIZEOF, body.length);
        return bytes;
    }

    static byte[] message(XsMessageType type, int reqId, String... strings) {
        return message(type.value(), reqId, 0, Payload.of(strings));
    }

    static int feed(StoreConnection connection, byte[] bytes) {
        return connection.feed(bytes, 0, bytes.length);
    }

    /** Everything that waits to be sent. */
    static byte[] takeBytes(StoreConnection connection) {
        byte[] bytes = new byte[connection.outputBytes()];
        int count = connection.take(bytes, 0, bytes.length);
        return Arrays.copyOf(bytes, count);
    }

    /** The messages that wait to be sent, as "TYPE reqId txId body". */
    static List<String> take(StoreConnection connection) {
        return parse(takeBytes(connection));
    }

    static List<String> parse(byte[] bytes) {
        List<String> messages = new ArrayList<>();
        int at = 0;
        while (at < bytes.length) {
            int length = XsdSockmsg.len(bytes, at);
            String body = Payload.text(bytes, at + XsdSockmsg.SIZEOF, length).replace('\0', '|');
            messages.add(XsMessageType.of(XsdSockmsg.type(bytes, at)) + " " + XsdSockmsg.reqId(bytes, at) + " "
                    + XsdSockmsg.txId(bytes, at) + " " + body);
            at += XsdSockmsg.SIZEOF + length;
        }
        return messages;
    }

    /** The answer to one request, and whatever else is sent with it. */
    static List<String> ask(StoreConnection connection, XsMessageType type, String... strings) {
        feed(connection, message(type, 7, strings));
        return take(connection);
    }
}
