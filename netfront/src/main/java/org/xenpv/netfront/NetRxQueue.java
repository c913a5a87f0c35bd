package org.xenpv.netfront;

import java.util.function.Consumer;
import org.xenpv.event.EventChannels;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifRxRequest;
import org.xenpv.io.netif.NetifRxResponse;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/**
 * A receive ring: every slot has a page of its own, offered to the backend again and again.
 *
 * <p>Requests are answered in order and each in its own slot (xen/io/netif.h), so slot, id and page are one number. A packet is a chain
 * of answers: the first piece, extra information, further pieces. Each answer is read once; the chain is judged whole, and a bad
 * packet is dropped and counted while the ring goes on. Only what makes our place on the ring uncertain breaks the device.
 *
 * <p>Before a packet is handed on its pages are taken back from the backend; one that is still mapped breaks the device, and the packet
 * is not shown. Where pages cannot be taken back one by one the packet is copied out of them instead. Owned by the event
 * loop's thread; nothing is allocated per packet.
 */
final class NetRxQueue {

    private final GrantedPages ringPage;
    private final FrontRing ring;
    private final EventChannels events;
    private final NetCounters counters;
    private final NetBroken broken;
    private final int slotMask;
    private GrantedPages pages;
    private RxTerms terms;
    private RxCopy copy;
    private NetPacket packet;
    private int port;
    private boolean live;
    private boolean released;
    private boolean hashes;

    private final boolean[] revoked;
    private final int[] pieceSlots = new int[Netif.XEN_NETIF_NR_SLOTS_MIN];
    private int pieces;
    private int taken;
    private int totalBytes;
    private boolean skippingExtras;
    private boolean skippingPieces;
    private NetDrop bad;
    private int headroom;
    private final PacketHeaders headers = new PacketHeaders();

    /** @throws org.xenpv.grant.GrantExhaustedException if the grant table has no page */
    NetRxQueue(GrantTable grants, EventChannels events, int otherendId, NetCounters counters, NetBroken broken) {
        this.events = events;
        this.counters = counters;
        this.broken = broken;
        ringPage = grants.grant(otherendId, 1, GrantAccess.READ_WRITE, "vif rx ring");
        ring = FrontRing.init(new SharedRing(ringPage.memory(), Netif.RX_SLOT_BYTES));
        slotMask = ring.nrEnts() - 1;
        revoked = new boolean[ring.nrEnts()];
    }

    int ringRef() {
        return ringPage.gref(0);
    }

    /**
     * Allocates pages and offers them all.
     *
     * @param port on which to tell the backend
     * @param terms what the backend has been told
     * @param copy where packets are copied to; null if pages are taken back instead
     * @throws org.xenpv.grant.GrantExhaustedException if the grant table cannot give that many
     */
    void connect(GrantTable grants, int otherendId, int port, RxTerms terms, RxCopy copy) {
        this.port = port;
        this.terms = terms;
        this.copy = copy;
        pages = grants.grant(otherendId, ring.nrEnts(), GrantAccess.READ_WRITE, "vif rx data");
        packet = new NetPacket(pages.memory(), Netif.XEN_NETIF_NR_SLOTS_MIN);
        live = true;
        post();
    }

    /** Whether the backend has been told to hash, so that it may tell hashes. */
    void hashes(boolean configured) {
        hashes = configured;
    }

    /**
     * Takes packets and hands them on.
     *
     * @param sink is handed each packet, for the time of the call; what it throws is its caller's affair
     * @return how many, dropped ones included; less than the budget only once the ring was found empty and an event has been asked for
     */
    int poll(int budget, Consumer<NetPacket> sink) {
        int done = 0;
        while (done < budget && live) {
            int ready = ring.unconsumedResponses();
            if (ready == 0) {
                post();
                if (!ring.finalCheckForResponses()) {
                    break;
                }
                ready = ring.unconsumedResponses();
            }
            if (ready == FrontRing.BROKEN) {
                broken(ring.fault(), "rx rsp_prod, with " + ring.outstanding() + " requests outstanding");
                break;
            }
            while (ready > 0 && done < budget && live) {
                taken = 0;
                packet(ready, sink);
                ready -= taken;
                done++;
            }
        }
        post();
        return done;
    }

    private void packet(int ready, Consumer<NetPacket> sink) {
        if (skippingExtras || skippingPieces) {
            skip(ready);
            return;
        }
        packet.clear();
        pieces = 0;
        totalBytes = 0;
        headroom = 0;
        bad = null;
        int slot = ring.rspCons() & slotMask;
        long response = next();
        if (!inItsSlot(response, slot)) {
            return;
        }
        int flags = NetifRxResponse.flags(response);
        if ((flags & Netif.NETRXF_EXTRA_INFO) != 0 && !extras(ready)) {
            skippingExtras = true; // a backend publishes whole packets
            skippingPieces = (flags & Netif.NETRXF_MORE_DATA) != 0;
            bad(NetDrop.RX_MISSING_SLOTS);
            counters.dropped(bad);
            return;
        }
        piece(response, slot);
        while ((NetifRxResponse.flags(response) & Netif.NETRXF_MORE_DATA) != 0) {
            if (taken == ready) {
                skippingPieces = true;
                bad(NetDrop.RX_MISSING_SLOTS);
                break;
            }
            slot = ring.rspCons() & slotMask;
            response = next();
            if (!inItsSlot(response, slot)) {
                return;
            }
            piece(response, slot);
        }
        packet.csumBlank((flags & Netif.NETRXF_CSUM_BLANK) != 0);
        packet.dataValidated((flags & (Netif.NETRXF_DATA_VALIDATED | Netif.NETRXF_CSUM_BLANK)) != 0);
        if (bad == null) {
            bad = terms.judge(packet);
        }
        if (bad != null) {
            counters.dropped(bad);
        } else {
            deliver(sink);
        }
    }

    /** What is left of a packet of which only a part had been published. */
    private void skip(int ready) {
        while (skippingExtras && taken < ready) {
            skippingExtras = (NetifExtraInfo.flags(nextExtra()) & Netif.XEN_NETIF_EXTRA_FLAG_MORE) != 0;
        }
        while (skippingPieces && taken < ready) {
            int slot = ring.rspCons() & slotMask;
            long response = next();
            if (!inItsSlot(response, slot)) {
                return;
            }
            skippingPieces = (NetifRxResponse.flags(response) & Netif.NETRXF_MORE_DATA) != 0;
        }
    }

    private long next() {
        taken++;
        counters.rxResponses++;
        return NetifRxResponse.load(ring.memory(), ring.nextResponse());
    }

    private long nextExtra() {
        taken++;
        counters.rxResponses++;
        return NetifExtraInfo.load(ring.memory(), ring.nextResponse());
    }

    private boolean inItsSlot(long response, int slot) {
        if (NetifRxResponse.id(response) != slot) {
            broken(PeerFault.BAD_ID, "rx id=" + NetifRxResponse.id(response) + ", in slot " + slot);
            return false;
        }
        return true;
    }

    /** The first thing that is wrong with a packet counts. */
    private void bad(NetDrop reason) {
        if (bad == null) {
            bad = reason;
        }
    }

    /** Reads the extra information that follows the first piece. @return false if the packet ends within it */
    private boolean extras(int ready) {
        int seen = 0;
        boolean more = true;
        while (more) {
            if (taken == ready) {
                return false;
            }
            long extra = nextExtra();
            int type = NetifExtraInfo.type(extra);
            more = (NetifExtraInfo.flags(extra) & Netif.XEN_NETIF_EXTRA_FLAG_MORE) != 0;
            if (type <= Netif.XEN_NETIF_EXTRA_TYPE_NONE
                    || type >= Netif.XEN_NETIF_EXTRA_TYPE_MAX
                    || (seen & 1 << type) != 0) {
                bad(NetDrop.RX_BAD_EXTRA);
            } else {
                seen |= 1 << type;
                extra(extra, type);
            }
        }
        return true;
    }

    private void extra(long extra, int type) {
        switch (type) {
            case Netif.XEN_NETIF_EXTRA_TYPE_GSO -> {
                int gsoType = NetifExtraInfo.gsoType(extra);
                int size = NetifExtraInfo.gsoSize(extra);
                if (gsoType < Netif.XEN_NETIF_GSO_TYPE_TCPV4 || gsoType > Netif.XEN_NETIF_GSO_TYPE_TCPV6 || size == 0) {
                    bad(NetDrop.RX_BAD_GSO);
                } else if (!terms.segmented(gsoType)) {
                    bad(NetDrop.RX_UNNEGOTIATED);
                } else {
                    packet.gso(gsoType, size);
                }
            }
            case Netif.XEN_NETIF_EXTRA_TYPE_HASH -> {
                if (hashes) {
                    packet.hash(
                            NetifExtraInfo.hashAlgorithm(extra),
                            NetifExtraInfo.hashType(extra),
                            NetifExtraInfo.hashValue(extra));
                } else {
                    bad(NetDrop.RX_UNNEGOTIATED);
                }
            }
            case Netif.XEN_NETIF_EXTRA_TYPE_XDP -> {
                headroom = NetifExtraInfo.xdpHeadroom(extra);
                if (terms.xdpHeadroomBytes() == 0) {
                    bad(NetDrop.RX_UNNEGOTIATED);
                } else if (headroom != terms.xdpHeadroomBytes()) {
                    bad(NetDrop.RX_BAD_EXTENT);
                }
            }
            default -> bad(NetDrop.RX_UNNEGOTIATED);
        }
    }

    /**
     * A piece of the packet. With headroom, data begins behind it in every page, offset is 0, and status counts from the
     * page's start (Linux's xen-netback, xenvif_rx_data_slot).
     */
    private void piece(long response, int slot) {
        int status = NetifRxResponse.status(response);
        int at = headroom > 0 ? headroom : NetifRxResponse.offset(response);
        int bytes = status - headroom;
        if (status < 0) {
            bad(NetDrop.RX_ERROR_STATUS);
        } else if (bytes < 0 || at + bytes > SharedMemory.PAGE_BYTES) {
            bad(NetDrop.RX_BAD_EXTENT);
        } else if (pieces == pieceSlots.length) {
            bad(NetDrop.RX_TOO_MANY_SLOTS);
        } else if (bad == null) {
            pieceSlots[pieces++] = slot;
            totalBytes += bytes;
            packet.add(slot * SharedMemory.PAGE_BYTES + at, bytes);
        }
    }

    private void deliver(Consumer<NetPacket> sink) {
        NetPacket shown = packet;
        if (copy == null) {
            if (!takeBack()) {
                broken(PeerFault.GRANT_STILL_MAPPED, "rx id=" + pieceSlots[0] + " was answered");
                return;
            }
        } else {
            shown = copy.of(packet, terms.xdpHeadroomBytes());
            counters.rxBytesCopied += totalBytes;
        }
        shown.headroom(headroom);
        NetDrop wrong = terms.judgeHeaders(shown, headers);
        if (wrong != null) {
            counters.dropped(wrong);
            return;
        }
        counters.rxPackets++;
        counters.rxBytes += totalBytes;
        sink.accept(shown);
    }

    private boolean takeBack() {
        boolean ours = true;
        for (int i = 0; i < pieces; i++) {
            revoked[pieceSlots[i]] = true;
            ours &= pages.revokePage(pieceSlots[i]);
        }
        counters.grantsRevoked += pieces;
        return ours;
    }

    /** Offers every page that came back. */
    private void post() {
        if (!live || ring.isFull()) {
            return;
        }
        while (!ring.isFull()) {
            int slot = ring.reqProdPvt() & slotMask;
            if (revoked[slot]) {
                revoked[slot] = false;
                pages.regrantPage(slot, GrantAccess.READ_WRITE);
            }
            NetifRxRequest.put(ring.memory(), ring.nextRequest(), slot, pages.gref(slot));
        }
        if (ring.pushRequestsAndCheckNotify()) {
            counters.notificationsSent++;
            events.send(port);
        } else {
            counters.notificationsSuppressed++;
        }
    }

    private void broken(PeerFault fault, String detail) {
        counters.faults++;
        live = false;
        broken.broken(new XenProtocolException(fault, detail));
    }

    /** Touches the ring no more. */
    void stop() {
        live = false;
    }

    /** Gives every page back, or to quarantine. Idempotent. */
    void release() {
        if (released) {
            return;
        }
        released = true;
        live = false;
        if (pages != null) {
            pages.release();
        }
        ringPage.release();
    }
}
