package org.xenpv.netfront;

import org.xenpv.event.EventChannels;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifTxRequest;
import org.xenpv.io.netif.NetifTxResponse;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/**
 * A transmit ring: packets become chains of requests, answers free their pages.
 *
 * <p>Every request that names a page has an id, an index into a table of ours; ids are used in turn, so that a late second
 * answer meets one that is not in flight. Slots with extra information have none and are answered with NETIF_RSP_NULL, of which no
 * more are believed than such slots are in flight (attacks.md R12).
 *
 * <p>The backend is asked for an event when half of what is in flight has been answered, as Linux does: pages are looked for on the
 * ring before they are waited for. Owned by the event loop's thread; nothing is allocated per packet.
 */
final class NetTxQueue {

    private static final int NO_PAGE = -1;
    private static final int NO_PACKET = -1;

    /** Nothing answered for so long with requests in flight: the event that told of them may have been lost. */
    private static final long NUDGE_NS = 100_000_000L;

    /** What happens to an id. */
    private static final byte FREE = 0;

    private static final byte STAGED = 1;
    private static final byte PENDING = 2;

    private final GrantedPages ringPage;
    private final FrontRing ring;
    private final EventChannels events;
    private final NetCounters counters;
    private final NetBroken broken;
    private TxPages pages;
    private int port;
    private boolean live;
    private boolean stopped;
    private boolean released;

    private final byte[] state;
    private final int[] page;

    /** Which packet a request belongs to, by its number here; of each packet how many requests are left and whether one failed. */
    private final int[] packetOf;

    private final int[] requestsLeft;
    private final boolean[] failed;
    private final int[] freePackets;
    private int freePacketCount;
    private final int[] freeIds;
    private int freeFirst;
    private int freeCount;
    private final int[] stagedIds;
    private int stagedCount;
    private int stagedExtras;
    private int extrasInFlight;
    private int quietReqProd;
    private int quietRspCons;
    private long quietSinceNs;

    /** @throws org.xenpv.grant.GrantExhaustedException if the grant table has no page */
    NetTxQueue(GrantTable grants, EventChannels events, int otherendId, NetCounters counters, NetBroken broken) {
        this.events = events;
        this.counters = counters;
        this.broken = broken;
        ringPage = grants.grant(otherendId, 1, GrantAccess.READ_WRITE, "vif tx ring");
        ring = FrontRing.init(new SharedRing(ringPage.memory(), Netif.TX_SLOT_BYTES));
        int ids = ring.nrEnts();
        state = new byte[ids];
        page = new int[ids];
        packetOf = new int[ids];
        requestsLeft = new int[ids];
        failed = new boolean[ids];
        freePackets = new int[ids];
        stagedIds = new int[ids];
        freeIds = new int[ids];
        for (int i = 0; i < ids; i++) {
            freeIds[i] = i;
            freePackets[i] = i;
        }
        freeCount = ids;
        freePacketCount = ids;
    }

    int ringRef() {
        return ringPage.gref(0);
    }

    /** Begins to take packets. @param port on which to tell the backend */
    void connect(int port, TxPages pages) {
        this.port = port;
        this.pages = pages;
        live = true;
    }

    /** Requests whose answer has not been taken. */
    int inFlight() {
        return ring.outstanding();
    }

    /** Whether a chain of so many slots fits now. */
    boolean fits(int slots) {
        return live && slots <= ring.freeRequests() && slots <= freeCount;
    }

    /** Whether half of the ring is free. */
    boolean isHalfFree() {
        return fits(ring.nrEnts() / 2);
    }

    /**
     * Puts a packet on the ring; {@link #push} makes it visible. It fits ({@link #fits}), and what it asks for has been
     * agreed on.
     *
     * @param withHash whether its hash is to be told
     */
    void send(NetPacket packet, boolean withHash) {
        boolean gso = packet.gsoType() != Netif.XEN_NETIF_GSO_TYPE_NONE;
        boolean hash = withHash && packet.hashAlgorithm() != Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
        int flags = 0;
        if (packet.csumBlank()) {
            flags |= Netif.NETTXF_CSUM_BLANK | Netif.NETTXF_DATA_VALIDATED;
        } else if (packet.dataValidated()) {
            flags |= Netif.NETTXF_DATA_VALIDATED;
        }
        if (gso || hash) {
            flags |= Netif.NETTXF_EXTRA_INFO;
        }
        int fragments = packet.fragments();
        int number = freePackets[--freePacketCount];
        requestsLeft[number] = fragments;
        failed[number] = false;
        request(packet, number, 0, flags | (fragments > 1 ? Netif.NETTXF_MORE_DATA : 0), packet.length());
        if (gso) {
            int more = hash ? Netif.XEN_NETIF_EXTRA_FLAG_MORE : 0;
            NetifExtraInfo.putGso(ring.memory(), extra(), more, packet.gsoSize(), packet.gsoType(), 0);
        }
        if (hash) {
            NetifExtraInfo.putHash(
                    ring.memory(), extra(), 0, packet.hashType(), packet.hashAlgorithm(), packet.hashValue());
        }
        for (int i = 1; i < fragments; i++) {
            request(packet, number, i, i + 1 < fragments ? Netif.NETTXF_MORE_DATA : 0, packet.fragmentBytes(i));
        }
        for (int i = fragments; i < packet.pages(); i++) {
            pages.giveBack(packet.page(i)); // truncated away
        }
        counters.txPackets++;
        counters.txBytes += packet.length();
        pages.sent(packet);
    }

    private void request(NetPacket packet, int number, int fragment, int flags, int size) {
        int at = packet.fragmentAt(fragment);
        int from = packet.page(fragment);
        int id = nextId(from, number);
        NetifTxRequest.put(ring.memory(), ring.nextRequest(), pages.gref(from), at & 0xfff, flags, id, size);
    }

    private int nextId(int ofPage, int ofPacket) {
        int id = freeIds[freeFirst];
        freeFirst = freeFirst + 1 == freeIds.length ? 0 : freeFirst + 1;
        freeCount--;
        state[id] = STAGED;
        page[id] = ofPage;
        packetOf[id] = ofPacket;
        stagedIds[stagedCount++] = id;
        return id;
    }

    private int extra() {
        stagedExtras++;
        return ring.nextRequest();
    }

    /** Adds a group to the backend's multicast filter or takes it out: a request without data. It {@link #fits} two slots. */
    void filter(MacAddress group, boolean add) {
        int id = nextId(NO_PAGE, NO_PACKET);
        NetifTxRequest.put(ring.memory(), ring.nextRequest(), 0, 0, Netif.NETTXF_EXTRA_INFO, id, 0);
        NetifExtraInfo.putMcast(ring.memory(), extra(), 0, add, group.bits());
    }

    /** Publishes what has been sent (RING_PUSH_REQUESTS_AND_CHECK_NOTIFY). */
    void push() {
        if (stagedCount == 0 || !live) {
            return;
        }
        for (int i = 0; i < stagedCount; i++) {
            state[stagedIds[i]] = PENDING;
        }
        stagedCount = 0;
        extrasInFlight += stagedExtras;
        stagedExtras = 0;
        int before = ring.outstanding();
        if (ring.pushRequestsAndCheckNotify()) {
            counters.notificationsSent++;
            events.send(port);
        } else {
            counters.notificationsSuppressed++;
        }
        counters.txRequests += ring.outstanding() - before;
    }

    /**
     * Takes answers.
     *
     * @return how many; less than the budget only once the ring was found empty and an event has been asked for
     */
    int poll(int budget) {
        int done = 0;
        while (done < budget && live) {
            int ready = ring.unconsumedResponses();
            if (ready == 0) {
                if (!ring.finalCheckForResponses((ring.outstanding() >> 1) + 1)) {
                    break;
                }
                ready = ring.unconsumedResponses();
            }
            if (ready == FrontRing.BROKEN) {
                broken(ring.fault(), "tx rsp_prod, with " + ring.outstanding() + " requests outstanding");
                break;
            }
            for (int n = Math.min(ready, budget - done); n > 0 && live; n--) {
                consume();
                done++;
            }
        }
        return done;
    }

    /** Takes what answers there are without asking for an event: someone needs pages. */
    void reap() {
        int ready = live ? ring.unconsumedResponses() : 0;
        if (ready == FrontRing.BROKEN) {
            broken(ring.fault(), "tx rsp_prod, with " + ring.outstanding() + " requests outstanding");
        }
        for (int n = ready; n > 0 && live; n--) {
            consume();
        }
    }

    private void consume() {
        int response = NetifTxResponse.load(ring.memory(), ring.nextResponse());
        short status = NetifTxResponse.status(response);
        if (status == Netif.NETIF_RSP_NULL) {
            if (extrasInFlight == 0) {
                broken(PeerFault.ID_NOT_IN_FLIGHT, "tx status NULL, with no extra information in flight");
                return;
            }
            extrasInFlight--;
            counters.txResponses++;
            return;
        }
        int id = NetifTxResponse.id(response);
        if (id >= state.length) {
            broken(PeerFault.BAD_ID, "tx id=" + id + ", below " + state.length);
            return;
        }
        if (state[id] != PENDING) {
            broken(PeerFault.ID_NOT_IN_FLIGHT, "tx id=" + id);
            return;
        }
        state[id] = FREE;
        counters.txResponses++;
        if (page[id] != NO_PAGE) {
            pages.giveBack(page[id]);
            answered(packetOf[id], status == Netif.NETIF_RSP_OKAY);
        } else if (status != Netif.NETIF_RSP_OKAY) {
            counters.multicastRefused++;
        }
        int end = freeFirst + freeCount;
        freeIds[end >= freeIds.length ? end - freeIds.length : end] = id;
        freeCount++;
    }

    /** A packet of which one piece failed has failed, once. */
    private void answered(int number, boolean okay) {
        if (!okay && !failed[number]) {
            failed[number] = true;
            counters.dropped(NetDrop.TX_ERROR_STATUS);
        }
        if (--requestsLeft[number] == 0) {
            freePackets[freePacketCount++] = number;
        }
    }

    /** A look brought nothing: if that has been so for a while with requests in flight, sends the event again. */
    void nudge(long nowNs) {
        if (!live || ring.outstanding() == 0) {
            return;
        }
        if (ring.reqProdPvt() != quietReqProd || ring.rspCons() != quietRspCons) {
            quietReqProd = ring.reqProdPvt();
            quietRspCons = ring.rspCons();
            quietSinceNs = nowNs;
        } else if (nowNs - quietSinceNs >= NUDGE_NS) {
            quietSinceNs = nowNs;
            counters.notificationsSent++;
            events.send(port);
        }
    }

    private void broken(PeerFault fault, String detail) {
        counters.faults++;
        live = false;
        broken.broken(new XenProtocolException(fault, detail));
    }

    /** Touches the ring no more; packets in flight are lost, whoever found out why. Idempotent. */
    void stop() {
        if (!stopped) {
            stopped = true;
            for (int number = 0; number < requestsLeft.length; number++) {
                if (requestsLeft[number] > 0 && !failed[number]) {
                    counters.dropped(NetDrop.TX_LOST);
                }
            }
        }
        live = false;
        stagedCount = 0;
    }

    /** Gives the ring's page back, or to quarantine. Idempotent. */
    void release() {
        if (!released) {
            released = true;
            live = false;
            ringPage.release();
        }
    }
}
