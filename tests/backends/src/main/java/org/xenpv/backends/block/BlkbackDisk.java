package org.xenpv.backends.block;

import static org.xenpv.io.blkif.Blkif.BLKIF_DISCARD_SECURE;
import static org.xenpv.io.blkif.Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_DISCARD;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_FLUSH_DISKCACHE;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_READ;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_WRITE;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_WRITE_BARRIER;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_EOPNOTSUPP;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_ERROR;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_OKAY;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The disk as the frontend may use it: judges requests and carries them out on the store. Shared by the queues of a
 * device.
 */
final class BlkbackDisk {

    private static final int SECTOR_BYTES = 512;

    private final BlockStore store;
    private final BlkbackConfig config;
    private final boolean readOnly;
    private final boolean discard;
    private final int sectorsPerBlock;
    private final BlkbackCounters counters;

    private ByteBuffer[] parts = new ByteBuffer[BLKIF_MAX_SEGMENTS_PER_REQUEST];
    private long transfer;

    /** @param readOnly what the toolstack says; a read-only store is read-only anyhow */
    BlkbackDisk(BlockStore store, BlkbackConfig config, boolean readOnly, boolean discard, BlkbackCounters counters) {
        this.store = store;
        this.config = config;
        this.readOnly = readOnly || store.readOnly();
        this.discard = discard && config.discard() && !this.readOnly;
        this.sectorsPerBlock = store.sectorBytes() / SECTOR_BYTES;
        this.counters = counters;
    }

    BlockStore store() {
        return store;
    }

    boolean readOnly() {
        return readOnly;
    }

    boolean discards() {
        return discard;
    }

    /** Size in units of 512 bytes. */
    long sectors() {
        return store.sizeBytes() / SECTOR_BYTES;
    }

    /**
     * Judges a request before its segments are known: whether its operation is offered and its segment count possible.
     *
     * @return BLKIF_RSP_OKAY to go on
     */
    short judgeHeader(BlkbackRequest request) {
        int segments = request.slot.nrSegments();
        if (request.isIndirect()) {
            if (config.indirectSegmentsMax() == 0) {
                return BLKIF_RSP_EOPNOTSUPP;
            }
            boolean moves = request.operation == BLKIF_OP_READ || request.operation == BLKIF_OP_WRITE;
            return moves && segments >= 1 && segments <= config.indirectSegmentsMax()
                    ? writable(request)
                    : BLKIF_RSP_ERROR;
        }
        switch (request.operation) {
            case BLKIF_OP_READ, BLKIF_OP_WRITE -> {
                return segments >= 1 && segments <= BLKIF_MAX_SEGMENTS_PER_REQUEST
                        ? writable(request)
                        : BLKIF_RSP_ERROR;
            }
            case BLKIF_OP_WRITE_BARRIER, BLKIF_OP_FLUSH_DISKCACHE -> {
                boolean offered = request.operation == BLKIF_OP_WRITE_BARRIER ? config.barrier() : config.flush();
                if (!offered) {
                    return BLKIF_RSP_EOPNOTSUPP;
                }
                return segments <= BLKIF_MAX_SEGMENTS_PER_REQUEST ? writable(request) : BLKIF_RSP_ERROR;
            }
            case BLKIF_OP_DISCARD -> {
                return discard ? BLKIF_RSP_OKAY : readOnly ? BLKIF_RSP_ERROR : BLKIF_RSP_EOPNOTSUPP;
            }
            default -> {
                return BLKIF_RSP_EOPNOTSUPP;
            }
        }
    }

    /** A read-only disk takes nothing that carries data, but a flush of it succeeds. */
    private short writable(BlkbackRequest request) {
        boolean writes = request.operation != BLKIF_OP_READ && request.slot.nrSegments() > 0;
        return writes && readOnly ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY;
    }

    /** Judges segments and extent, once the segments are known. */
    short judgeExtent(BlkbackRequest request) {
        if (request.operation != BLKIF_OP_DISCARD && !request.measure()) {
            return BLKIF_RSP_ERROR;
        }
        if (request.sectors == 0 && request.operation != BLKIF_OP_DISCARD) {
            return BLKIF_RSP_OKAY; // an empty flush or barrier; its sector means nothing
        }
        return inRange(request.sector(), request.sectors) ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
    }

    private boolean inRange(long sector, long count) {
        long size = sectors();
        return sector >= 0
                && count >= 0
                && count <= size
                && sector <= size - count
                && sector % sectorsPerBlock == 0
                && count % sectorsPerBlock == 0;
    }

    /**
     * Carries out a judged request whose pages are mapped. The size is looked at again: it may have shrunk while the
     * request was waiting.
     */
    short perform(BlkbackRequest request) {
        if (request.sectors > 0 && !inRange(request.sector(), request.sectors)) {
            return BLKIF_RSP_ERROR;
        }
        try {
            switch (request.operation) {
                case BLKIF_OP_READ -> read(request);
                case BLKIF_OP_WRITE -> write(request);
                case BLKIF_OP_WRITE_BARRIER -> {
                    flush();
                    if (request.sectors > 0) {
                        write(request);
                        flush();
                    }
                }
                case BLKIF_OP_FLUSH_DISKCACHE -> {
                    flush();
                    if (request.sectors > 0) {
                        write(request);
                    }
                }
                default -> discard(request);
            }
            return BLKIF_RSP_OKAY;
        } catch (IOException e) {
            return BLKIF_RSP_ERROR;
        }
    }

    private void read(BlkbackRequest request) throws IOException {
        int count = gather(request, false); // may replace parts
        store.read(request.sector() * SECTOR_BYTES, parts, count);
        for (int i = 0; i < request.segments; i++) {
            request.range[i].spill(offset(request, i), length(request, i));
        }
        counters.reads++;
        counters.bytesRead += request.sectors * SECTOR_BYTES;
    }

    private void write(BlkbackRequest request) throws IOException {
        int count = gather(request, true);
        store.write(request.sector() * SECTOR_BYTES, parts, count);
        counters.writes++;
        counters.bytesWritten += request.sectors * SECTOR_BYTES;
    }

    private void flush() throws IOException {
        store.flush();
        counters.flushes++;
    }

    private void discard(BlkbackRequest request) throws IOException {
        long at = request.sector() * SECTOR_BYTES;
        long bytes = request.sectors * SECTOR_BYTES;
        if (bytes > 0) {
            if (config.discardSecure() && (request.slot.flag() & BLKIF_DISCARD_SECURE) != 0) {
                store.secureDiscard(at, bytes);
            } else {
                store.discard(at, bytes);
            }
        }
        counters.discards++;
    }

    /** Lays the segments out as buffers in disk order; neighbours in memory become one. @return how many */
    private int gather(BlkbackRequest request, boolean fill) {
        if (parts.length < request.segments) {
            parts = new ByteBuffer[request.segment.length];
        }
        transfer++;
        int count = 0;
        for (int i = 0; i < request.segments; ) {
            MappedRange range = request.range[i];
            int at = offset(request, i);
            int end = at + length(request, i);
            for (i++; i < request.segments && request.range[i] == range && offset(request, i) == end; i++) {
                end += length(request, i);
            }
            if (fill) {
                range.fill(at, end - at);
            }
            parts[count++] = range.range(at, end - at, transfer);
        }
        return count;
    }

    private static int offset(BlkbackRequest request, int i) {
        return request.rangeAt[i] + request.firstSect(i) * SECTOR_BYTES;
    }

    private static int length(BlkbackRequest request, int i) {
        return (request.lastSect(i) - request.firstSect(i) + 1) * SECTOR_BYTES;
    }
}
