package org.xenpv.blkfront;

import org.xenpv.event.EventChannels;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestDiscard;
import org.xenpv.io.blkif.BlkifRequestIndirect;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.io.blkif.BlkifResponse;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/**
 * One ring of a disk with its grants, its event channel and its requests.
 *
 * <p>There are at most as many requests as the ring has slots, so a request that has been acquired can always be
 * submitted: {@link #acquire} returning null is the only back-pressure. Submitted requests become visible to the
 * backend, and it is notified if it wants to be, with {@link #push}: once per batch.
 *
 * <p>A request's id on the wire is its index in the low and its generation in the high half: an answer that names an
 * index we never had, one that is not in flight, or an earlier use of it, breaks the connection.
 *
 * <p>Owned by the event loop's thread. Nothing is allocated per request.
 */
public final class BlkQueue {

    /** Told, once, that the backend broke the protocol on this queue. */
    interface Broken {
        void broken(XenProtocolException cause);

        /** A completion threw; the others are completed all the same. */
        default void threw(Throwable error) {}
    }

    /** How long requests may be outstanding with nothing heard before the backend is told of them again. */
    private static final long NUDGE_NS = 100_000_000L;

    private final EventChannels events;
    private final GrantTable grants;
    private final int otherendId;
    private final BlkfrontConfig config;
    private final SectorUnits units;
    private final int handle;
    private final Broken broken;

    private final GrantedPages ringPages;
    private final FrontRing ring;
    private final int port;

    /** From {@link #connect} on. */
    private BlkfrontFeatures features;

    private boolean grantPerRequest;
    private GrantedPages indirectPages;
    private BlkRequest[] requests = {};
    private final BlkifResponse response = new BlkifResponse();

    /** Free requests, first in first out: an index is reused as late as possible, so that late duplicates are caught. */
    private int[] free = {};

    private int freeFirst;
    private int freeCount;

    private BlkGeometry geometry;
    private boolean live;
    private boolean released;
    private int[] stagedIndices = {};
    private int staged;

    /** Where the ring stood, and since when, when looks began to bring nothing. */
    private int quietReqProd;

    private int quietRspCons;
    private long quietSinceNs;

    private final BlkCounters counters;

    /**
     * Allocates and grants what is published: ring and event channel, or nothing.
     *
     * @throws org.xenpv.grant.GrantExhaustedException if the grant table cannot give that much
     */
    BlkQueue(
            GrantTable grants,
            EventChannels events,
            int otherendId,
            int handle,
            int ringPageOrder,
            BlkfrontConfig config,
            BlkCounters counters,
            Broken broken) {
        this.grants = grants;
        this.events = events;
        this.otherendId = otherendId;
        this.config = config;
        this.units = config.units();
        this.handle = handle;
        this.counters = counters;
        this.broken = broken;
        ringPages = grants.grant(otherendId, 1 << ringPageOrder, GrantAccess.READ_WRITE, "vbd ring");
        try {
            ring = FrontRing.init(new SharedRing(ringPages.memory(), BlkifRequest.SLOT_BYTES));
            port = events.allocUnbound(otherendId);
        } catch (RuntimeException | Error e) {
            ringPages.release();
            throw e;
        }
    }

    /**
     * Begins to take requests: allocates and grants their pages. What fails half-way is given back by {@link #release}.
     *
     * @param negotiated as the connected backend advertises it
     * @throws org.xenpv.grant.GrantExhaustedException if the grant table cannot give that much
     */
    void connect(BlkGeometry disk, BlkfrontFeatures negotiated) {
        geometry = disk;
        features = negotiated;
        grantPerRequest = !negotiated.persistent() && grants.canRegrant();
        int pagesMax = negotiated.indirectSegments() > 0
                ? negotiated.indirectSegments()
                : Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST;
        int pages = Math.min(config.requestBytes() / SharedMemory.PAGE_BYTES, pagesMax);
        int count = Math.min(config.requestsPerQueue(), ring.nrEnts());
        if (pages > Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST) {
            // A backend with persistent grants maps these writable too (xen-blkback, xen_blkbk_map).
            GrantAccess access = negotiated.persistent() ? GrantAccess.READ_WRITE : GrantAccess.READ_ONLY;
            indirectPages = grants.grant(otherendId, count, access, "vbd indirect");
        }
        BlkRequest[] granted = new BlkRequest[count];
        int opened = 0;
        try {
            for (; opened < count; opened++) {
                granted[opened] = request(opened, pages);
            }
        } catch (RuntimeException | Error e) {
            for (int i = 0; i < opened; i++) {
                granted[i].pages.release();
            }
            throw e;
        }
        requests = granted;
        stagedIndices = new int[count];
        free = new int[count];
        for (int i = 0; i < count; i++) {
            free[i] = i;
        }
        freeCount = count;
        live = true;
    }

    private BlkRequest request(int index, int pages) {
        GrantedPages own = grants.grant(otherendId, pages, GrantAccess.READ_WRITE, "vbd data");
        try {
            for (int page = 0; grantPerRequest && page < pages; page++) {
                own.revokePage(page);
            }
        } catch (RuntimeException | Error e) {
            own.release();
            throw e;
        }
        return new BlkRequest(this, index, own, pages * SharedMemory.PAGE_BYTES);
    }

    void resize(BlkGeometry disk) {
        geometry = disk;
    }

    /** The port to publish. */
    int port() {
        return port;
    }

    int ringPages() {
        return ringPages.pages();
    }

    int ringRef(int page) {
        return ringPages.gref(page);
    }

    int sectorBytes() {
        return geometry.sectorBytes();
    }

    void checkExtent(long sector, long sectorCount) {
        int unit = geometry.sectorBytes() / BlkfrontFeatures.SECTOR_BYTES;
        if (sector < 0 || sectorCount < 1 || sector > geometry.sectors() - sectorCount) {
            throw new IllegalArgumentException("sector=" + sector + ", sectorCount=" + sectorCount
                    + ", must lie within the disk's " + geometry.sectors() + " sectors");
        }
        if (sector % unit != 0 || sectorCount % unit != 0) {
            throw new IllegalArgumentException("sector=" + sector + ", sectorCount=" + sectorCount
                    + ", must be multiples of " + unit + " (sector-size=" + geometry.sectorBytes() + ")");
        }
    }

    /** How many requests there are. */
    public int size() {
        return requests.length;
    }

    /** The most that one request carries. */
    public int requestBytesMax() {
        return requests[0].bytesMax();
    }

    /** Requests submitted and not answered. */
    public int inFlight() {
        return ring.outstanding() + staged;
    }

    /** Whether {@link #acquire} would give one. */
    boolean hasFree() {
        return freeCount > 0 && live;
    }

    /** Takes a free request, or null if all are in use or the queue is not connected. */
    public BlkRequest acquire() {
        if (!hasFree()) {
            return null;
        }
        BlkRequest request = requests[free[freeFirst]];
        freeFirst = freeFirst + 1 == free.length ? 0 : freeFirst + 1;
        freeCount--;
        request.state = BlkRequest.State.ACQUIRED;
        request.pieces = 0;
        return request;
    }

    /** Gives a request back that is not in flight. */
    public void release(BlkRequest request) {
        if (request.queue != this || request.state != BlkRequest.State.ACQUIRED) {
            throw new IllegalStateException("request is " + request.state + ", must be acquired here, not in flight");
        }
        request.state = BlkRequest.State.FREE;
        request.completion = null;
        int last = freeFirst + freeCount;
        free[last >= free.length ? last - free.length : last] = request.index;
        freeCount++;
    }

    /**
     * Puts a prepared request on the ring; {@link #push} makes it visible.
     *
     * @throws IllegalStateException if it is not acquired, or the disk is read-only and it would write, or the queue
     *     is not connected
     */
    public void submit(BlkRequest request) {
        if (request.state != BlkRequest.State.ACQUIRED || request.queue != this || request.completion == null) {
            throw new IllegalStateException("request is " + request.state + ", must be acquired here and prepared");
        }
        if (!live) {
            throw new IllegalStateException("the queue is not connected");
        }
        if (geometry.readOnly()
                && request.operation != Blkif.BLKIF_OP_READ
                && request.operation != Blkif.BLKIF_OP_FLUSH_DISKCACHE) {
            throw new IllegalStateException("the disk is read-only");
        }
        request.generation = (request.generation + 1) & 0x7fffffff;
        request.state = BlkRequest.State.STAGED;
        stagedIndices[staged++] = request.index;
        int at = ring.nextRequest();
        SharedMemory slot = ring.memory();
        long id = ((long) request.generation << 32) | request.index;
        if (request.operation == Blkif.BLKIF_OP_DISCARD) {
            int unit = BlkfrontFeatures.SECTOR_BYTES;
            int wire = units.positionUnitBytes(geometry.sectorBytes()) / unit;
            BlkifRequestDiscard.put(
                    slot,
                    at,
                    request.secure ? Blkif.BLKIF_DISCARD_SECURE : 0,
                    handle,
                    id,
                    request.sector / wire,
                    request.discardSectors / wire);
            return;
        }
        if (request.operation == Blkif.BLKIF_OP_READ) {
            // What the backend does not write must not show what stood here before.
            request.memory().zero(0, request.bytes);
        }
        long position =
                request.sector / (units.positionUnitBytes(geometry.sectorBytes()) / BlkfrontFeatures.SECTOR_BYTES);
        int segments = (request.bytes + SharedMemory.PAGE_BYTES - 1) / SharedMemory.PAGE_BYTES;
        if (segments <= Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST) {
            BlkifRequest.putHeader(slot, at, request.operation, segments, handle, id, position);
            putSegments(request, segments, slot, at + BlkifRequest.SEG_OFFSET);
        } else {
            BlkifRequestIndirect.putHeader(slot, at, request.operation, segments, handle, id, position);
            BlkifRequestIndirect.putIndirectGref(slot, at, 0, indirectPages.gref(request.index));
            putSegments(request, segments, indirectPages.memory(), request.index * SharedMemory.PAGE_BYTES);
        }
    }

    private void putSegments(BlkRequest request, int segments, SharedMemory memory, int at) {
        int unit = units.segmentUnitBytes(geometry.sectorBytes());
        int left = request.bytes;
        GrantAccess access = request.operation == Blkif.BLKIF_OP_READ ? GrantAccess.READ_WRITE : GrantAccess.READ_ONLY;
        memory.check(at, segments * BlkifRequestSegment.SIZEOF, 4);
        for (int page = 0; page < segments; page++) {
            if (grantPerRequest) {
                request.pages.regrantPage(page, access);
            }
            int bytes = Math.min(left, SharedMemory.PAGE_BYTES);
            BlkifRequestSegment.put(
                    memory, at + page * BlkifRequestSegment.SIZEOF, request.pages.gref(page), 0, bytes / unit - 1);
            left -= bytes;
        }
        counters.segments += segments;
    }

    /** Publishes what has been submitted (RING_PUSH_REQUESTS_AND_CHECK_NOTIFY). */
    public void push() {
        if (staged == 0) {
            return;
        }
        for (int i = 0; i < staged; i++) {
            requests[stagedIndices[i]].state = BlkRequest.State.PENDING;
        }
        counters.requests += staged;
        staged = 0;
        if (ring.pushRequestsAndCheckNotify()) {
            counters.notificationsSent++;
            events.send(port);
        } else {
            counters.notificationsSuppressed++;
        }
    }

    /**
     * A look at the ring brought nothing. If that has been so for a while with requests outstanding, sends an event
     * again: the one that told the backend of them may have been lost, or its {@code req_event} be such that none was
     * sent.
     */
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

    /**
     * Consumes responses and completes their requests.
     *
     * @return how many; less than the budget only once the ring was found empty and an event has been asked for
     */
    public int poll(int budget) {
        int done = 0;
        while (done < budget && live) {
            int ready = ring.unconsumedResponses();
            if (ready == 0 && !ring.finalCheckForResponses()) {
                break;
            }
            if (ready == 0) {
                ready = ring.unconsumedResponses();
            }
            if (ready == FrontRing.BROKEN) {
                broken(ring.fault(), "rsp_prod, with " + ring.outstanding() + " requests outstanding");
                break;
            }
            for (int n = Math.min(ready, budget - done); n > 0 && live; n--) {
                consume();
                done++;
            }
        }
        return done;
    }

    private void consume() {
        response.copyFrom(ring.memory(), ring.nextResponse());
        long id = response.id();
        int index = (int) id;
        if (Integer.compareUnsigned(index, requests.length) >= 0) {
            broken(PeerFault.BAD_ID, "id=0x" + Long.toHexString(id) + ", below " + requests.length);
            return;
        }
        BlkRequest request = requests[index];
        if (request.state != BlkRequest.State.PENDING || id >>> 32 != request.generation) {
            broken(PeerFault.ID_NOT_IN_FLIGHT, "id=0x" + Long.toHexString(id));
            return;
        }
        if (response.operation() != request.operation) {
            broken(
                    PeerFault.OPERATION_MISMATCH,
                    "operation=" + response.operation() + ", asked was " + request.operation);
            return;
        }
        if (grantPerRequest && !revoke(request)) {
            broken(PeerFault.GRANT_STILL_MAPPED, "id=0x" + Long.toHexString(id) + " was answered");
            return;
        }
        counters.responses++;
        request.status = response.status();
        complete(request);
    }

    private boolean revoke(BlkRequest request) {
        boolean ours = true;
        int segments = (request.bytes + SharedMemory.PAGE_BYTES - 1) / SharedMemory.PAGE_BYTES;
        for (int page = 0; page < segments; page++) {
            ours &= request.pages.revokePage(page);
        }
        return ours;
    }

    /** The state changes before the callback, so that a callback that throws cannot complete it twice. */
    private void complete(BlkRequest request) {
        request.state = BlkRequest.State.ACQUIRED;
        try {
            request.completion.complete(request);
        } catch (Throwable error) {
            broken.threw(error);
        }
    }

    private void broken(PeerFault fault, String detail) {
        counters.faults++;
        live = false;
        broken.broken(new XenProtocolException(fault, detail));
    }

    /** Reads the ring no more and takes no requests. */
    void stop() {
        live = false;
    }

    /** Completes everything in flight as {@link BlkRequest#LOST}. After {@link #stop}. */
    void lose() {
        staged = 0;
        for (BlkRequest request : requests) {
            if (request.state == BlkRequest.State.STAGED || request.state == BlkRequest.State.PENDING) {
                request.status = BlkRequest.LOST;
                complete(request);
            }
        }
    }

    /**
     * Closes the port and gives every page back, or to quarantine. Idempotent.
     *
     * @param portGone the port went with an earlier life of the domain and must not be closed
     */
    void release(boolean portGone) {
        if (released) {
            return;
        }
        released = true;
        live = false;
        if (!portGone) {
            events.close(port);
        }
        for (BlkRequest request : requests) {
            request.pages.release();
        }
        if (indirectPages != null) {
            indirectPages.release();
        }
        ringPages.release();
    }

    BlkGeometry geometry() {
        return geometry;
    }

    BlkfrontFeatures features() {
        return features;
    }
}
