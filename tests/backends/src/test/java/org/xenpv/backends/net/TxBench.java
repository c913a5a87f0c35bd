package org.xenpv.backends.net;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.fault.PeerFault;
import org.xenpv.grant.CopyBatch;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifTxRequest;
import org.xenpv.io.netif.NetifTxResponse;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/** A transmit queue under test with a frontend driven by hand at the other end of its ring. */
final class TxBench implements NetbackTxQueue.Host, AutoCloseable {

    static final int GUEST_PAGES = 64;
    static final TxPacket.Rules ALL = new TxPacket.Rules(true, true, true, true, true, true);

    /** What came out of the queue. */
    record Got(byte[] bytes, boolean csumBlank, boolean validated, int gsoType, int gsoSize, int hashValue) {}

    record Answer(int id, short status) {}

    final GuestGrants guest = new GuestGrants(GUEST_PAGES);
    final NetbackCounters counters = new NetbackCounters();
    final ChronicleMemory ringMemory = ChronicleMemory.allocatePages(1);
    final FrontRing front;
    final NetbackTxQueue queue;
    final FrameArena arena;
    final GroupFilter filter = new GroupFilter();
    final List<Got> frames = new ArrayList<>();
    boolean keepFrames = true;
    int bursts;
    int events;
    int answersAtBurst;
    PeerFault fault;
    Runnable whenReceived = () -> {};
    NetworkPort.Sink sink;
    private final CopyBatch copies;

    TxBench() {
        this(0, ALL);
    }

    TxBench(int index, TxPacket.Rules rules) {
        SharedRing ring = new SharedRing(ringMemory, Netif.TX_SLOT_BYTES);
        ring.init(index);
        front = FrontRing.attach(ring, index);
        arena = new FrameArena(guest.copyPages(NetbackTxQueue.ARENA_PAGES));
        copies = guest.copyBatch(NetbackTxQueue.COPIES_MAX);
        queue = new NetbackTxQueue(
                BackRing.attach(new SharedRing(ringMemory, Netif.TX_SLOT_BYTES), index),
                GuestGrants.DOMID,
                arena,
                copies,
                rules,
                counters,
                this);
    }

    void request(int gref, int offset, int flags, int id, int size) {
        NetifTxRequest.put(front.memory(), front.nextRequest(), gref, offset, flags, id, size);
    }

    void gso(int flags, int size, int type) {
        NetifExtraInfo.putGso(front.memory(), front.nextRequest(), flags, size, type, 0);
    }

    /** An extra of any type, valid or not. */
    void extra(int type, int flags) {
        int at = front.nextRequest();
        front.memory().putInt(at, type & 0xff | flags << 8);
        front.memory().putInt(at + 4, 0);
    }

    /** Puts a frame into pages from one on, and stages it in pieces; the last takes what is left. */
    void stage(byte[] frame, int flags, int id, int page, int offset, int... pieces) {
        int at = 0;
        for (int i = 0; i <= pieces.length; i++) {
            int bytes = i < pieces.length ? pieces[i] : frame.length - at;
            guest.fill(page + i, offset, frame, at, bytes);
            int more = i < pieces.length ? Netif.NETTXF_MORE_DATA : 0;
            request(
                    GuestGrants.BASE + page + i,
                    offset,
                    i == 0 ? flags | more : more,
                    id + i,
                    i == 0 ? frame.length : bytes);
            at += bytes;
        }
    }

    /** Publishes what is staged and lets the queue work. @return the answers that have come */
    List<Answer> run() {
        front.pushRequests();
        queue.poll(1000);
        return answers();
    }

    List<Answer> answers() {
        List<Answer> answers = new ArrayList<>();
        for (int ready = front.unconsumedResponses(); ready > 0; ready--) {
            int response = NetifTxResponse.load(front.memory(), front.nextResponse());
            answers.add(new Answer(NetifTxResponse.id(response), NetifTxResponse.status(response)));
        }
        return answers;
    }

    long dropped(NetbackDrop reason) {
        return counters.snapshot().dropped(reason);
    }

    @Override
    public void sendEvent() {
        events++;
    }

    @Override
    public void received(NetFrame frame) {
        whenReceived.run();
        if (sink != null) {
            sink.received(frame);
        }
        if (keepFrames) {
            frames.add(new Got(
                    frame.toBytes(),
                    frame.csumBlank(),
                    frame.dataValidated(),
                    frame.gsoType(),
                    frame.gsoSize(),
                    frame.hashValue()));
        }
    }

    @Override
    public void receivedAll() {
        bursts++;
        if (sink != null) {
            sink.receivedAll();
        }
        answersAtBurst = front.unconsumedResponses();
    }

    @Override
    public boolean addGroup(long mac) {
        return filter.add(mac);
    }

    @Override
    public void removeGroup(long mac) {
        filter.remove(mac);
    }

    @Override
    public void broken(PeerFault found) {
        fault = found;
    }

    @Override
    public void close() {
        queue.stop();
        copies.close();
        arena.close();
        guest.close();
        ringMemory.close();
    }
}
