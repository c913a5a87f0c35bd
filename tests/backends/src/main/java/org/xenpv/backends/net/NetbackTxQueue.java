package org.xenpv.backends.net;

import org.xenpv.fault.PeerFault;
import org.xenpv.grant.CopyBatch;
import org.xenpv.ring.BackRing;

/**
 * The back half of a transmit ring: takes packets of the guest, in bursts.
 *
 * <pre>
 *  slots --copy once--> {@link TxPacket} --judge--> copies gathered     until the ring, the arena or the burst is used up
 *                                 | bad
 *                                 v                                 then: all copies by one hypercall,
 *                              ERROR                                      frames to the sink, the sink's receivedAll,
 *                                                                         all answers, one push, one event at most
 * </pre>
 *
 * <p>Every request is answered once, in its own slot's place; slots of extra information are answered NULL. A bad packet is answered
 * ERROR and dropped, whatever is wrong with it. Only a producer index that cannot be breaks the ring.
 *
 * <p>Sans-IO: events and frames go to the {@link Host}. Owned by the loop's thread. Nothing is allocated per packet.
 */
final class NetbackTxQueue {

    /** Most packets in a burst. */
    static final int BURST_MAX = 64;

    /** Three of the longest packets, and what fits a processor's cache. */
    static final int ARENA_PAGES = 64;

    /** Most copies in a burst: a ring full of slots. */
    static final int COPIES_MAX = 256;

    /** What a queue asks of the device it belongs to. */
    interface Host {

        /** Send the frontend an event. */
        void sendEvent();

        /** A frame came from the guest. */
        void received(NetFrame frame);

        /** The burst is over. */
        void receivedAll();

        /** Put a group into the guest's filter. @return false if there is no room */
        boolean addGroup(long mac);

        void removeGroup(long mac);

        /** The frontend violated the protocol; the queue has stopped. */
        void broken(PeerFault fault);
    }

    private final BackRing ring;
    private final int domid;
    private final FrameArena arena;
    private final CopyBatch copies;
    private final TxPacket.Rules rules;
    private final NetbackCounters counters;
    private final Host host;

    private final TxPacket[] burst = new TxPacket[BURST_MAX];
    private int packets;

    private final TxAnswers answers;
    private final NetFrame frame = new NetFrame();
    private final FrameHeaders headers = new FrameHeaders();
    private boolean stopped;

    /**
     * @param arena for the frames of a burst, and {@code copies} for their copies: may be shared by the queues of one thread
     */
    NetbackTxQueue(
            BackRing ring,
            int domid,
            FrameArena arena,
            CopyBatch copies,
            TxPacket.Rules rules,
            NetbackCounters counters,
            Host host) {
        this.ring = ring;
        this.domid = domid;
        this.arena = arena;
        this.copies = copies;
        this.rules = rules;
        this.counters = counters;
        this.host = host;
        this.answers = new TxAnswers(ring.nrEnts());
        for (int i = 0; i < BURST_MAX; i++) {
            burst[i] = new TxPacket();
        }
    }

    /** Takes packets. @return how many */
    int poll(int budget) {
        int done = 0;
        while (done < budget && !stopped) {
            int ready = ring.unconsumedRequests();
            if (ready == BackRing.BROKEN) {
                stopped = true;
                host.broken(ring.fault());
            } else if (ready > 0) {
                done += burst(ready, budget - done);
            } else if (!ring.finalCheckForRequests()) {
                break;
            }
        }
        return done;
    }

    private int burst(int ready, int budget) {
        int taken = 0;
        int left = ready;
        int limit = Math.min(budget, BURST_MAX);
        arena.reset();
        answers.clear();
        packets = 0;
        while (left > 0
                && taken < limit
                && arena.hasRoom()
                && copies.copies() + TxPacket.SLOTS_MAX <= copies.copiesMax()) {
            TxPacket packet = burst[packets];
            left -= packet.take(ring, left, rules, answers);
            taken++;
            admit(packet);
        }
        copy();
        try {
            passOn();
        } finally { // whatever goes wrong where the packets go, their sender is answered
            if (!stopped) {
                respond();
            }
        }
        return taken;
    }

    /** What is passed on may end the connection, and with it the memory that the packets are in. */
    private void passOn() {
        for (int i = 0; i < packets && !stopped; i++) {
            deliver(burst[i]);
        }
        if (packets > 0) {
            host.receivedAll();
        }
    }

    /** Settles at once what is no packet, and puts a packet into the burst. */
    private void admit(TxPacket packet) {
        counters.txRequests += packet.slots();
        counters.txExtras += packet.extras();
        if (packet.fault() != null) {
            counters.drop(packet.fault());
        } else if (!packet.isFilterChange()) {
            gather(packet);
            packets++;
        } else if (!packet.addsGroup()) {
            host.removeGroup(packet.group());
            counters.mcastRemoved++;
        } else if (host.addGroup(packet.group())) {
            counters.mcastAdded++;
        } else {
            answers.fail(packet.answerOf(0));
        }
    }

    private void gather(TxPacket packet) {
        int at = packet.slots() > 1 ? arena.take(packet.bytes(0), packet.length()) : arena.take(packet.length());
        packet.at = at;
        packet.firstCopy = copies.copies();
        for (int slot = 0; slot < packet.slots(); slot++) {
            copies.from(domid, packet.gref(slot), packet.offset(slot), arena.pages(), at, packet.bytes(slot));
            at += packet.bytes(slot);
        }
    }

    private void copy() {
        int count = copies.copies();
        if (count == 0) {
            return;
        }
        counters.copies += count;
        counters.copyCalls++;
        if (copies.run() == 0) {
            return;
        }
        for (int i = 0; i < packets; i++) {
            TxPacket packet = burst[i];
            for (int slot = 0; slot < packet.slots(); slot++) {
                if (copies.status(packet.firstCopy + slot) != 0) {
                    answers.fail(packet.answerOf(slot));
                    packet.notGranted();
                }
            }
        }
    }

    private void deliver(TxPacket packet) {
        if (packet.fault() != null) {
            counters.drop(packet.fault());
            return;
        }
        frame.set(arena.pages(), packet.at, packet.length(), FrameArena.HEADROOM);
        NetbackDrop fault = packet.describe(frame, headers, rules, counters);
        if (fault != null) {
            counters.drop(fault);
            return;
        }
        counters.txFrames++;
        counters.txBytes += frame.length();
        host.received(frame);
    }

    private void respond() {
        answers.write(ring);
        if (ring.pushResponsesAndCheckNotify()) {
            counters.notificationsSent++;
            host.sendEvent();
        } else {
            counters.notificationsSuppressed++;
        }
    }

    /** Takes and answers nothing more. */
    void stop() {
        stopped = true;
    }
}
