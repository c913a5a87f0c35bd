package org.xenpv.scenarios.net;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifCtrlRequest;
import org.xenpv.io.netif.NetifCtrlResponse;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.io.netif.NetifRxRequest;
import org.xenpv.io.netif.NetifRxResponse;
import org.xenpv.io.netif.NetifTxRequest;
import org.xenpv.io.netif.NetifTxResponse;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.xenbus.XenbusState;

/**
 * A network frontend that does nothing by itself: a test writes its keys, fills its rings and looks for answers. It knows only the
 * wire, so it checks a backend independently of the real frontend, and can misbehave.
 *
 * <p>For a deterministic host, from the test's thread.
 */
final class ScriptedNetfront {

    static final Duration SOON = Duration.ofSeconds(5);
    private static final int TX_PAGES = 32;
    private static final int RX_PAGES = 64;

    /** A frame received, and what was said about it. */
    record Got(byte[] bytes, int flags, List<Long> extras) {}

    record Answer(int id, short status) {}

    /** A ring, its page and its half. */
    private final class Ring {
        final GrantedPages page;
        final FrontRing front;

        Ring(int slotBytes) {
            page = domain.call(guest -> guest.grants().grant(device.backendId(), 1, GrantAccess.READ_WRITE, "ring"));
            front = FrontRing.init(new SharedRing(page.memory(), slotBytes));
        }
    }

    /** An event channel, and how many events came. */
    final class Line {
        final int port;
        private final EventLoop.Registration registration;
        int events;

        Line() {
            port = domain.call(guest -> guest.events().allocUnbound(device.backendId()));
            registration = domain.call(guest -> guest.loop().register(port, "scripted vif", budget -> {
                events++;
                return 0;
            }));
        }

        void close() {
            domain.run(guest -> {
                registration.cancel();
                guest.events().close(port);
            });
        }
    }

    /** One pair of rings. */
    final class Queue {
        private final Ring txRing = new Ring(Netif.TX_SLOT_BYTES);
        private final Ring rxRing = new Ring(Netif.RX_SLOT_BYTES);
        final FrontRing tx = txRing.front;
        final FrontRing rx = rxRing.front;
        final Line txLine = new Line();
        final Line rxLine;
        private final GrantedPages txData;
        private final GrantedPages rxData;

        Queue(boolean split) {
            rxLine = split ? new Line() : txLine;
            txData = domain.call(
                    guest -> guest.grants().grant(device.backendId(), TX_PAGES, GrantAccess.READ_ONLY, "tx data"));
            rxData = domain.call(
                    guest -> guest.grants().grant(device.backendId(), RX_PAGES, GrantAccess.READ_WRITE, "rx data"));
        }

        void release() {
            txLine.close();
            if (rxLine != txLine) {
                rxLine.close();
            }
            domain.run(guest -> {
                txRing.page.release();
                rxRing.page.release();
                txData.release();
                rxData.release();
            });
        }

        /** Posts buffers, those of pages that follow each other. */
        void post(int count) {
            for (int i = 0; i < count; i++) {
                int index = rx.reqProdPvt();
                NetifRxRequest.put(
                        rx.memory(), rx.nextRequest(), index & 0xffff, rxData.gref((index & 0xffff) % RX_PAGES));
            }
            push(rx, rxLine);
        }

        private void push(FrontRing ring, Line line) {
            domain.run(guest -> {
                if (ring.pushRequestsAndCheckNotify()) {
                    guest.events().send(line.port);
                }
            });
        }

        /** Sends a frame, a page at a time. @param gsoType NONE for no extra */
        void send(byte[] frame, int flags, int gsoType, int gsoSize) {
            int extra = gsoType == Netif.XEN_NETIF_GSO_TYPE_NONE ? 0 : Netif.NETTXF_EXTRA_INFO;
            int at = 0;
            for (int page = 0; at < frame.length || page == 0; page++) {
                int bytes = Math.min(frame.length - at, SharedMemory.PAGE_BYTES);
                txData.memory().copyIn(page * SharedMemory.PAGE_BYTES, frame, at, bytes);
                at += bytes;
                int more = at < frame.length ? Netif.NETTXF_MORE_DATA : 0;
                int first = page == 0 ? flags | extra : 0;
                NetifTxRequest.put(
                        tx.memory(),
                        tx.nextRequest(),
                        txData.gref(page),
                        0,
                        first | more,
                        page,
                        page == 0 ? frame.length : bytes);
                if (page == 0 && extra != 0) {
                    NetifExtraInfo.putGso(tx.memory(), tx.nextRequest(), 0, gsoSize, gsoType, 0);
                }
            }
            push(tx, txLine);
        }

        void send(byte[] frame) {
            send(frame, 0, Netif.XEN_NETIF_GSO_TYPE_NONE, 0);
        }

        /** Joins or leaves a group. */
        void group(boolean join, long mac) {
            NetifTxRequest.put(tx.memory(), tx.nextRequest(), 0, 0, Netif.NETTXF_EXTRA_INFO, 1, 0);
            NetifExtraInfo.putMcast(tx.memory(), tx.nextRequest(), 0, join, mac);
            push(tx, txLine);
        }

        List<Answer> awaitAnswers(int count) {
            List<Answer> answers = new ArrayList<>();
            domain.await(
                    () -> {
                        for (int ready = tx.unconsumedResponses(); ready > 0; ready--) {
                            int response = NetifTxResponse.load(tx.memory(), tx.nextResponse());
                            answers.add(new Answer(NetifTxResponse.id(response), NetifTxResponse.status(response)));
                        }
                        return answers.size() >= count;
                    },
                    SOON);
            domain.run(guest -> tx.finalCheckForResponses());
            return answers;
        }

        /** What has come, put together as a frontend does; waits for so many frames. */
        List<Got> await(int frames) {
            List<Got> got = new ArrayList<>();
            domain.await(
                    () -> {
                        take(got);
                        return got.size() >= frames;
                    },
                    SOON);
            domain.run(guest -> rx.finalCheckForResponses());
            return got;
        }

        private void take(List<Got> got) {
            int ready = rx.unconsumedResponses();
            while (ready > 0) {
                byte[] bytes = {};
                List<Long> extras = new ArrayList<>();
                int flags = 0;
                boolean more = true;
                for (boolean first = true; more; first = false) {
                    int index = rx.rspCons();
                    long response = NetifRxResponse.load(rx.memory(), rx.nextResponse());
                    ready--;
                    int status = NetifRxResponse.status(response);
                    if (status < 0 || NetifRxResponse.id(response) != (index & 0xffff)) {
                        throw new AssertionError("status=" + status + ", id=" + NetifRxResponse.id(response));
                    }
                    flags = first ? NetifRxResponse.flags(response) : flags;
                    int have = bytes.length;
                    bytes = Arrays.copyOf(bytes, have + status - headroom);
                    int page = (index & 0xffff) % RX_PAGES * SharedMemory.PAGE_BYTES;
                    rxData.memory().copyOut(page + headroom, bytes, have, status - headroom);
                    boolean extra = (NetifRxResponse.flags(response) & Netif.NETRXF_EXTRA_INFO) != 0;
                    while (extra) {
                        long info = NetifExtraInfo.load(rx.memory(), rx.nextResponse());
                        ready--;
                        extras.add(info);
                        extra = (NetifExtraInfo.flags(info) & Netif.XEN_NETIF_EXTRA_FLAG_MORE) != 0;
                    }
                    more = (NetifRxResponse.flags(response) & Netif.NETRXF_MORE_DATA) != 0;
                }
                got.add(new Got(bytes, flags, extras));
            }
        }
    }

    /** The control ring and a page for what it grants. */
    final class Control {
        private final Ring ring = new Ring(Netif.CTRL_SLOT_BYTES);
        private final Line line = new Line();
        final GrantedPages page = domain.call(
                guest -> guest.grants().grant(device.backendId(), 1, GrantAccess.READ_WRITE, "control data"));
        int data;

        /** Asks and waits. @return the status; {@link #data} is what came with it */
        int ask(int type, int first, int second, int third) {
            FrontRing front = ring.front;
            NetifCtrlRequest.put(front.memory(), front.nextRequest(), 0x1234, type, first, second, third);
            domain.run(guest -> {
                if (front.pushRequestsAndCheckNotify()) {
                    guest.events().send(line.port);
                }
            });
            if (!domain.await(() -> front.unconsumedResponses() > 0, SOON)) {
                throw new AssertionError("no answer to " + type);
            }
            int at = front.nextResponse();
            if (NetifCtrlResponse.id(front.memory(), at) != 0x1234
                    || NetifCtrlResponse.type(front.memory(), at) != type) {
                throw new AssertionError("an answer to something else");
            }
            data = NetifCtrlResponse.data(front.memory(), at);
            return NetifCtrlResponse.status(front.memory(), at);
        }

        private void release() {
            line.close();
            domain.run(guest -> {
                ring.page.release();
                page.release();
            });
        }
    }

    final SimDomain domain;
    final SimDevice device;
    final List<Queue> queues = new ArrayList<>();
    Control control;
    int headroom;

    ScriptedNetfront(SimDomain domain, SimDevice device) {
        this.domain = domain;
        this.device = device;
    }

    void write(String... pairs) {
        String[] absolute = pairs.clone();
        for (int i = 0; i < absolute.length; i += 2) {
            absolute[i] = device.nodename() + "/" + absolute[i];
        }
        boolean[] done = new boolean[1];
        domain.run(guest -> guest.store().writeAll((ok, error) -> done[0] = error == null, absolute));
        if (!domain.await(() -> done[0], SOON)) {
            throw new AssertionError("not written: " + List.of(pairs));
        }
    }

    void state(XenbusState state) {
        write("state", Integer.toString(state.value()));
    }

    private String read(String path) {
        String[][] found = new String[1][];
        domain.run(guest -> guest.store().readAll((values, error) -> found[0] = values, path));
        domain.await(() -> found[0] != null, SOON);
        return found[0][0];
    }

    String backend(String key) {
        return read(device.backendPath() + "/" + key);
    }

    String own(String key) {
        return read(device.nodename() + "/" + key);
    }

    boolean awaitBackend(XenbusState wanted) {
        for (int look = 0; look < 1000; look++) {
            if (XenbusState.parse(backend("state")) == wanted) {
                return true;
            }
            domain.await(() -> false, Duration.ofMillis(1));
        }
        return false;
    }

    /** Makes rings and publishes them and all features; the state is left to the caller. */
    void publish(int queueCount, boolean split, boolean withControl) {
        write(
                NetifKeys.REQUEST_RX_COPY, "1",
                NetifKeys.FEATURE_RX_NOTIFY, "1",
                NetifKeys.FEATURE_SG, "1",
                NetifKeys.FEATURE_GSO_TCPV4, "1",
                NetifKeys.FEATURE_GSO_TCPV6, "1",
                NetifKeys.FEATURE_IPV6_CSUM_OFFLOAD, "1");
        if (queueCount > 1) {
            write(NetifKeys.MULTI_QUEUE_NUM_QUEUES, Integer.toString(queueCount));
        }
        for (int i = 0; i < queueCount; i++) {
            Queue queue = new Queue(split);
            queues.add(queue);
            String directory = queueCount > 1 ? NetifKeys.queue(i) + "/" : "";
            write(
                    directory + NetifKeys.TX_RING_REF, Integer.toString(queue.txRing.page.gref(0)),
                    directory + NetifKeys.RX_RING_REF, Integer.toString(queue.rxRing.page.gref(0)));
            if (split) {
                write(
                        directory + NetifKeys.EVENT_CHANNEL_TX, Integer.toString(queue.txLine.port),
                        directory + NetifKeys.EVENT_CHANNEL_RX, Integer.toString(queue.rxLine.port));
            } else {
                write(directory + NetifKeys.EVENT_CHANNEL, Integer.toString(queue.txLine.port));
            }
        }
        if (withControl) {
            control = new Control();
            write(
                    NetifKeys.CTRL_RING_REF, Integer.toString(control.ring.page.gref(0)),
                    NetifKeys.EVENT_CHANNEL_CTRL, Integer.toString(control.line.port));
        }
    }

    /** The whole handshake; keys written last override those of {@link #publish}. */
    ScriptedNetfront connect(int queueCount, boolean split, boolean withControl, String... keys) {
        if (!awaitBackend(XenbusState.INIT_WAIT)) {
            throw new AssertionError("backend is " + backend("state"));
        }
        publish(queueCount, split, withControl);
        if (keys.length > 0) {
            write(keys);
        }
        state(XenbusState.CONNECTED);
        if (!awaitBackend(XenbusState.CONNECTED)) {
            throw new AssertionError("backend is " + backend("state"));
        }
        return this;
    }

    Queue queue(int index) {
        return queues.get(index);
    }

    /** Gives everything back, as a frontend does that has crashed and is started again. */
    void release() {
        queues.forEach(Queue::release);
        queues.clear();
        if (control != null) {
            control.release();
            control = null;
        }
    }

    /** Closes in an orderly way and gives everything back. */
    void close() {
        state(XenbusState.CLOSING);
        awaitBackend(XenbusState.CLOSING);
        state(XenbusState.CLOSED);
        awaitBackend(XenbusState.CLOSED);
        release();
    }
}
