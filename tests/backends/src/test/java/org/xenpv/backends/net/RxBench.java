package org.xenpv.backends.net;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenpv.fault.PeerFault;
import org.xenpv.grant.CopyPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifRxRequest;
import org.xenpv.io.netif.NetifRxResponse;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/** A receive queue under test with a frontend driven by hand at the other end of its ring, time and events by hand. */
final class RxBench implements NetbackRxQueue.Host, AutoCloseable {

    static final int GUEST_PAGES = 256;
    static final long DRAIN_NS = 1_000_000;
    static final long STALL_NS = 6_000_000;
    static final int BACKLOG_PAGES = 32;

    /** What the frontend got: data put together from its buffers, and what was said about it. */
    static final class Got {
        byte[] bytes = {};
        int flags;
        int slots;
        int status;
        final List<Long> extras = new ArrayList<>();
    }

    final GuestGrants guest = new GuestGrants(GUEST_PAGES);
    final NetbackCounters counters = new NetbackCounters();
    final ChronicleMemory ringMemory = ChronicleMemory.allocatePages(1);
    final FrontRing front;
    final NetbackRxQueue queue;
    private final CopyPages source = guest.copyPages(40);
    private final NetFrame frame = new NetFrame();
    private int sourceAt = 64;
    private final int[] postedGref = new int[256];

    long nowNs = 5;
    long wakeNs = Long.MAX_VALUE;
    int events;
    List<Boolean> stalls = new ArrayList<>();
    PeerFault fault;
    Runnable whenBroken = () -> {};

    RxBench() {
        this(0, STALL_NS);
    }

    RxBench(int index, long stallNs) {
        SharedRing ring = new SharedRing(ringMemory, Netif.RX_SLOT_BYTES);
        ring.init(index);
        front = FrontRing.attach(ring, index);
        queue = new NetbackRxQueue(
                BackRing.attach(new SharedRing(ringMemory, Netif.RX_SLOT_BYTES), index),
                new NetbackRxQueue.Terms(GuestGrants.DOMID, DRAIN_NS, stallNs),
                guest.copyBatch(256),
                new FrameBacklog(guest.copyPages(BACKLOG_PAGES)),
                () -> nowNs,
                counters,
                this);
    }

    /** Posts buffers: the page that belongs to the slot. @return whether the queue wants an event */
    boolean post(int count) {
        for (int i = 0; i < count; i++) {
            postPage(GuestGrants.BASE + (front.reqProdPvt() & 0xff));
        }
        return front.pushRequestsAndCheckNotify();
    }

    void postPage(int gref) {
        int index = front.reqProdPvt();
        postedGref[index & 0xff] = gref;
        NetifRxRequest.put(front.memory(), front.nextRequest(), index & 0xffff, gref);
    }

    /** A frame in pages that the hypervisor can copy from; the next one lies behind it. */
    NetFrame frame(byte[] bytes) {
        if (sourceAt + bytes.length > source.memory().sizeBytes()) {
            queue.flush(); // what was sent is not to be written over
            sourceAt = 64;
        }
        source.memory().copyIn(sourceAt, bytes, 0, bytes.length);
        frame.set(source, sourceAt, bytes.length, 0);
        sourceAt += bytes.length;
        return frame;
    }

    boolean send(byte[] bytes) {
        return queue.send(frame(bytes));
    }

    /** What has been published: whole frames, put together as a frontend does. */
    List<Got> take(int headroom) {
        List<Got> all = new ArrayList<>();
        int ready = front.unconsumedResponses();
        while (ready > 0) {
            Got got = new Got();
            boolean more = true;
            while (more) {
                int index = front.rspCons();
                long response = NetifRxResponse.load(front.memory(), front.nextResponse());
                ready--;
                if (NetifRxResponse.id(response) != (index & 0xffff) || NetifRxResponse.offset(response) != 0) {
                    throw new AssertionError("id or offset: " + Long.toHexString(response));
                }
                int flags = NetifRxResponse.flags(response);
                got.flags |= got.slots == 0 ? flags : flags & ~Netif.NETRXF_MORE_DATA;
                got.slots++;
                int status = NetifRxResponse.status(response);
                got.status = status < 0 ? status : got.status;
                if (status > headroom) {
                    byte[] part = guest.bytes(
                            (postedGref[index & 0xff] - GuestGrants.BASE) & 0xff, headroom, status - headroom);
                    byte[] joined = Arrays.copyOf(got.bytes, got.bytes.length + part.length);
                    System.arraycopy(part, 0, joined, got.bytes.length, part.length);
                    got.bytes = joined;
                }
                boolean extra = (flags & Netif.NETRXF_EXTRA_INFO) != 0;
                while (extra) {
                    long info = NetifExtraInfo.load(front.memory(), front.nextResponse());
                    ready--;
                    got.extras.add(info);
                    extra = (NetifExtraInfo.flags(info) & Netif.XEN_NETIF_EXTRA_FLAG_MORE) != 0;
                }
                more = (flags & Netif.NETRXF_MORE_DATA) != 0;
            }
            all.add(got);
        }
        return all;
    }

    long dropped(NetbackDrop reason) {
        return counters.snapshot().dropped(reason);
    }

    /** Moves time to the wake-up that was asked for. */
    void sleep() {
        if (wakeNs == Long.MAX_VALUE) {
            throw new AssertionError("no wake-up was asked for");
        }
        nowNs = wakeNs;
        wakeNs = Long.MAX_VALUE;
        queue.wake();
    }

    @Override
    public void sendEvent() {
        events++;
    }

    @Override
    public void wakeAt(long dueNs) {
        wakeNs = Math.min(wakeNs, dueNs);
    }

    @Override
    public void stalled(boolean now) {
        stalls.add(now);
    }

    @Override
    public void broken(PeerFault found) {
        fault = found;
        whenBroken.run();
    }

    @Override
    public void close() {
        queue.close();
        source.close();
        guest.close();
        ringMemory.close();
    }
}
