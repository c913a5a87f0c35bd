package org.xenpv.grant.abi;

import org.xenpv.grant.CopyBatch;
import org.xenpv.grant.CopyPages;
import org.xenpv.memory.SharedMemory;

/**
 * The arguments of one GNTTABOP_copy. A struct of it names one page on either side, so a copy that crosses a page's end on our
 * side takes two.
 */
final class AbiCopyBatch implements CopyBatch {

    static final int COPIES_MAX = 1024;

    private static final int PAGE = SharedMemory.PAGE_BYTES;

    private final GrantTableOp op;
    private final GrantPlatform platform;
    private final GrantPlatform.Frames frames;
    private final SharedMemory args;

    /** Where each copy's structs begin; one more entry than copies. */
    private final int[] structOf;

    private int copies;
    private int structs;
    private boolean done = true;
    private boolean closed;

    AbiCopyBatch(GrantTableOp op, GrantPlatform platform, GrantPlatform.Frames frames, int copiesMax) {
        this.op = op;
        this.platform = platform;
        this.frames = frames;
        this.args = frames.memory();
        this.structOf = new int[copiesMax + 1];
    }

    static int argsPages(int copiesMax) {
        return (2 * copiesMax * GnttabCopy.SIZEOF + PAGE - 1) / PAGE;
    }

    @Override
    public int copiesMax() {
        return structOf.length - 1;
    }

    @Override
    public int copies() {
        return done ? 0 : copies;
    }

    @Override
    public int from(int domid, int gref, int offset, CopyPages target, int at, int lengthBytes) {
        AbiCopyPages own = check(domid, offset, target, at, lengthBytes);
        for (int rest = lengthBytes, ownAt = at, grantAt = offset; rest > 0; ) {
            int part = Math.min(rest, PAGE - (ownAt & PAGE - 1));
            GnttabCopy.write(
                    args,
                    structs++ * GnttabCopy.SIZEOF,
                    Integer.toUnsignedLong(gref),
                    domid,
                    grantAt,
                    own.frameAt(ownAt),
                    Gnttab.DOMID_SELF,
                    ownAt & PAGE - 1,
                    part,
                    Gnttab.GNTCOPY_source_gref);
            rest -= part;
            ownAt += part;
            grantAt += part;
        }
        return added();
    }

    @Override
    public int to(int domid, int gref, int offset, CopyPages source, int at, int lengthBytes) {
        AbiCopyPages own = check(domid, offset, source, at, lengthBytes);
        for (int rest = lengthBytes, ownAt = at, grantAt = offset; rest > 0; ) {
            int part = Math.min(rest, PAGE - (ownAt & PAGE - 1));
            GnttabCopy.write(
                    args,
                    structs++ * GnttabCopy.SIZEOF,
                    own.frameAt(ownAt),
                    Gnttab.DOMID_SELF,
                    ownAt & PAGE - 1,
                    Integer.toUnsignedLong(gref),
                    domid,
                    grantAt,
                    part,
                    Gnttab.GNTCOPY_dest_gref);
            rest -= part;
            ownAt += part;
            grantAt += part;
        }
        return added();
    }

    private AbiCopyPages check(int domid, int offset, CopyPages pages, int at, int lengthBytes) {
        if (closed || !(pages instanceof AbiCopyPages own) || own.isClosed()) {
            throw new IllegalStateException("the batch is closed, or the pages are closed or not of its mapper");
        }
        Gnttab.checkCopy(domid, offset, lengthBytes);
        Gnttab.checkOwn("at", at, lengthBytes, own.memory().sizeBytes());
        if (done) {
            done = false;
            copies = 0;
            structs = 0;
        }
        if (copies == copiesMax()) {
            throw new IllegalStateException("copies=" + copies + ", the batch is full");
        }
        return own;
    }

    private int added() {
        structOf[copies + 1] = structs;
        return copies++;
    }

    @Override
    public int run() {
        if (closed) {
            throw new IllegalStateException("the batch is closed");
        }
        if (done) {
            copies = 0;
            return 0;
        }
        done = true;
        if (structs == 0) {
            return 0;
        }
        op.grantTableOp(Gnttab.GNTTABOP_copy, args, 0, structs);
        int failed = 0;
        for (int copy = 0; copy < copies; copy++) {
            for (int i = structOf[copy]; i < structOf[copy + 1]; i++) {
                if (statusOf(i) != Gnttab.GNTST_okay) {
                    retry(i);
                }
            }
            failed += status(copy) == Gnttab.GNTST_okay ? 0 : 1;
        }
        return failed;
    }

    private int statusOf(int struct) {
        return GnttabCopy.status(args, struct * GnttabCopy.SIZEOF);
    }

    /** The granter's page is paged out or shared; as the mapper's other copies. */
    private void retry(int struct) {
        for (int retry = 0; statusOf(struct) == Gnttab.GNTST_eagain && retry < AbiGrantMapper.EAGAIN_RETRIES; retry++) {
            GnttabCopy.result(args, struct * GnttabCopy.SIZEOF, Gnttab.GNTST_general_error);
            op.grantTableOp(Gnttab.GNTTABOP_copy, args, struct * GnttabCopy.SIZEOF, 1);
        }
    }

    @Override
    public int status(int copy) {
        if (copy < 0 || copy >= copies) {
            throw new IllegalArgumentException("copy=" + copy + ", must be 0 to " + (copies - 1));
        }
        for (int i = structOf[copy]; i < structOf[copy + 1]; i++) {
            int status = statusOf(i);
            if (status != Gnttab.GNTST_okay) {
                return status;
            }
        }
        return Gnttab.GNTST_okay;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            platform.freeFrames(frames);
        }
    }
}
