package org.xenpv.blkfront;

import java.util.function.Consumer;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenIoException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.blkif.Blkif;

/**
 * Turns operations into requests: splits what is longer than a request, merges neighbours into one, spreads over the
 * queues, and keeps every operation in its caller's form until it is done, so that it can be issued again on another
 * connection with other limits.
 *
 * <p>All operations not done yet form one list in order of submission; those from {@code cursor} on have not been issued
 * whole. A flush waits until it is the first of the list: everything submitted before it is then done. The deadline is
 * the same for all, so the first of the list is the first to run out.
 *
 * <p>Owned by the event loop's thread.
 */
final class BlkScheduler implements BlkRequest.Completion {

    private final BlkfrontConfig config;
    private final BlkCounters counters;
    private final Consumer<Throwable> threw;

    private BlkQueue[] queues = {};
    private BlkOp first;
    private BlkOp last;
    private BlkOp cursor;
    private int size;
    private boolean flushRefused;
    private boolean barrierRefused;
    private boolean discardRefused;

    /** Writes reported done, in all and as of the last flush that was. */
    private long writesDone;

    private long writesFlushed;
    private long writesAtFlush;

    /** A backend died with writes it had reported done and never flushed: the next flush has to say so. */
    private boolean writesLost;

    /** @param threw told what callers throw when they are answered */
    BlkScheduler(BlkfrontConfig config, BlkCounters counters, Consumer<Throwable> threw) {
        this.config = config;
        this.counters = counters;
        this.threw = threw;
    }

    /** The queues of a new connection; none while there is no connection. */
    void queues(BlkQueue[] connected) {
        queues = connected;
        flushRefused = false;
        barrierRefused = false;
        discardRefused = false;
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return first == null;
    }

    /** When the oldest operation runs out of time, or {@code Long.MAX_VALUE} if there is none. */
    long deadlineNs() {
        return first == null ? Long.MAX_VALUE : first.deadlineNs;
    }

    boolean flushes(BlkfrontFeatures features) {
        return features.flush() && !flushRefused || features.barrier() && !barrierRefused;
    }

    void add(BlkOp op, long nowNs) {
        op.checkIdle();
        op.restart();
        op.live = true;
        op.deadlineNs = nowNs + config.requestNs();
        op.renewals = 0;
        op.previous = last;
        op.next = null;
        if (last == null) {
            first = op;
        } else {
            last.next = op;
        }
        last = op;
        if (cursor == null) {
            cursor = op;
        }
        size++;
        counters.operations++;
    }

    /** Issues what can be issued and publishes it. @return whether anything was */
    boolean pump() {
        boolean any = false;
        while (cursor != null && issueNext()) {
            any = true;
        }
        if (any) {
            for (BlkQueue queue : queues) {
                queue.push();
            }
        }
        return any;
    }

    private boolean issueNext() {
        BlkOp op = cursor;
        if ((op.kind == BlkOp.Kind.FLUSH || op.kind == BlkOp.Kind.WRITE_BARRIER) && op != first) {
            return false;
        }
        if (queues.length > 1 && op != first && first.kind == BlkOp.Kind.WRITE_BARRIER) {
            return false; // the backend orders one ring only: what follows a barrier could overtake it on another
        }
        BlkQueue queue = leastBusy();
        BlkRequest request = queue == null ? null : queue.acquire();
        if (request == null) {
            return false;
        }
        String unsupported;
        try {
            unsupported = prepare(op, request);
        } catch (RuntimeException e) {
            giveUp(op, request, e);
            return true;
        }
        if (unsupported != null) {
            queue.release(request);
            op.issued = true;
            cursor = op.next;
            finish(op, new XenIoException(op.describe() + ": " + unsupported, BlkRequest.EOPNOTSUPP));
            return true;
        }
        queue.submit(request);
        return true;
    }

    /** The bytes of an operation could not be had from its caller: that one fails, its neighbours are taken anew. */
    private void giveUp(BlkOp head, BlkRequest request, RuntimeException thrown) {
        BlkOp culprit = cursor == null ? head : cursor;
        for (int i = 0; i < request.pieces; i++) {
            BlkOp op = request.pieceOps[i];
            request.pieceOps[i] = null;
            op.partsInFlight--;
            op.issuedBytes -= request.pieceBytes[i];
            op.issued = false;
        }
        request.pieces = 0;
        request.queue.release(request);
        cursor = head;
        finish(culprit, new XenException(culprit.describe() + ": its data cannot be read: " + thrown, thrown));
    }

    private BlkQueue leastBusy() {
        BlkQueue best = null;
        for (BlkQueue queue : queues) {
            if (queue.hasFree() && (best == null || queue.inFlight() < best.inFlight())) {
                best = queue;
            }
        }
        return best;
    }

    /** Fills a request from the cursor on and moves the cursor; says why if the backend cannot do it. */
    private String prepare(BlkOp op, BlkRequest request) {
        BlkfrontFeatures features = request.queue.features();
        String refused = request.queue.geometry().refuses(op);
        if (refused != null) {
            return refused;
        }
        switch (op.kind) {
            case READ, WRITE -> transfer(request);
            case WRITE_BARRIER -> {
                if (!features.barrier() || barrierRefused) {
                    return "the backend has no barriers";
                }
                if (op.bytes > request.bytesMax()) {
                    return "a barrier carries at most " + request.bytesMax() + " bytes";
                }
                transfer(request);
            }
            case FLUSH -> {
                if (writesLost) {
                    writesLost = false;
                    return "the backend died, and writes it had reported done may not be on the medium";
                }
                writesAtFlush = writesDone;
                if (features.flush() && !flushRefused) {
                    request.flush(this);
                } else if (features.barrier() && !barrierRefused) {
                    request.emptyBarrier(this);
                } else {
                    return "the backend has neither flush nor barriers";
                }
                whole(op, request);
            }
            case DISCARD, SECURE_DISCARD -> {
                boolean secure = op.kind == BlkOp.Kind.SECURE_DISCARD;
                if (!features.discard() || discardRefused || secure && !features.discardSecure()) {
                    return "the backend does not discard" + (secure ? " securely" : "");
                }
                request.discard(op.sector, op.bytes / BlkfrontFeatures.SECTOR_BYTES, secure, this);
                whole(op, request);
            }
        }
        return null;
    }

    private void whole(BlkOp op, BlkRequest request) {
        piece(request, op, 0, 0);
        op.issued = true;
        cursor = op.next;
    }

    private void piece(BlkRequest request, BlkOp op, int offset, int bytes) {
        request.pieceOps[request.pieces] = op;
        request.pieceOffsets[request.pieces] = offset;
        request.pieceBytes[request.pieces] = bytes;
        request.pieces++;
        op.partsInFlight++;
    }

    private void transfer(BlkRequest request) {
        BlkOp head = cursor;
        BlkOp.Kind kind = head.kind;
        long startByte = head.sector * BlkfrontFeatures.SECTOR_BYTES + head.issuedBytes;
        int filled = 0;
        while (cursor != null
                && cursor.kind == kind
                && filled < request.bytesMax()
                && request.pieces < BlkRequest.PIECES_MAX) {
            BlkOp op = cursor;
            if (op.sector * BlkfrontFeatures.SECTOR_BYTES + op.issuedBytes != startByte + filled) {
                break;
            }
            if (op != head && request.queue.geometry().refuses(op) != null) {
                break;
            }
            int bytes = (int) Math.min(op.bytes - op.issuedBytes, request.bytesMax() - filled);
            if (kind != BlkOp.Kind.READ) {
                op.data.toDevice((int) op.issuedBytes, request.memory(), filled, bytes);
                counters.bytesCopied += bytes;
            }
            if (filled > 0) {
                counters.merged++;
            }
            piece(request, op, (int) op.issuedBytes, bytes);
            op.issuedBytes += bytes;
            filled += bytes;
            if (op.issuedBytes == op.bytes) {
                op.issued = true;
                cursor = op.next;
            }
            if (kind == BlkOp.Kind.WRITE_BARRIER) {
                break;
            }
        }
        long sector = startByte / BlkfrontFeatures.SECTOR_BYTES;
        switch (kind) {
            case READ -> request.read(sector, filled, this);
            case WRITE -> request.write(sector, filled, this);
            default -> request.writeBarrier(sector, filled, this);
        }
    }

    /** A request of ours has been answered or lost. */
    @Override
    public void complete(BlkRequest request) {
        int status = request.status;
        boolean lost = status == BlkRequest.LOST;
        if (status == BlkRequest.EOPNOTSUPP) {
            switch (request.operation) {
                case Blkif.BLKIF_OP_FLUSH_DISKCACHE -> flushRefused = true;
                case Blkif.BLKIF_OP_WRITE_BARRIER -> barrierRefused = true;
                case Blkif.BLKIF_OP_DISCARD -> discardRefused = true;
                default -> {}
            }
        }
        int at = 0;
        for (int i = 0; i < request.pieces; i++) {
            BlkOp op = request.pieceOps[i];
            int from = at;
            at += request.pieceBytes[i];
            request.pieceOps[i] = null;
            op.partsInFlight--;
            if (!op.live) {
                continue; // its caller was told that it took too long; nothing may touch its buffer now
            } else if (lost) {
                op.worstStatus = BlkRequest.LOST;
            } else {
                if (status != BlkRequest.OKAY && op.worstStatus == BlkRequest.OKAY) {
                    op.worstStatus = status;
                }
                if (op.kind == BlkOp.Kind.READ && status == BlkRequest.OKAY) {
                    try {
                        op.data.fromDevice(request.pieceOffsets[i], request.memory(), from, request.pieceBytes[i]);
                    } catch (RuntimeException thrown) {
                        threw.accept(thrown);
                        op.worstStatus = BlkRequest.ERROR;
                    }
                    counters.bytesCopied += request.pieceBytes[i];
                }
                if (op.issued && op.partsInFlight == 0 && op.worstStatus != BlkRequest.LOST) {
                    finish(op);
                }
            }
        }
        request.pieces = 0;
        request.queue.release(request);
    }

    private void finish(BlkOp op) {
        if (op.worstStatus != BlkRequest.OKAY) {
            finish(op, new XenIoException(op.describe(), op.worstStatus));
            return;
        }
        if (op.kind == BlkOp.Kind.READ) {
            counters.bytesRead += op.bytes;
        } else if (op.kind == BlkOp.Kind.FLUSH) {
            writesFlushed = writesAtFlush;
        } else {
            writesDone++;
            if (op.transfers()) {
                counters.bytesWritten += op.bytes;
            }
        }
        finish(op, null);
    }

    /** Takes an operation off the list, then tells its caller, who may submit it anew. */
    private void finish(BlkOp op, XenException error) {
        if (cursor == op) {
            cursor = op.next;
        }
        if (op.previous == null) {
            first = op.next;
        } else {
            op.previous.next = op.next;
        }
        if (op.next == null) {
            last = op.previous;
        } else {
            op.next.previous = op.previous;
        }
        op.previous = null;
        op.next = null;
        op.live = false;
        size--;
        try {
            op.done.done(op, error);
        } catch (Throwable thrown) {
            threw.accept(thrown);
        }
    }

    /**
     * Its caller wants it no more: what has not been issued of it will not be, and what is in flight keeps its place in
     * the list until it is answered, so that a flush waits for it.
     */
    void withdraw(BlkOp op) {
        if (!op.live || op.issued) {
            return;
        }
        if (op.partsInFlight == 0) {
            finish(op, new XenException(op.describe() + ": withdrawn"));
        } else {
            op.issued = true;
            op.worstStatus = BlkRequest.ERROR;
            cursor = op.next; // issued in part, so it was here
        }
    }

    /** Everything has as long from now on as it had when it was submitted, but for what has had that too often. */
    void renewDeadlines(long nowNs) {
        for (BlkOp op = first; op != null; op = op.next) {
            if (op.renewals < EventLoop.RENEWALS_MAX) {
                op.renewals++;
                op.deadlineNs = nowNs + config.requestNs();
            }
        }
    }

    /** Fails what has waited too long; its requests stay with the backend until it answers. */
    void expire(long nowNs) {
        while (first != null && first.deadlineNs - nowNs <= 0) {
            counters.timeouts++;
            BlkOp op = first;
            finish(
                    op,
                    new XenTimeoutException(op.describe() + ": no answer for " + config.requestNs() / 1_000_000
                            + " ms; a write may still land"));
        }
    }

    /**
     * The connection is lost, and every request with it: everything starts again from the caller's form.
     *
     * @param died whether the backend went without having been closed, and its volatile cache with it
     */
    void restart(boolean died) {
        if (died && writesDone != writesFlushed) {
            writesLost = true;
            writesFlushed = writesDone;
        }
        for (BlkOp op = first; op != null; op = op.next) {
            if (op.issuedBytes > 0 || op.issued) {
                counters.reissued++;
            }
            op.restart();
        }
        cursor = first;
    }

    /** Fails everything. */
    void failAll(XenException error) {
        // Counted: whoever answers a failure with another try must not keep us here.
        for (int left = size; left > 0 && first != null; left--) {
            finish(first, error);
        }
    }

    /** Fails every operation that no longer lies within the disk. */
    void shrink(long sectors) {
        BlkOp op = first;
        while (op != null) {
            BlkOp next = op.next;
            long end = op.sector + op.bytes / BlkfrontFeatures.SECTOR_BYTES;
            if (op.kind != BlkOp.Kind.FLUSH && end > sectors) {
                finish(op, new XenIoException(op.describe() + ": the disk shrank to " + sectors, BlkRequest.ERROR));
                if (next != null && !next.live) {
                    next = first; // whoever was told has withdrawn it
                }
            }
            op = next;
        }
    }
}
