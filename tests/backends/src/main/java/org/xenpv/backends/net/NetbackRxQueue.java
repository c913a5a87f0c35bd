package org.xenpv.backends.net;

import static org.xenpv.io.netif.Netif.NETRXF_CSUM_BLANK;
import static org.xenpv.io.netif.Netif.NETRXF_DATA_VALIDATED;
import static org.xenpv.io.netif.Netif.NETRXF_EXTRA_INFO;
import static org.xenpv.io.netif.Netif.NETRXF_MORE_DATA;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_FLAG_MORE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_NONE;

import org.xenpv.event.Clock;
import org.xenpv.fault.PeerFault;
import org.xenpv.grant.CopyBatch;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifRxRequest;
import org.xenpv.io.netif.NetifRxResponse;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;

/**
 * The back half of a receive ring: gives frames to the guest, in bursts.
 *
 * <p>A frame sent takes the buffers it needs at once, if they are there: their slots are answered, unpublished, and its copies
 * gathered. {@link #flush} has all copies done by one hypercall and publishes. A frame for which there are not enough buffers waits
 * in a {@link FrameBacklog}; so do those behind it, until the guest posts more. Nothing waits for ever: frames expire, and when
 * the guest has posted nothing for long enough the queue is stalled and takes no more.
 *
 * <p>A response stands in the slot of its request, extras in those of requests that they use up (netif.h). A frame is published
 * whole. Sans-IO: events and time are asked of the {@link Host}. Owned by the loop's thread. Nothing is allocated per frame.
 */
final class NetbackRxQueue {

    /** What a queue asks of the device it belongs to. */
    interface Host {

        /** Send the frontend an event. */
        void sendEvent();

        /** Call {@link #wake} at or soon after this time. */
        void wakeAt(long dueNs);

        /** Whether the queue is stalled has changed. */
        void stalled(boolean now);

        /** The frontend violated the protocol; the queue has stopped. */
        void broken(PeerFault fault);
    }

    /**
     * What was agreed with the guest.
     *
     * @param drainNs how long a frame waits for buffers
     * @param stallNs after how long without buffers the queue is stalled; 0 for never
     */
    record Terms(int domid, long drainNs, long stallNs) {}

    private static final int PAGE = SharedMemory.PAGE_BYTES;

    private final BackRing ring;
    private final SharedMemory memory;
    private final Terms terms;
    private final CopyBatch copies;
    private final FrameBacklog backlog;
    private final Clock clock;
    private final NetbackCounters counters;
    private final Host host;

    /** The slot that each gathered copy fills. */
    private final int[] slotOf;

    private int xdpHeadroom;
    private int ready;
    private int unpublished;
    private boolean waiting;
    private long waitingSinceNs;
    private boolean stalled;
    private boolean stopped;

    /**
     * @param copies room for as many copies as the ring has slots; closed with the queue, as is the backlog
     */
    NetbackRxQueue(
            BackRing ring,
            Terms terms,
            CopyBatch copies,
            FrameBacklog backlog,
            Clock clock,
            NetbackCounters counters,
            Host host) {
        this.ring = ring;
        this.memory = ring.memory();
        this.terms = terms;
        this.copies = copies;
        this.backlog = backlog;
        this.clock = clock;
        this.counters = counters;
        this.host = host;
        this.slotOf = new int[copies.copiesMax()];
    }

    /** Takes a frame, to be published by the next {@link #flush}. @return false if it was dropped, and counted */
    boolean send(NetFrame frame) {
        if (stopped) {
            counters.drop(NetbackDrop.RX_NOT_CONNECTED);
            return false;
        }
        if (stalled && !recovered()) {
            counters.drop(NetbackDrop.RX_STALLED);
            return false;
        }
        if (frame.pages() != null && backlog.isEmpty()) {
            if (hasBuffers(frame)) {
                place(frame);
                return true;
            }
            if (stopped) { // just now, and the backlog with it
                counters.drop(NetbackDrop.RX_NOT_CONNECTED);
                return false;
            }
        }
        return enqueue(frame);
    }

    private boolean enqueue(NetFrame frame) {
        if (!backlog.add(frame, clock.nanoTime() + terms.drainNs)) {
            counters.drop(NetbackDrop.RX_NO_BUFFERS);
            return false;
        }
        if (frame.pages() == null && backlog.waiting() == 1) {
            if (hasBuffers(frame)) {
                place(backlog.first()); // it was copied only to be where the hypervisor can copy from
                backlog.take();
                return true;
            }
            if (stopped) {
                return false; // counted with all that waited
            }
        }
        counters.rxBacklogged++;
        if (backlog.waiting() == 1) {
            beginWaiting();
        }
        return true;
    }

    private void beginWaiting() {
        if (!waiting) {
            waiting = true;
            waitingSinceNs = clock.nanoTime();
        }
        host.wakeAt(backlog.firstExpiresNs());
    }

    private int dataSlots(NetFrame frame) {
        int room = PAGE - xdpHeadroom;
        return (frame.length() + room - 1) / room;
    }

    private int extraSlots(NetFrame frame) {
        return (hasGso(frame) ? 1 : 0) + (xdpHeadroom > 0 ? 1 : 0) + (hasHash(frame) ? 1 : 0);
    }

    private static boolean hasGso(NetFrame frame) {
        return frame.gsoType() != XEN_NETIF_GSO_TYPE_NONE;
    }

    private static boolean hasHash(NetFrame frame) {
        return frame.hashAlgorithm() != XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
    }

    /** Looks at the ring only if what is known to be there is not enough. */
    private boolean hasBuffers(NetFrame frame) {
        int needed = dataSlots(frame) + extraSlots(frame);
        if (ready < needed) {
            int found = ring.unconsumedRequests();
            if (found == BackRing.BROKEN) {
                stopped = true;
                host.broken(ring.fault());
                return false;
            }
            ready = found;
        }
        return ready >= needed;
    }

    /** Uses up the buffers of a frame; the first carries what is said about it, extras follow that. */
    private void place(NetFrame frame) {
        int extras = extraSlots(frame);
        if (unpublished + dataSlots(frame) + extras > ring.nrEnts()) {
            publish(); // the guest posts into slots whose answers it cannot have seen
        }
        int done = 0;
        int flags = extras > 0 ? NETRXF_EXTRA_INFO : 0;
        if (frame.csumBlank()) {
            flags |= NETRXF_CSUM_BLANK | NETRXF_DATA_VALIDATED;
            counters.rxCsumBlank++;
        } else if (frame.dataValidated()) {
            flags |= NETRXF_DATA_VALIDATED;
        }
        while (done < frame.length()) {
            int part = Math.min(frame.length() - done, PAGE - xdpHeadroom);
            boolean more = done + part < frame.length();
            placePart(frame, done, part, more ? flags | NETRXF_MORE_DATA : flags);
            if (done == 0 && extras > 0) {
                placeExtras(frame, extras);
            }
            flags = 0;
            done += part;
        }
        counters.rxFrames++;
        counters.rxBytes += frame.length();
        waiting = false;
    }

    private void placePart(NetFrame frame, int from, int part, int flags) {
        long request = NetifRxRequest.load(memory, ring.nextRequest());
        int slot = ring.nextResponse();
        int copy = copies.to(
                terms.domid, NetifRxRequest.gref(request), xdpHeadroom, frame.pages(), frame.at() + from, part);
        slotOf[copy] = slot;
        NetifRxResponse.put(memory, slot, NetifRxRequest.id(request), 0, flags, (short) (xdpHeadroom + part));
        ready--;
        unpublished++;
        counters.rxSlots++;
    }

    private void placeExtras(NetFrame frame, int extras) {
        int left = extras;
        if (hasGso(frame)) {
            int at = extraSlot();
            NetifExtraInfo.putGso(memory, at, more(--left), frame.gsoSize(), frame.gsoType(), 0);
            counters.rxGso++;
        }
        if (hasHash(frame)) {
            int at = extraSlot();
            NetifExtraInfo.putHash(
                    memory, at, more(--left), frame.hashType(), frame.hashAlgorithm(), frame.hashValue());
        }
        if (xdpHeadroom > 0) {
            NetifExtraInfo.putXdp(memory, extraSlot(), more(--left), xdpHeadroom);
        }
    }

    private static int more(int left) {
        return left > 0 ? XEN_NETIF_EXTRA_FLAG_MORE : 0;
    }

    private int extraSlot() {
        ring.nextRequest(); // its buffer stays unused
        ready--;
        unpublished++;
        counters.rxExtras++;
        return ring.nextResponse();
    }

    /** Copies and publishes what was sent, and asks for an event if frames wait for buffers. */
    void flush() {
        if (stopped) {
            return;
        }
        publish();
        if (!backlog.isEmpty()) {
            drain(Integer.MAX_VALUE);
            wakeForFirst();
        }
    }

    private void publish() {
        if (unpublished == 0) {
            return;
        }
        int count = copies.copies();
        counters.copies += count;
        counters.copyCalls++;
        if (copies.run() > 0) {
            tellFailures(count);
        }
        unpublished = 0;
        backlog.release();
        if (ring.pushResponsesAndCheckNotify()) {
            counters.notificationsSent++;
            host.sendEvent();
        } else {
            counters.notificationsSuppressed++;
        }
    }

    private void tellFailures(int count) {
        for (int copy = 0; copy < count; copy++) {
            int status = copies.status(copy);
            if (status != 0) { // as Linux: GNTST_* take the place of the length
                memory.putShort(slotOf[copy] + NetifRxResponse.STATUS_OFFSET, (short) status);
                counters.drop(NetbackDrop.RX_NOT_GRANTED);
            }
        }
    }

    /** Gives waiting frames to the guest, if it has posted buffers. @return how many */
    int poll(int budget) {
        if (stopped || stalled && !recovered()) {
            return 0;
        }
        int done = drain(budget);
        wakeForFirst();
        return done;
    }

    private int drain(int budget) {
        int done = 0;
        while (done < budget && !stopped && !backlog.isEmpty()) {
            NetFrame frame = backlog.first();
            if (hasBuffers(frame)) {
                place(frame);
                backlog.take();
                done++;
            } else if (stopped || !ring.finalCheckForRequests(dataSlots(frame) + extraSlots(frame))) {
                break;
            }
        }
        if (!stopped) {
            publish();
        }
        return done;
    }

    private void wakeForFirst() {
        if (!backlog.isEmpty() && !stopped) {
            beginWaiting();
        }
    }

    /** Time has passed: frames that waited too long are dropped, and the queue may be stalled. */
    void wake() {
        if (stopped) {
            return;
        }
        if (!stalled || recovered()) {
            drain(Integer.MAX_VALUE);
        }
        long now = clock.nanoTime();
        while (!backlog.isEmpty() && backlog.firstExpiresNs() - now <= 0) {
            backlog.take();
            counters.drop(NetbackDrop.RX_EXPIRED);
        }
        if (unpublished == 0) {
            backlog.release();
        }
        wakeForFirst();
        if (waiting && terms.stallNs > 0 && !stalled && !stopped) {
            long stallsNs = waitingSinceNs + terms.stallNs;
            if (stallsNs - now <= 0) {
                stalled = ring.unconsumedRequests() == 0;
                if (stalled) {
                    ring.finalCheckForRequests(1);
                    host.stalled(true);
                }
            } else {
                host.wakeAt(stallsNs);
            }
        }
    }

    /** Whether a stalled guest has posted buffers again. */
    private boolean recovered() {
        int found = ring.unconsumedRequests();
        if (found == BackRing.BROKEN) {
            stopped = true;
            host.broken(ring.fault());
        }
        if (found < 1) {
            return false;
        }
        stalled = false;
        waiting = false;
        host.stalled(false);
        return true;
    }

    /** Each buffer's data begins so far into its page from now on, and an extra says so. */
    void xdpHeadroom(int headroomBytes) {
        xdpHeadroom = headroomBytes;
    }

    boolean isStalled() {
        return stalled;
    }

    /** Frames that wait for buffers. */
    int backlogged() {
        return backlog.waiting();
    }

    /** Gives the guest nothing more, and its memory back. Idempotent. */
    void close() {
        stopped = true;
        while (!backlog.isEmpty()) {
            backlog.take();
            counters.drop(NetbackDrop.RX_DISCONNECTED);
        }
        backlog.close();
        copies.close();
    }
}
