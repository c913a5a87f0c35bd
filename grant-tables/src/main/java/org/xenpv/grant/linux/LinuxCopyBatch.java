package org.xenpv.grant.linux;

import org.xenpv.grant.CopyBatch;
import org.xenpv.grant.CopyPages;
import org.xenpv.grant.abi.Gnttab;
import org.xenpv.linux.DeviceFile;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** The segments of one IOCTL_GNTDEV_GRANT_COPY. The kernel tries again what has to wait for a page (GNTST_eagain). */
final class LinuxCopyBatch implements CopyBatch {

    private static final int COPIES_MAX = 1024;
    private static final int PAGE = SharedMemory.PAGE_BYTES;
    /** Behind the struct that names the segments. */
    private static final int FIRST_SEGMENT = Gntdev.SEGMENT_SIZEOF;

    private final DeviceFile device;
    private final ChronicleMemory args;
    private final int copiesMax;
    /** Copies of nothing are none of the kernel's: the segment of each copy, or -1. */
    private final int[] segmentOf;

    private int copies;
    private int segments;
    private boolean done = true;
    private boolean closed;

    LinuxCopyBatch(DeviceFile device, int copiesMax) {
        if (copiesMax < 1 || copiesMax > COPIES_MAX) {
            throw new IllegalArgumentException("copiesMax=" + copiesMax + ", must be 1 to " + COPIES_MAX);
        }
        this.device = device;
        this.copiesMax = copiesMax;
        this.segmentOf = new int[copiesMax];
        this.args =
                ChronicleMemory.allocatePages((FIRST_SEGMENT + copiesMax * Gntdev.SEGMENT_SIZEOF + PAGE - 1) / PAGE);
    }

    @Override
    public int copiesMax() {
        return copiesMax;
    }

    @Override
    public int copies() {
        return done ? 0 : copies;
    }

    @Override
    public int from(int domid, int gref, int offset, CopyPages target, int at, int lengthBytes) {
        return add(domid, gref, offset, target, at, lengthBytes, true);
    }

    @Override
    public int to(int domid, int gref, int offset, CopyPages source, int at, int lengthBytes) {
        return add(domid, gref, offset, source, at, lengthBytes, false);
    }

    private int add(int domid, int gref, int offset, CopyPages pages, int at, int lengthBytes, boolean from) {
        if (closed || !(pages instanceof LinuxCopyPages own) || own.isClosed()) {
            throw new IllegalStateException("the batch is closed, or the pages are closed or not of its mapper");
        }
        Gnttab.checkCopy(domid, offset, lengthBytes);
        Gnttab.checkOwn("at", at, lengthBytes, own.memory().sizeBytes());
        if (done) {
            done = false;
            copies = 0;
            segments = 0;
        }
        if (copies == copiesMax) {
            throw new IllegalStateException("copies=" + copies + ", the batch is full");
        }
        segmentOf[copies] = -1;
        if (lengthBytes > 0) {
            segmentOf[copies] = segments;
            GrantCopySegment.write(
                    args, segmentAt(segments++), gref, offset, domid, own.address() + at, lengthBytes, from);
        }
        return copies++;
    }

    private static int segmentAt(int segment) {
        return FIRST_SEGMENT + segment * Gntdev.SEGMENT_SIZEOF;
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
        if (segments > 0) {
            LinuxGrantMapper.run(device, args, segments, args.address() + FIRST_SEGMENT);
        }
        int failed = 0;
        for (int copy = 0; copy < copies; copy++) {
            failed += status(copy) == Gnttab.GNTST_okay ? 0 : 1;
        }
        return failed;
    }

    @Override
    public int status(int copy) {
        if (copy < 0 || copy >= copies) {
            throw new IllegalArgumentException("copy=" + copy + ", must be 0 to " + (copies - 1));
        }
        return segmentOf[copy] < 0 ? Gnttab.GNTST_okay : GrantCopySegment.status(args, segmentAt(segmentOf[copy]));
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            args.close();
        }
    }
}
