package org.xenpv.grant.abi;

import org.xenpv.grant.CopyBatch;
import org.xenpv.grant.CopyPages;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.MappedPages;
import org.xenpv.memory.SharedMemory;

/**
 * Maps and copies other domains' pages by hypercall. Owned by the thread of the domain's event loop: one page of
 * arguments and one bounce page serve every call.
 *
 * <p>GNTST_eagain (the granter's page is paged out or shared) is tried again at once and a few times only; waiting is
 * for the caller, who knows its deadline.
 */
public final class AbiGrantMapper implements GrantMapper, AutoCloseable {

    static final int PAGES_MAX = 512;
    private static final int MAPS_PER_CALL = SharedMemory.PAGE_BYTES / GnttabMapGrantRef.SIZEOF;
    private static final int UNMAPS_PER_CALL = SharedMemory.PAGE_BYTES / GnttabUnmapGrantRef.SIZEOF;
    static final int EAGAIN_RETRIES = 16;

    private final GrantTableOp op;
    private final GrantPlatform platform;
    private final GrantPlatform.Frames frames;
    private final SharedMemory args;
    private final SharedMemory bounce;
    private final long bounceFrame;
    private boolean closed;
    private int mappedPages;
    private long unmapFailures;

    private AbiGrantMapper(GrantTableOp op, GrantPlatform platform, GrantPlatform.Frames frames) {
        this.op = op;
        this.platform = platform;
        this.frames = frames;
        this.args = frames.memory().slice(0, SharedMemory.PAGE_BYTES);
        this.bounce = frames.memory().slice(SharedMemory.PAGE_BYTES, SharedMemory.PAGE_BYTES);
        this.bounceFrame = frames.firstFrame() + 1;
    }

    /** @throws GrantExhaustedException if the platform has no two frames for arguments and bounce page */
    public static AbiGrantMapper open(GrantTableOp op, GrantPlatform platform) {
        GrantPlatform.Frames frames = platform.allocateFrames(2);
        if (frames == null) {
            throw new GrantExhaustedException("no pages for the arguments of GNTTABOP_map_grant_ref and for copies");
        }
        return new AbiGrantMapper(op, platform, frames);
    }

    /** Foreign pages mapped at the moment; those whose unmapping failed are among them for ever. */
    public int mappedPages() {
        return mappedPages;
    }

    /** Pages the hypervisor refused to unmap. Their addresses are not used again. */
    public long unmapFailures() {
        return unmapFailures;
    }

    @Override
    public MappedPages map(int domid, int[] grefs, int count, GrantAccess access) {
        checkOpen();
        Gnttab.checkDomid(domid);
        AbiGrantTable.checkAccess(access);
        if (count < 1 || count > PAGES_MAX) {
            throw new IllegalArgumentException("count=" + count + ", must be 1 to " + PAGES_MAX);
        }
        if (grefs == null || grefs.length < count) {
            throw new IllegalArgumentException("grefs, must hold at least count=" + count + " references");
        }
        long base = platform.reserveMapSpace(count);
        int flags = Gnttab.GNTMAP_host_map | (access == GrantAccess.READ_ONLY ? Gnttab.GNTMAP_readonly : 0);
        int[] handles = new int[count];
        boolean[] mapped = new boolean[count];
        int failedAt = -1;
        int failure = Gnttab.GNTST_okay;
        for (int from = 0; from < count && failedAt < 0; from += MAPS_PER_CALL) {
            int n = Math.min(MAPS_PER_CALL, count - from);
            for (int i = 0; i < n; i++) {
                writeMap(i, base, from + i, flags, grefs[from + i], domid);
            }
            // a failure of the whole call shows in the statuses: they say general error until Xen writes them
            op.grantTableOp(Gnttab.GNTTABOP_map_grant_ref, args, 0, n);
            for (int i = 0; i < n; i++) {
                int at = i * GnttabMapGrantRef.SIZEOF;
                int status = GnttabMapGrantRef.status(args, at);
                for (int retry = 0; status == Gnttab.GNTST_eagain && retry < EAGAIN_RETRIES; retry++) {
                    writeMap(i, base, from + i, flags, grefs[from + i], domid);
                    op.grantTableOp(Gnttab.GNTTABOP_map_grant_ref, args, at, 1);
                    status = GnttabMapGrantRef.status(args, at);
                }
                if (status == Gnttab.GNTST_okay) {
                    handles[from + i] = GnttabMapGrantRef.handle(args, at);
                    mapped[from + i] = true;
                    mappedPages++;
                } else if (failedAt < 0) {
                    failedAt = from + i;
                    failure = status;
                }
            }
        }
        if (failedAt >= 0) {
            unmap(base, handles, mapped);
            throw new GrantMapException(domid, grefs[failedAt], failure);
        }
        SharedMemory memory;
        try {
            memory = platform.mapped(base, count);
        } catch (RuntimeException e) {
            unmap(base, handles, mapped);
            throw e;
        }
        return new AbiMappedPages(this, memory, base, handles, mapped);
    }

    private void writeMap(int slot, long base, int page, int flags, int gref, int domid) {
        long hostAddr = base + (long) page * SharedMemory.PAGE_BYTES;
        GnttabMapGrantRef.write(args, slot * GnttabMapGrantRef.SIZEOF, hostAddr, flags, gref, domid);
    }

    /** Unmaps what is mapped; gives the addresses back only if nothing remains there. */
    void unmap(long base, int[] handles, boolean[] mapped) {
        int failed = 0;
        int page = 0;
        while (page < handles.length) {
            int n = 0;
            for (; page < handles.length && n < UNMAPS_PER_CALL; page++) {
                if (mapped[page]) {
                    long hostAddr = base + (long) page * SharedMemory.PAGE_BYTES;
                    GnttabUnmapGrantRef.write(args, n * GnttabUnmapGrantRef.SIZEOF, hostAddr, handles[page]);
                    n++;
                }
            }
            if (n > 0) {
                op.grantTableOp(Gnttab.GNTTABOP_unmap_grant_ref, args, 0, n);
            }
            for (int i = 0; i < n; i++) {
                if (GnttabUnmapGrantRef.status(args, i * GnttabUnmapGrantRef.SIZEOF) == Gnttab.GNTST_okay) {
                    mappedPages--;
                } else {
                    failed++;
                }
            }
        }
        unmapFailures += failed;
        if (failed == 0) {
            platform.releaseMapSpace(base, handles.length);
        }
    }

    @Override
    public void copyFrom(int domid, int gref, int offset, byte[] target, int targetAt, int lengthBytes) {
        checkCopy(domid, offset, target, targetAt, lengthBytes);
        if (lengthBytes > 0) {
            copy(domid, gref, offset, lengthBytes, Gnttab.GNTCOPY_source_gref);
            bounce.copyOut(0, target, targetAt, lengthBytes);
        }
    }

    @Override
    public void copyTo(int domid, int gref, int offset, byte[] source, int sourceAt, int lengthBytes) {
        checkCopy(domid, offset, source, sourceAt, lengthBytes);
        if (lengthBytes > 0) {
            bounce.copyIn(0, source, sourceAt, lengthBytes);
            copy(domid, gref, offset, lengthBytes, Gnttab.GNTCOPY_dest_gref);
        }
    }

    private void checkCopy(int domid, int offset, byte[] bytes, int at, int lengthBytes) {
        checkOpen();
        Gnttab.checkCopy(domid, offset, lengthBytes);
        Gnttab.checkOwn("arrayAt", at, lengthBytes, bytes.length);
    }

    private void copy(int domid, int gref, int offset, int lengthBytes, int flags) {
        int foreign = flags == Gnttab.GNTCOPY_source_gref ? GnttabCopy.SOURCE_OFFSET : GnttabCopy.DEST_OFFSET;
        int own = flags == Gnttab.GNTCOPY_source_gref ? GnttabCopy.DEST_OFFSET : GnttabCopy.SOURCE_OFFSET;
        int status = Gnttab.GNTST_eagain;
        for (int attempt = 0; status == Gnttab.GNTST_eagain && attempt <= EAGAIN_RETRIES; attempt++) {
            GnttabCopy.writePtr(args, 0, foreign, Integer.toUnsignedLong(gref), domid, offset);
            GnttabCopy.writePtr(args, 0, own, bounceFrame, Gnttab.DOMID_SELF, 0);
            GnttabCopy.writeLength(args, 0, lengthBytes, flags);
            op.grantTableOp(Gnttab.GNTTABOP_copy, args, 0, 1);
            status = GnttabCopy.status(args, 0);
        }
        if (status != Gnttab.GNTST_okay) {
            throw new GrantMapException(domid, gref, status);
        }
    }

    @Override
    public CopyPages copyPages(int pages) {
        checkOpen();
        if (pages < 1 || pages > PAGES_MAX) {
            throw new IllegalArgumentException("pages=" + pages + ", must be 1 to " + PAGES_MAX);
        }
        return new AbiCopyPages(platform, allocate(pages));
    }

    @Override
    public CopyBatch copyBatch(int copiesMax) {
        checkOpen();
        if (copiesMax < 1 || copiesMax > AbiCopyBatch.COPIES_MAX) {
            throw new IllegalArgumentException("copiesMax=" + copiesMax + ", must be 1 to " + AbiCopyBatch.COPIES_MAX);
        }
        return new AbiCopyBatch(op, platform, allocate(AbiCopyBatch.argsPages(copiesMax)), copiesMax);
    }

    private GrantPlatform.Frames allocate(int pages) {
        GrantPlatform.Frames allocated = platform.allocateFrames(pages);
        if (allocated == null) {
            throw new GrantExhaustedException("no " + pages + " contiguous pages for copies");
        }
        return allocated;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("grant mapper is closed");
        }
    }

    /**
     * Gives the two pages of its own back, once nothing is mapped any more; pages still mapped can be closed as before.
     * Idempotent, never throws.
     */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            freeWhenIdle();
        }
    }

    void freeWhenIdle() {
        if (closed && mappedPages - unmapFailures == 0) {
            platform.freeFrames(frames);
        }
    }
}
