package org.xenpv.scenarios.hostile;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
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
import org.xenpv.ring.SharedRing;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.xenbus.XenbusState;

/**
 * A network backend that does nothing by itself: a test advertises, maps, answers, scribbles, keeps and vanishes by hand, on the
 * transmit, receive and control ring. It knows only the wire.
 */
final class HostileNetback extends HostileBackend {

    /** Which ring. */
    enum Ring {
        TX,
        RX,
        CTRL
    }

    /** A request on the transmit ring as it stood there, and how many slots of extra information followed it. */
    record TxRequest(int id, int gref, int offset, int size, int flags, int extras) {}

    /** A page that the frontend has offered. */
    record RxRequest(int id, int gref) {}

    record CtrlRequest(int id, int type, int data0, int data1) {}

    /** A ring of one page, and the port that goes with it. */
    static final class Wire {

        private final MappedPages page;
        private final int slotBytes;
        private final int slots;
        private final int port;
        private int reqCons;
        private int rspProdPvt;

        private Wire(MappedPages page, int slotBytes, int port) {
            this.page = page;
            this.slotBytes = slotBytes;
            this.slots = Integer.highestOneBit((PAGE - SharedRing.RING_OFFSET) / slotBytes);
            this.port = port;
        }

        SharedMemory memory() {
            return page.memory();
        }

        int port() {
            return port;
        }

        int slots() {
            return slots;
        }

        int slotAt(int index) {
            return SharedRing.RING_OFFSET + (index & slots - 1) * slotBytes;
        }

        int reqProd() {
            return memory().getIntAcquire(SharedRing.REQ_PROD_OFFSET);
        }

        /** Requests published and not taken yet. */
        int untaken() {
            return reqProd() - reqCons;
        }

        private int next() {
            return slotAt(reqCons++);
        }

        private int nextResponse() {
            return slotAt(rspProdPvt++);
        }

        void publish() {
            rspProd(rspProdPvt);
        }

        /** Writes rsp_prod, whatever we have produced. */
        void rspProd(int value) {
            memory().putIntRelease(SharedRing.RSP_PROD_OFFSET, value);
        }

        /** As if so many requests more had been made and answered: nothing of what is on the ring changes but its indices. */
        void advance(int by) {
            if (by % slots != 0) {
                throw new IllegalArgumentException("by=" + by + ", must be whole laps of " + slots);
            }
            reqCons += by;
            rspProdPvt += by;
            for (int at : INDICES) {
                memory().putInt(at, memory().getIntAcquire(at) + by);
            }
        }

        private static final int[] INDICES = {
            SharedRing.REQ_PROD_OFFSET,
            SharedRing.REQ_EVENT_OFFSET,
            SharedRing.RSP_PROD_OFFSET,
            SharedRing.RSP_EVENT_OFFSET
        };

        /** Overwrites a slot. */
        void scribble(int index, int value) {
            for (int at = slotAt(index); at < slotAt(index) + slotBytes; at++) {
                memory().putByte(at, (byte) value);
            }
        }
    }

    /** Of the first queue, which all that is not IP is sent on. */
    Wire tx;

    /** Of the first queue, or the one that {@link #receiveOn} said. */
    Wire rx;

    private final List<Wire> rxOf = new ArrayList<>();

    /** Null if the frontend has none. */
    Wire ctrl;

    HostileNetback(SimDomain domain, SimDevice device) {
        super(domain, device);
    }

    Wire wire(Ring ring) {
        return switch (ring) {
            case TX -> tx;
            case RX -> rx;
            case CTRL -> ctrl;
        };
    }

    // ---- connection

    /** Maps the rings of every queue, and the control ring, and binds their ports. */
    void attach() {
        String several = front(NetifKeys.MULTI_QUEUE_NUM_QUEUES);
        rxOf.clear();
        for (int i = 0; i < (several == null ? 1 : Integer.parseInt(several)); i++) {
            String queue = several == null ? "" : NetifKeys.queue(i) + "/";
            boolean split = front(queue + NetifKeys.EVENT_CHANNEL_TX) != null;
            int txPort = bind(queue + (split ? NetifKeys.EVENT_CHANNEL_TX : NetifKeys.EVENT_CHANNEL));
            int rxPort = split ? bind(queue + NetifKeys.EVENT_CHANNEL_RX) : txPort;
            Wire sending = new Wire(ring(queue + NetifKeys.TX_RING_REF), Netif.TX_SLOT_BYTES, txPort);
            tx = i == 0 ? sending : tx;
            rxOf.add(new Wire(ring(queue + NetifKeys.RX_RING_REF), Netif.RX_SLOT_BYTES, rxPort));
        }
        rx = rxOf.get(0);
        ctrl = null;
        if (front(NetifKeys.CTRL_RING_REF) != null) {
            ctrl = new Wire(ring(NetifKeys.CTRL_RING_REF), Netif.CTRL_SLOT_BYTES, bind(NetifKeys.EVENT_CHANNEL_CTRL));
        }
    }

    /** What is put on the receive ring from now on goes to this queue. */
    void receiveOn(int queue) {
        rx = rxOf.get(queue);
    }

    private MappedPages ring(String key) {
        return map(new int[] {Integer.parseInt(front(key))}, GrantAccess.READ_WRITE);
    }

    @Override
    XenbusState published() {
        return XenbusState.CONNECTED;
    }

    void connected() {
        state(XenbusState.CONNECTED);
        awaitLive();
    }

    /** The frontend's state said Connected before; that it has taken notice of ours shows in the pages it offers to receive in. */
    void awaitLive() {
        if (!awaitShared(() -> rx.reqProd() != 0)) {
            throw new AssertionError("the frontend offers no pages, its state is " + front("state"));
        }
    }

    /** Of any of the rings. */
    void event(Wire wire) {
        sendEvent(wire.port);
    }

    /** Shows what has been put on a ring, and says so. */
    void publish(Wire wire) {
        wire.publish();
        event(wire);
    }

    // ---- transmit

    /** Waits until the frontend has published so many slots since we attached, and takes those not taken yet. */
    List<TxRequest> takeTx(int total) {
        if (!awaitShared(() -> tx.reqProd() - total >= 0)) {
            throw new AssertionError("tx req_prod=" + tx.reqProd() + ", expected " + total);
        }
        List<TxRequest> requests = new ArrayList<>();
        while (tx.untaken() != 0) {
            requests.add(nextTx());
        }
        return requests;
    }

    /** The type of the extra information that follows the request at an index. */
    int extraBehind(int index) {
        return NetifExtraInfo.type(NetifExtraInfo.load(tx.memory(), tx.slotAt(index + 1)));
    }

    private TxRequest nextTx() {
        SharedMemory m = tx.memory();
        int at = tx.next();
        int flags = NetifTxRequest.flags(m, at);
        int extras = 0;
        boolean more = (flags & Netif.NETTXF_EXTRA_INFO) != 0;
        while (more) {
            long extra = NetifExtraInfo.load(m, tx.next());
            more = (NetifExtraInfo.flags(extra) & Netif.XEN_NETIF_EXTRA_FLAG_MORE) != 0;
            extras++;
        }
        return new TxRequest(
                NetifTxRequest.id(m, at),
                NetifTxRequest.gref(m, at),
                NetifTxRequest.offset(m, at),
                NetifTxRequest.size(m, at),
                flags,
                extras);
    }

    /** The bytes of a packet that is in one piece. */
    byte[] frame(TxRequest request) {
        MappedPages page = map(new int[] {request.gref}, GrantAccess.READ_ONLY);
        byte[] bytes = new byte[request.size];
        page.memory().copyOut(request.offset, bytes, 0, bytes.length);
        unmap(page);
        return bytes;
    }

    /** Writes the next answer; {@link #publish} makes it visible. */
    void putTx(int id, int status) {
        NetifTxResponse.put(tx.memory(), tx.nextResponse(), id, (short) status);
    }

    // ---- receive

    /** The next page that was offered; its slot is that of the next answer. */
    RxRequest takeRx() {
        if (!awaitShared(() -> rx.untaken() != 0)) {
            throw new AssertionError("no rx request beyond " + rx.reqProd());
        }
        long request = NetifRxRequest.load(rx.memory(), rx.next());
        return new RxRequest(NetifRxRequest.id(request), NetifRxRequest.gref(request));
    }

    /** Answers the next page if there is one; may be called from anywhere. */
    boolean putNextRxIfAny(int status) {
        if (rx.untaken() == 0) {
            return false;
        }
        long request = NetifRxRequest.load(rx.memory(), rx.next());
        putRx(NetifRxRequest.id(request), 0, 0, status);
        return true;
    }

    void putRx(int id, int offset, int flags, int status) {
        NetifRxResponse.put(rx.memory(), rx.nextResponse(), id, offset, flags, (short) status);
    }

    /** Answers the next page that was offered without touching it. */
    RxRequest putNextRx(int offset, int flags, int status) {
        RxRequest request = takeRx();
        putRx(request.id, offset, flags, status);
        return request;
    }

    /** Puts bytes into the next page that was offered and answers with them. */
    RxRequest putNextRx(byte[] bytes, int flags) {
        RxRequest request = takeRx();
        MappedPages page = map(new int[] {request.gref}, GrantAccess.READ_WRITE);
        page.memory().copyIn(0, bytes, 0, bytes.length);
        unmap(page);
        putRx(request.id, 0, flags, bytes.length);
        return request;
    }

    /** Extra information of any type, in place of the next answer. */
    void putExtra(int type, int flags) {
        takeRx();
        int at = rx.nextResponse();
        NetifExtraInfo.putGso(rx.memory(), at, flags, 1000, Netif.XEN_NETIF_GSO_TYPE_TCPV4, 0);
        rx.memory().putByte(at, (byte) type);
    }

    /** What the packet is said to have free in front of it, in place of the next answer. */
    void putHeadroom(int bytes) {
        takeRx();
        NetifExtraInfo.putXdp(rx.memory(), rx.nextResponse(), 0, bytes);
    }

    /** The hash of the packet before, in place of the next answer. */
    void putHash() {
        takeRx();
        NetifExtraInfo.putHash(
                rx.memory(), rx.nextResponse(), 0, 1, Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 0x1234);
    }

    /** An honest packet. */
    void deliver(byte[] frame) {
        putNextRx(frame, 0);
        publish(rx);
    }

    // ---- control

    CtrlRequest takeCtrl() {
        if (!awaitShared(() -> ctrl.untaken() != 0)) {
            throw new AssertionError("no ctrl request beyond " + ctrl.reqProd());
        }
        SharedMemory m = ctrl.memory();
        int at = ctrl.next();
        return new CtrlRequest(
                NetifCtrlRequest.id(m, at),
                NetifCtrlRequest.type(m, at),
                NetifCtrlRequest.data(m, at, 0),
                NetifCtrlRequest.data(m, at, 1));
    }

    void putCtrl(int id, int type, int status, int data) {
        NetifCtrlResponse.put(ctrl.memory(), ctrl.nextResponse(), id, type, status, data);
    }

    /** Agrees to whatever is asked until nothing more is. */
    void agree(int requests) {
        for (int i = 0; i < requests; i++) {
            CtrlRequest request = takeCtrl();
            putCtrl(request.id, request.type, Netif.XEN_NETIF_CTRL_STATUS_SUCCESS, 0xff);
            publish(ctrl);
        }
    }
}
