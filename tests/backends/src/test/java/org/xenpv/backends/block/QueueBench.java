package org.xenpv.backends.block;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.fault.PeerFault;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestDiscard;
import org.xenpv.io.blkif.BlkifRequestIndirect;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.io.blkif.BlkifResponse;
import org.xenpv.io.blkif.BlkifX86_32Request;
import org.xenpv.io.blkif.BlkifX86_32RequestDiscard;
import org.xenpv.io.blkif.BlkifX86_32RequestIndirect;
import org.xenpv.io.blkif.BlkifX86_32Response;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/** A queue under test with a hand-driven frontend at the other end of its ring, time and events by hand. */
final class QueueBench implements BlkbackQueue.Host, AutoCloseable {

    static final int GREF_BASE = 100;
    static final int GUEST_PAGES = 64;

    record Seg(int gref, int first, int last) {}

    record Answer(long id, int operation, short status) {}

    final GuestMemory guest = new GuestMemory(GUEST_PAGES).grantAll(GREF_BASE);
    final BlockStore store;
    final BlkbackCounters counters = new BlkbackCounters();
    final ChronicleMemory ringMemory;
    final FrontRing front;
    final BlkbackQueue queue;
    final GuestPages pages;
    private final BlkifAbi abi;

    long nowNs;
    long wakeNs = ServiceModel.NEVER;
    int events;
    int pollAgains;
    PeerFault fault;
    private long nextId = 0x1122_3344_5566_0000L;

    QueueBench(BlockStore store, BlkbackConfig config) {
        this(store, config, ServiceModel.PROMPT, BlkifAbi.X86_64, 0, 0);
    }

    QueueBench(BlockStore store, BlkbackConfig config, ServiceModel model) {
        this(store, config, model, BlkifAbi.X86_64, 0, 0);
    }

    QueueBench(BlockStore store, BlkbackConfig config, ServiceModel model, BlkifAbi abi, int order, int index) {
        this.store = store;
        this.abi = abi;
        ringMemory = ChronicleMemory.allocatePages(1 << order);
        SharedRing ring = new SharedRing(ringMemory, abi.slotBytes());
        ring.init(index);
        front = FrontRing.attach(ring, index);
        pages = new GuestPages(guest, 1, config.persistent() ? config.persistentGrantsMax() : 0, counters);
        BlkbackDisk disk = new BlkbackDisk(store, config, false, true, counters);
        queue = new BlkbackQueue(
                new BlkbackRing(ringMemory, abi),
                pages,
                new BlkbackQueue.Traits(disk, model, () -> nowNs, config.responseBatch(), counters),
                this);
    }

    static Seg seg(int page, int first, int last) {
        return new Seg(GREF_BASE + page, first, last);
    }

    /** Whole pages 0, 1, 2... */
    static Seg[] wholePages(int count) {
        Seg[] segs = new Seg[count];
        for (int i = 0; i < count; i++) {
            segs[i] = seg(i, 0, 7);
        }
        return segs;
    }

    /** Stages a request of the direct shape with any segment count. @return its id */
    long stage(int operation, int nrSegments, long sector, Seg... segs) {
        SharedMemory m = front.memory();
        int at = front.nextRequest();
        long id = nextId++;
        boolean wide = abi == BlkifAbi.X86_64;
        if (wide) {
            BlkifRequest.putHeader(m, at, operation, nrSegments, 51712, id, sector);
        } else {
            BlkifX86_32Request.putHeader(m, at, operation, nrSegments, 51712, id, sector);
        }
        for (int i = 0; i < segs.length; i++) {
            int segAt = wide ? BlkifRequest.segmentAt(at, i) : BlkifX86_32Request.segmentAt(at, i);
            BlkifRequestSegment.put(m, segAt, segs[i].gref, segs[i].first, segs[i].last);
        }
        return id;
    }

    long stage(int operation, long sector, Seg... segs) {
        return stage(operation, segs.length, sector, segs);
    }

    /** Stages an indirect request; the segments are written to the given guest pages, 512 each. */
    long stageIndirect(int indirectOp, int nrSegments, long sector, int[] indirectPages, Seg... segs) {
        for (int i = 0; i < segs.length; i++) {
            SharedMemory page = guest.page(indirectPages[i / 512]);
            BlkifRequestSegment.put(page, i % 512 * 8, segs[i].gref, segs[i].first, segs[i].last);
        }
        SharedMemory m = front.memory();
        int at = front.nextRequest();
        long id = nextId++;
        if (abi == BlkifAbi.X86_64) {
            BlkifRequestIndirect.putHeader(m, at, indirectOp, nrSegments, 51712, id, sector);
        } else {
            BlkifX86_32RequestIndirect.putHeader(m, at, indirectOp, nrSegments, 51712, id, sector);
        }
        for (int i = 0; i < indirectPages.length; i++) {
            int gref = GREF_BASE + indirectPages[i];
            if (abi == BlkifAbi.X86_64) {
                BlkifRequestIndirect.putIndirectGref(m, at, i, gref);
            } else {
                BlkifX86_32RequestIndirect.putIndirectGref(m, at, i, gref);
            }
        }
        return id;
    }

    long stageDiscard(int flag, long sector, long sectors) {
        SharedMemory m = front.memory();
        int at = front.nextRequest();
        long id = nextId++;
        if (abi == BlkifAbi.X86_64) {
            BlkifRequestDiscard.put(m, at, flag, 51712, id, sector, sectors);
        } else {
            BlkifX86_32RequestDiscard.put(m, at, flag, 51712, id, sector, sectors);
        }
        return id;
    }

    /** Publishes what is staged and lets the queue work. @return all answers that have come */
    List<Answer> run() {
        front.pushRequests();
        queue.poll(1000);
        return answers();
    }

    List<Answer> answers() {
        List<Answer> answers = new ArrayList<>();
        SharedMemory m = front.memory();
        for (int ready = front.unconsumedResponses(); ready > 0; ready--) {
            int at = front.nextResponse();
            answers.add(
                    abi == BlkifAbi.X86_64
                            ? new Answer(
                                    BlkifResponse.id(m, at),
                                    BlkifResponse.operation(m, at),
                                    BlkifResponse.status(m, at))
                            : new Answer(
                                    BlkifX86_32Response.id(m, at),
                                    BlkifX86_32Response.operation(m, at),
                                    BlkifX86_32Response.status(m, at)));
        }
        return answers;
    }

    /** Stages, runs, and expects exactly this request's answer. @return its status */
    short statusOf(long id, int operation) {
        List<Answer> answers = run();
        if (answers.size() != 1 || answers.get(0).id != id || answers.get(0).operation != operation) {
            throw new AssertionError("expected one answer to " + id + " of operation " + operation + ": " + answers);
        }
        return answers.get(0).status;
    }

    short read(long sector, Seg... segs) {
        return statusOf(stage(Blkif.BLKIF_OP_READ, sector, segs), Blkif.BLKIF_OP_READ);
    }

    short write(long sector, Seg... segs) {
        return statusOf(stage(Blkif.BLKIF_OP_WRITE, sector, segs), Blkif.BLKIF_OP_WRITE);
    }

    /** Moves time to the wake-up that was asked for and services what is due. @return answers */
    List<Answer> sleepUntilWoken() {
        if (wakeNs == ServiceModel.NEVER) {
            throw new AssertionError("no wake-up was asked for");
        }
        nowNs = wakeNs;
        queue.serviceDue();
        wakeNs = queue.nextDueNs();
        return answers();
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
    public void pollAgain() {
        pollAgains++;
    }

    @Override
    public void broken(PeerFault found) {
        fault = found;
    }

    @Override
    public void close() {
        queue.stop();
        int mapped = guest.mappedNow;
        guest.close();
        ringMemory.close();
        if (mapped != 0) {
            throw new AssertionError(mapped + " pages still mapped after stop");
        }
    }
}
