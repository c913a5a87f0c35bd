package org.xenpv.backends.block;

import static org.xenpv.io.blkif.Blkif.BLKIF_OP_READ;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_WRITE_BARRIER;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_ERROR;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_OKAY;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.xenpv.event.Clock;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.PeerFault;
import org.xenpv.grant.GrantAccess;
import org.xenpv.ring.BackRing;

/**
 * One ring of a device: takes requests, has them carried out, answers them.
 *
 * <p>A request is copied out of its slot once, judged, its pages mapped, then carried out at once or, if the {@link
 * ServiceModel} says so, when its delay is over. Every request is answered exactly once; a bad one is answered, not
 * punished. Only a producer index that cannot be breaks the ring.
 *
 * <p>A WRITE_BARRIER waits until everything taken before it has been answered, and nothing is taken until it has been
 * answered itself. Barriers order one ring; the protocol has none across the rings of a multi-queue device.
 *
 * <p>Sans-IO but for the store: events, timers and further turns are asked of the {@link Host}. Owned by the loop's
 * thread. In steady state nothing is allocated per request, if its pages are persistent.
 */
final class BlkbackQueue implements EventLoop.Handler {

    /** What a queue asks of the device it belongs to. */
    interface Host {

        /** Send the frontend an event. */
        void sendEvent();

        /** Call {@link #serviceDue()} at or soon after this time. */
        void wakeAt(long dueNs);

        /** Call {@link #poll} again without an event. */
        void pollAgain();

        /** The frontend violated the protocol; the queue has stopped. */
        void broken(PeerFault fault);
    }

    private final BlkbackRing ring;
    private final GuestPages pages;
    private final BlkbackDisk disk;
    private final ServiceModel model;
    private final Clock clock;
    private final Host host;
    private final BlkbackCounters counters;
    private final int responseBatch;

    private final ArrayDeque<BlkbackRequest> idle = new ArrayDeque<>();
    private final List<BlkbackRequest> delayed = new ArrayList<>();
    private BlkbackRequest barrier;
    private boolean barrierRuns;
    private int staged;
    private boolean stopped;

    /** @param traits what the device's queues have in common */
    BlkbackQueue(BlkbackRing ring, GuestPages pages, Traits traits, Host host) {
        this.ring = ring;
        this.pages = pages;
        this.disk = traits.disk();
        this.model = traits.model();
        this.clock = traits.clock();
        this.responseBatch = traits.responseBatch();
        this.counters = traits.counters();
        this.host = host;
    }

    record Traits(BlkbackDisk disk, ServiceModel model, Clock clock, int responseBatch, BlkbackCounters counters) {}

    @Override
    public int poll(int budget) {
        BackRing indices = ring.indices();
        int done = 0;
        while (done < budget && barrier == null && !stopped) {
            int ready = indices.unconsumedRequests();
            if (ready == 0) {
                publish(); // answers do not wait for requests that may never come
                if (!indices.finalCheckForRequests()) {
                    break;
                }
            } else if (ready == BackRing.BROKEN) {
                broken(indices.fault());
            } else {
                int turn = Math.min(ready, budget - done);
                for (int i = 0; i < turn && barrier == null; i++) {
                    done++;
                    take();
                }
            }
        }
        publish();
        return done;
    }

    private void broken(PeerFault fault) {
        publish(); // what was answered before the violation stands
        stopped = true;
        host.broken(fault);
    }

    private void take() {
        BlkbackRequest request = idle.isEmpty() ? new BlkbackRequest() : idle.pollLast();
        request.copyFrom(ring);
        counters.requests++;
        request.status = prepare(request);
        if (request.operation == BLKIF_OP_WRITE_BARRIER && request.status == BLKIF_RSP_OKAY) {
            barrier = request;
            startBarrierIfDrained();
        } else {
            start(request);
        }
    }

    /** Judges the request and maps its pages. @return BLKIF_RSP_OKAY if it can be carried out */
    private short prepare(BlkbackRequest request) {
        short status = disk.judgeHeader(request);
        if (status != BLKIF_RSP_OKAY) {
            return status;
        }
        if (request.isIndirect()) {
            counters.indirect++;
            if (!pages.loadIndirect(request, request.slot.nrSegments())) {
                return BLKIF_RSP_ERROR;
            }
        } else {
            request.useDirectSegments();
        }
        status = disk.judgeExtent(request);
        if (status != BLKIF_RSP_OKAY) {
            return status;
        }
        status = model.verdict(request.operation, request.sector(), request.sectors);
        if (status != BLKIF_RSP_OKAY) {
            return status;
        }
        GrantAccess access = request.operation == BLKIF_OP_READ ? GrantAccess.READ_WRITE : GrantAccess.READ_ONLY;
        return pages.map(request, access) ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
    }

    private void start(BlkbackRequest request) {
        long delayNs = model.delayNs(request.operation, request.sector(), request.sectors);
        if (delayNs == 0) {
            finish(request);
            return;
        }
        delayed.add(request);
        if (delayNs == ServiceModel.NEVER) {
            request.dueNs = ServiceModel.NEVER;
        } else {
            request.dueNs = clock.nanoTime() + delayNs;
            host.wakeAt(request.dueNs);
        }
    }

    private void finish(BlkbackRequest request) {
        if (request.status == BLKIF_RSP_OKAY) {
            request.status = disk.perform(request);
        }
        pages.release(request); // before the frontend hears of it: it may revoke at once
        if (request.status == BLKIF_RSP_ERROR) {
            counters.errors++;
        } else if (request.status != BLKIF_RSP_OKAY) {
            counters.refused++;
        }
        ring.answer(request.slot.id(), request.operation, request.status);
        idle.addLast(request);
        if (request == barrier) {
            barrier = null;
            barrierRuns = false;
        }
        if (++staged >= responseBatch) {
            publish();
        }
    }

    private void startBarrierIfDrained() {
        if (barrier != null && !barrierRuns && delayed.isEmpty()) {
            barrierRuns = true;
            start(barrier);
        }
    }

    private void publish() {
        if (staged == 0) {
            return;
        }
        staged = 0;
        if (ring.indices().pushResponsesAndCheckNotify()) {
            counters.notificationsSent++;
            host.sendEvent();
        } else {
            counters.notificationsSuppressed++;
        }
    }

    /** Carries out and answers what is due by the clock. */
    void serviceDue() {
        long now = clock.nanoTime();
        service(now, false);
    }

    /** Carries out and answers everything that was delayed, for ever or not. */
    void serviceAll() {
        service(0, true);
    }

    private void service(long now, boolean all) {
        while (!stopped) {
            BlkbackRequest next = earliest();
            if (next == null || !all && (next.dueNs == ServiceModel.NEVER || next.dueNs - now > 0)) {
                break;
            }
            delayed.remove(next);
            finish(next);
            startBarrierIfDrained();
        }
        publish();
        if (!stopped && barrier == null) {
            host.pollAgain(); // there may be requests behind a barrier
        }
    }

    /** Of those due at the same time, the one that came first. */
    private BlkbackRequest earliest() {
        BlkbackRequest earliest = null;
        for (int i = 0; i < delayed.size(); i++) {
            BlkbackRequest request = delayed.get(i);
            if (earliest == null
                    || earliest.dueNs == ServiceModel.NEVER
                    || request.dueNs != ServiceModel.NEVER && request.dueNs - earliest.dueNs < 0) {
                earliest = request;
            }
        }
        return earliest;
    }

    /** When {@link #serviceDue} has something to do, or {@link ServiceModel#NEVER}. */
    long nextDueNs() {
        BlkbackRequest next = earliest();
        return next == null ? ServiceModel.NEVER : next.dueNs;
    }

    /** Requests taken and not answered. */
    int outstanding() {
        return ring.indices().outstanding();
    }

    int persistentCount() {
        return pages.persistentCount();
    }

    /** Answers nothing more and unmaps every page of the frontend but the ring's. Idempotent. */
    void stop() {
        stopped = true;
        staged = 0;
        for (BlkbackRequest request : delayed) {
            pages.release(request);
        }
        delayed.clear();
        if (barrier != null) {
            pages.release(barrier);
            barrier = null;
        }
        pages.unmapAll();
    }
}
