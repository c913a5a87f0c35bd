package org.xenpv.netfront;

import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.memory.SharedMemory;

/**
 * The pages that packets are sent from, granted read-only to the backend for the life of a connection: sending takes no grant
 * operation. They hold nothing but packets for that backend. Pages are given out in the order they came back.
 *
 * <p>A packet that somebody is still filling when the connection ends keeps the pages until it is sent or given back.
 */
final class TxPages {

    private final GrantedPages pages;
    private final int[] free;
    private int freeFirst;
    private int freeCount;

    /** Of packets that are being filled. */
    private int heldCount;

    private final NetPacket[] idle;
    private int idleCount;
    private boolean closed;
    private boolean released;

    /** @throws org.xenpv.grant.GrantExhaustedException if the grant table cannot give that many */
    TxPages(GrantTable grants, int otherendId, int count) {
        pages = grants.grant(otherendId, count, GrantAccess.READ_ONLY, "vif tx data");
        free = new int[count];
        idle = new NetPacket[count];
        for (int i = 0; i < count; i++) {
            free[i] = i;
            idle[i] = new NetPacket(pages.memory(), Netif.XEN_NETIF_NR_SLOTS_MIN);
        }
        freeCount = count;
        idleCount = count;
    }

    /** How many pages a packet of this length takes. */
    static int count(int lengthBytes) {
        return (lengthBytes + SharedMemory.PAGE_BYTES - 1) / SharedMemory.PAGE_BYTES;
    }

    /** @return a packet of this length, or null if there are not enough pages */
    NetPacket take(int lengthBytes) {
        if (count(lengthBytes) > freeCount || closed) {
            return null;
        }
        NetPacket packet = idle[--idleCount];
        packet.clear();
        for (int left = lengthBytes; left > 0; left -= SharedMemory.PAGE_BYTES) {
            int page = free[freeFirst];
            freeFirst = freeFirst + 1 == free.length ? 0 : freeFirst + 1;
            freeCount--;
            packet.add(page * SharedMemory.PAGE_BYTES, Math.min(left, SharedMemory.PAGE_BYTES));
        }
        packet.acquiredFrom(this);
        heldCount += packet.pages();
        return packet;
    }

    /** The packet's pages stay with whoever sent it; the object can be used again. */
    void sent(NetPacket packet) {
        packet.acquiredFrom(null);
        heldCount -= packet.pages();
        idle[idleCount++] = packet;
        releaseIfUnused();
    }

    /** Gives a packet back with its pages. */
    void giveBack(NetPacket packet) {
        for (int i = 0; i < packet.pages(); i++) {
            giveBack(packet.page(i));
        }
        sent(packet);
    }

    void giveBack(int page) {
        int last = freeFirst + freeCount;
        free[last >= free.length ? last - free.length : last] = page;
        freeCount++;
    }

    int gref(int page) {
        return pages.gref(page);
    }

    int free() {
        return freeCount;
    }

    /** Neither free nor in a packet that is being filled. */
    int inFlight() {
        return free.length - freeCount - heldCount;
    }

    /** Ends the grants as soon as no packet is being filled; pages the backend still maps go to quarantine. Idempotent. */
    void release() {
        closed = true;
        releaseIfUnused();
    }

    private void releaseIfUnused() {
        if (closed && !released && idleCount == idle.length) {
            released = true;
            pages.release();
        }
    }
}
