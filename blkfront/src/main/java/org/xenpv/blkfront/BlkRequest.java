package org.xenpv.blkfront;

import org.xenpv.grant.GrantedPages;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.memory.SharedMemory;

/**
 * One request of a {@link BlkQueue}, with pages of its own that the backend sees: acquired, filled, submitted, completed
 * and released, over and over, without allocation.
 *
 * <p>The pages are shared: a write's bytes are put there before {@link BlkQueue#submit}; a read's bytes are found there
 * when it completes with {@link #OKAY}, and are to be copied out once and judged on the copy, because a backend with
 * persistent grants can change them at any time.
 */
public final class BlkRequest {

    /** BLKIF_RSP_OKAY. */
    public static final int OKAY = Blkif.BLKIF_RSP_OKAY;

    /** BLKIF_RSP_ERROR. */
    public static final int ERROR = Blkif.BLKIF_RSP_ERROR;

    /** BLKIF_RSP_EOPNOTSUPP: the backend does not do this operation, whatever it advertised. */
    public static final int EOPNOTSUPP = Blkif.BLKIF_RSP_EOPNOTSUPP;

    /** Not a status of the wire: the connection ended before the answer came; the outcome is unknown. */
    public static final int LOST = -1000;

    /** Called on the loop's thread when the request has been answered or lost. */
    public interface Completion {
        /** The request is free to be submitted again, or released. */
        void complete(BlkRequest request);
    }

    enum State {
        FREE,
        ACQUIRED,
        STAGED,
        PENDING
    }

    /** At most this many operations share one request. */
    static final int PIECES_MAX = 16;

    final BlkQueue queue;
    final int index;
    final GrantedPages pages;
    private final SharedMemory memory;
    private final int bytesMax;

    State state = State.FREE;
    int generation;
    int operation;
    long sector;
    int bytes;
    long discardSectors;
    boolean secure;
    int status;
    Completion completion;

    final BlkOp[] pieceOps = new BlkOp[PIECES_MAX];
    final int[] pieceOffsets = new int[PIECES_MAX];
    final int[] pieceBytes = new int[PIECES_MAX];
    int pieces;

    BlkRequest(BlkQueue queue, int index, GrantedPages pages, int bytesMax) {
        this.queue = queue;
        this.index = index;
        this.pages = pages;
        this.memory = pages.memory();
        this.bytesMax = bytesMax;
    }

    /** The pages of this request, contiguous. */
    public SharedMemory memory() {
        return memory;
    }

    /** The most it can carry. */
    public int bytesMax() {
        return bytesMax;
    }

    /** What the backend answered: {@link #OKAY} alone is success. */
    public int status() {
        return status;
    }

    /** Makes it a read of {@code bytes} from {@code sector} (of 512 bytes) on. */
    public BlkRequest read(long fromSector, int byteCount, Completion whenDone) {
        return transfer(Blkif.BLKIF_OP_READ, fromSector, byteCount, whenDone);
    }

    /** Makes it a write of the first {@code bytes} of {@link #memory()}. */
    public BlkRequest write(long fromSector, int byteCount, Completion whenDone) {
        return transfer(Blkif.BLKIF_OP_WRITE, fromSector, byteCount, whenDone);
    }

    /** Makes it a write that all earlier writes precede on the medium and all later ones follow. */
    public BlkRequest writeBarrier(long fromSector, int byteCount, Completion whenDone) {
        return transfer(Blkif.BLKIF_OP_WRITE_BARRIER, fromSector, byteCount, whenDone);
    }

    /** Makes it a flush: what was completed before is on the medium once it is complete. */
    public BlkRequest flush(Completion whenDone) {
        return prepare(Blkif.BLKIF_OP_FLUSH_DISKCACHE, 0, 0, whenDone);
    }

    /** Makes it a barrier that carries nothing: a flush for backends that only know barriers. */
    BlkRequest emptyBarrier(Completion whenDone) {
        return prepare(Blkif.BLKIF_OP_WRITE_BARRIER, 0, 0, whenDone);
    }

    /** Makes it a discard; {@code secureErase} asks that the data be unrecoverable. */
    public BlkRequest discard(long fromSector, long sectorCount, boolean secureErase, Completion whenDone) {
        queue.checkExtent(fromSector, sectorCount);
        prepare(Blkif.BLKIF_OP_DISCARD, fromSector, 0, whenDone);
        discardSectors = sectorCount;
        secure = secureErase;
        return this;
    }

    private BlkRequest transfer(int newOperation, long fromSector, int byteCount, Completion whenDone) {
        int unit = queue.sectorBytes();
        if (byteCount <= 0 || byteCount > bytesMax || byteCount % unit != 0) {
            throw new IllegalArgumentException(
                    "bytes=" + byteCount + ", must be a multiple of " + unit + " from " + unit + " to " + bytesMax);
        }
        queue.checkExtent(fromSector, byteCount / BlkfrontFeatures.SECTOR_BYTES);
        return prepare(newOperation, fromSector, byteCount, whenDone);
    }

    private BlkRequest prepare(int newOperation, long fromSector, int byteCount, Completion whenDone) {
        if (state != State.ACQUIRED) {
            throw new IllegalStateException("request is " + state + ", must be acquired and not in flight");
        }
        operation = newOperation;
        sector = fromSector;
        bytes = byteCount;
        completion = whenDone;
        return this;
    }
}
