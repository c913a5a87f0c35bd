package org.xenpv.scenarios.hostile;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
 * <p>For a deterministic host. Methods that only touch mapped memory or send events ({@link #put}, {@link #publish},
 * {@link #event}, {@link #fill}) may be called from inside the frontend's callbacks; the others from the test.
 */
final class HostileBlkback {

    static final Duration SOON = Duration.ofSeconds(5);
    static final int PAGE = SharedMemory.PAGE_BYTES;

    /** A request as it stood on the ring; an indirect one with its segments and as the operation it carries. */
    record Request(int operation, long id, long sector, int[] grefs, int[] lastSects, int indirectGref) {
        boolean indirect() {
            return indirectGref >= 0;
        }
    }

    private final SimDomain domain;
    private SimDevice device;
    /** What we map, with the references. */
    private final Map<MappedPages, int[]> held = new LinkedHashMap<>();

    private MappedPages ring;
    private int slots;
    private int port;
    private final List<Integer> ports = new ArrayList<>();
    private int reqCons;
    private int rspProdPvt;

    HostileBlkback(SimDomain domain, SimDevice device) {
        this.domain = domain;
        this.device = device;
    }

    /** The toolstack has attached another device in the place of ours. */
    void device(SimDevice other) {
        device = other;
    }

    // ---- xenstore

    /** Writes keys of our directory, all at once. */
    void write(String... pairs) {
        String[] absolute = pairs.clone();
        for (int i = 0; i < absolute.length; i += 2) {
            absolute[i] = device.backendPath() + "/" + absolute[i];
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

    /** Writes our state over and over without waiting. */
    void stateStorm(int times, XenbusState... states) {
        domain.run(guest -> {
            for (int i = 0; i < times; i++) {
                String value = Integer.toString(states[i % states.length].value());
                guest.store().write(device.backendPath() + "/state", value, (ok, error) -> {});
            }
        });
    }

    String front(String key) {
        String[][] found = new String[1][];
        domain.run(guest ->
                guest.store().readAll((values, error) -> found[0] = values, device.frontendPath() + "/" + key));
        domain.await(() -> found[0] != null, SOON);
        return found[0][0];
    }

    boolean awaitFront(XenbusState wanted) {
        for (int look = 0; look < 1000; look++) {
            if (XenbusState.parse(front("state")) == wanted) {
                return true;
            }
            domain.await(() -> false, Duration.ofMillis(1));
        }
        return false;
    }

    void requireFront(XenbusState wanted) {
        if (!awaitFront(wanted)) {
            throw new AssertionError("frontend is " + front("state") + ", expected " + wanted);
        }
    }

    // ---- connection

    /** Advertises and waits for the frontend to publish its rings. */
    void advertise(String... keys) {
        write(keys);
        state(XenbusState.INIT_WAIT);
        requireFront(XenbusState.INITIALISED);
    }

    /** Maps the ring that the frontend published and binds its port. */
    void attach() {
        String order = front(BlkifKeys.RING_PAGE_ORDER);
        int pages = 1 << (order == null ? 0 : Integer.parseInt(order));
        int[] grefs = new int[pages];
        for (int i = 0; i < pages; i++) {
            grefs[i] = Integer.parseInt(front(pages == 1 ? BlkifKeys.RING_REF : BlkifKeys.ringRef(i)));
        }
        int remotePort = Integer.parseInt(front(BlkifKeys.EVENT_CHANNEL));
        ring = map(grefs, GrantAccess.READ_WRITE);
        slots = Integer.highestOneBit((pages * PAGE - SharedRing.RING_OFFSET) / BlkifRequest.SLOT_BYTES);
        port = domain.call(guest -> guest.events().bindInterdomain(device.frontendId(), remotePort));
        ports.add(port);
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

    MappedPages map(int[] grefs, GrantAccess access) {
        MappedPages pages = domain.call(guest -> guest.mapper().map(device.frontendId(), grefs, grefs.length, access));
        held.put(pages, grefs);
        return pages;
    }

    MappedPages map(Request request, GrantAccess access) {
        return map(request.grefs, access);
    }

    void unmap(MappedPages pages) {
        held.remove(pages);
        domain.run(guest -> pages.close());
    }

    /** Maps the pages of a read, puts bytes there, unmaps. */
    void serve(Request request, int value) {
        MappedPages pages = map(request, GrantAccess.READ_WRITE);
        fill(pages, value);
        unmap(pages);
    }

    static void fill(MappedPages pages, int value) {
        for (int at = 0; at < pages.pages() * PAGE; at++) {
            pages.memory().putByte(at, (byte) value);
        }
    }

    static byte[] bytes(MappedPages pages) {
        byte[] bytes = new byte[pages.pages() * PAGE];
        pages.memory().copyOut(0, bytes, 0, bytes.length);
        return bytes;
    }

    /** Pages of the frontend that we map at present; one that is mapped twice counts once. */
    int heldPages() {
        Set<Integer> distinct = new HashSet<>();
        for (int[] grefs : held.values()) {
            for (int gref : grefs) {
                distinct.add(gref);
            }
        }
        return distinct.size();
    }

    /** Lets go of every page and every port. */
    void letGo() {
        domain.run(guest -> {
            held.keySet().forEach(MappedPages::close);
            held.clear();
            ports.forEach(guest.events()::close);
            ports.clear();
        });
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
        if (!domain.await(() -> reqProd() - total >= 0, SOON)) {
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
        domain.guest().events().send(port);
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

    SimDomain domain() {
        return domain;
    }

    SimDevice device() {
        return device;
    }
}
