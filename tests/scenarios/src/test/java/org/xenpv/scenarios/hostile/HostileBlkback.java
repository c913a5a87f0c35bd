package org.xenpv.scenarios.hostile;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestDiscard;
import org.xenpv.io.blkif.BlkifRequestIndirect;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.io.blkif.BlkifResponse;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.SharedRing;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.xenbus.XenbusState;

/**
 * A block backend that does nothing by itself: a test advertises, maps, answers, scribbles, keeps and vanishes by hand. It
 * knows only the wire, over the frontend's real pages and port.
 *
 * <p>{@link #put}, {@link #publish}, {@link #event} and {@link #fill} may be called from inside the frontend's callbacks.
 */
final class HostileBlkback extends HostileBackend {

    /** A request as it stood on the ring; an indirect one with its segments and as the operation it carries. */
    record Request(int operation, long id, long sector, int[] grefs, int[] lastSects, int indirectGref) {
        boolean indirect() {
            return indirectGref >= 0;
        }
    }

    private MappedPages ring;
    private int slots;
    private int port;
    private int reqCons;
    private int rspProdPvt;

    HostileBlkback(SimDomain domain, SimDevice device) {
        super(domain, device);
    }

    // ---- connection

    /** Maps the ring that the frontend published and binds its port. */
    void attach() {
        String order = front(BlkifKeys.RING_PAGE_ORDER);
        int pages = 1 << (order == null ? 0 : Integer.parseInt(order));
        int[] grefs = new int[pages];
        for (int i = 0; i < pages; i++) {
            grefs[i] = Integer.parseInt(front(pages == 1 ? BlkifKeys.RING_REF : BlkifKeys.ringRef(i)));
        }
        ring = map(grefs, GrantAccess.READ_WRITE);
        slots = Integer.highestOneBit((pages * PAGE - SharedRing.RING_OFFSET) / BlkifRequest.SLOT_BYTES);
        port = bind(BlkifKeys.EVENT_CHANNEL);
        reqCons = 0;
        rspProdPvt = 0;
    }

    /** Says what the disk is and that we are connected. */
    void connected(long sectors) {
        write(
                BlkifKeys.SECTORS,
                Long.toString(sectors),
                BlkifKeys.SECTOR_SIZE,
                "512",
                BlkifKeys.INFO,
                "0",
                "state",
                Integer.toString(XenbusState.CONNECTED.value()));
        requireFront(XenbusState.CONNECTED);
    }

    // ---- pages

    MappedPages map(Request request, GrantAccess access) {
        return map(request.grefs, access);
    }

    /** Maps the pages of a read, puts bytes there, unmaps. */
    void serve(Request request, int value) {
        MappedPages pages = map(request, GrantAccess.READ_WRITE);
        fill(pages, value);
        unmap(pages);
    }

    // ---- the ring

    SharedMemory memory() {
        return ring.memory();
    }

    int slots() {
        return slots;
    }

    int reqProd() {
        return memory().getIntAcquire(SharedRing.REQ_PROD_OFFSET);
    }

    int slotAt(int index) {
        return SharedRing.RING_OFFSET + (index & (slots - 1)) * BlkifRequest.SLOT_BYTES;
    }

    /** Waits until the frontend has published so many requests since we attached, and takes those not taken yet. */
    List<Request> take(int total) {
        if (!domain().await(() -> reqProd() - total >= 0, SOON)) {
            throw new AssertionError("req_prod=" + reqProd() + ", expected " + total);
        }
        List<Request> requests = new ArrayList<>();
        while (reqCons != reqProd()) {
            requests.add(next());
        }
        return requests;
    }

    private Request next() {
        SharedMemory m = memory();
        int at = slotAt(reqCons++);
        int operation = BlkifRequest.operation(m, at);
        if (operation == Blkif.BLKIF_OP_DISCARD) {
            return new Request(operation, BlkifRequestDiscard.id(m, at), 0, new int[0], new int[0], -1);
        }
        if (operation != Blkif.BLKIF_OP_INDIRECT) {
            int count = BlkifRequest.nrSegments(m, at);
            return segments(operation, BlkifRequest.id(m, at), BlkifRequest.sectorNumber(m, at), m, at + 24, count, -1);
        }
        int gref = BlkifRequestIndirect.indirectGref(m, at, 0);
        MappedPages list = map(new int[] {gref}, GrantAccess.READ_ONLY);
        Request request = segments(
                BlkifRequestIndirect.indirectOp(m, at),
                BlkifRequestIndirect.id(m, at),
                BlkifRequestIndirect.sectorNumber(m, at),
                list.memory(),
                0,
                BlkifRequestIndirect.nrSegments(m, at),
                gref);
        unmap(list);
        return request;
    }

    private static Request segments(
            int operation, long id, long sector, SharedMemory m, int from, int count, int indirectGref) {
        int[] grefs = new int[count];
        int[] lastSects = new int[count];
        for (int i = 0; i < count; i++) {
            grefs[i] = BlkifRequestSegment.gref(m, from + i * BlkifRequestSegment.SIZEOF);
            lastSects[i] = BlkifRequestSegment.lastSect(m, from + i * BlkifRequestSegment.SIZEOF);
        }
        return new Request(operation, id, sector, grefs, lastSects, indirectGref);
    }

    /** Writes the next response; {@link #publish} makes it visible. */
    void put(long id, int operation, int status) {
        BlkifResponse.put(memory(), slotAt(rspProdPvt++), id, operation, (short) status);
    }

    void put(Request request, int status) {
        put(request.id, request.operation, status);
    }

    void publish() {
        rspProd(rspProdPvt);
    }

    /** Writes rsp_prod, whatever we have produced. */
    void rspProd(int value) {
        memory().putIntRelease(SharedRing.RSP_PROD_OFFSET, value);
    }

    void event() {
        sendEvent(port);
    }

    /** An honest answer, with its event. */
    void answer(Request request, int status) {
        put(request, status);
        publish();
        event();
    }

    int port() {
        return port;
    }
}
