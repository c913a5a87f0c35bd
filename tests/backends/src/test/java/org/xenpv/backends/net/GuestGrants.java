package org.xenpv.backends.net;

import org.xenpv.grant.CopyBatch;
import org.xenpv.grant.CopyPages;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.MappedPages;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * A guest's memory, page n granted under reference {@link #BASE} + n, and a mapper that maps and copies it. References from {@link
 * #READ_ONLY} on name the same pages, granted read-only. What is given out is accounted for. Batches allocate nothing.
 */
final class GuestGrants implements GrantMapper, AutoCloseable {

    static final int BASE = 100;
    static final int READ_ONLY = 100_000;

    /** A reference that grants nothing. */
    static final int NOBODY = 7;

    static final int DOMID = 5;
    static final int GNTST_BAD_GREF = -3;
    private static final int PAGE = SharedMemory.PAGE_BYTES;

    final ChronicleMemory memory;
    private final int pages;
    int open;
    int mapped;
    int batches;

    GuestGrants(int pages) {
        this.pages = pages;
        memory = ChronicleMemory.allocatePages(pages);
    }

    /** The page a reference names, or -1. */
    private int page(int gref, boolean write) {
        int page = gref >= READ_ONLY ? gref - READ_ONLY : gref - BASE;
        return page < 0 || page >= pages || write && gref >= READ_ONLY ? -1 : page;
    }

    void fill(int page, int offset, byte[] bytes, int at, int length) {
        memory.copyIn(page * PAGE + offset, bytes, at, length);
    }

    byte[] bytes(int page, int offset, int length) {
        byte[] bytes = new byte[length];
        memory.copyOut(page * PAGE + offset, bytes, 0, length);
        return bytes;
    }

    @Override
    public MappedPages map(int domid, int[] grefs, int count, GrantAccess access) {
        int page = page(grefs[0], access == GrantAccess.READ_WRITE);
        if (domid != DOMID || count != 1 || page < 0) {
            throw new GrantMapException(domid, grefs[0], GNTST_BAD_GREF);
        }
        mapped++;
        SharedMemory view = memory.slice(page * PAGE, PAGE);
        return new MappedPages() {
            private boolean closed;

            @Override
            public SharedMemory memory() {
                return view;
            }

            @Override
            public int pages() {
                return 1;
            }

            @Override
            public void close() {
                mapped -= closed ? 0 : 1;
                closed = true;
            }
        };
    }

    @Override
    public void copyFrom(int domid, int gref, int offset, byte[] target, int targetAt, int lengthBytes) {
        int page = page(gref, false);
        if (domid != DOMID || page < 0) {
            throw new GrantMapException(domid, gref, GNTST_BAD_GREF);
        }
        memory.copyOut(page * PAGE + offset, target, targetAt, lengthBytes);
    }

    @Override
    public void copyTo(int domid, int gref, int offset, byte[] source, int sourceAt, int lengthBytes) {
        int page = page(gref, true);
        if (domid != DOMID || page < 0) {
            throw new GrantMapException(domid, gref, GNTST_BAD_GREF);
        }
        memory.copyIn(page * PAGE + offset, source, sourceAt, lengthBytes);
    }

    @Override
    public CopyPages copyPages(int count) {
        return new OwnPages(count);
    }

    @Override
    public CopyBatch copyBatch(int copiesMax) {
        return new Batch(copiesMax);
    }

    @Override
    public void close() {
        memory.close();
        if (open != 0 || mapped != 0) {
            throw new AssertionError("open=" + open + ", mapped=" + mapped + ", not given back");
        }
    }

    private final class OwnPages implements CopyPages {
        private final ChronicleMemory own;
        private boolean closed;

        OwnPages(int count) {
            own = ChronicleMemory.allocatePages(count);
            open++;
        }

        @Override
        public SharedMemory memory() {
            if (closed) {
                throw new AssertionError("closed pages are used");
            }
            return own;
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                open--;
                own.close();
            }
        }
    }

    /** Copies nothing before it is run, like the real one. */
    private final class Batch implements CopyBatch {
        private final int[] gref;
        private final int[] offset;
        private final CopyPages[] own;
        private final int[] at;
        private final int[] length;
        private final boolean[] write;
        private final int[] status;
        private int count;
        private boolean done = true;
        private boolean closed;

        Batch(int copiesMax) {
            gref = new int[copiesMax];
            offset = new int[copiesMax];
            own = new CopyPages[copiesMax];
            at = new int[copiesMax];
            length = new int[copiesMax];
            write = new boolean[copiesMax];
            status = new int[copiesMax];
            open++;
        }

        @Override
        public int copiesMax() {
            return gref.length;
        }

        @Override
        public int copies() {
            return done ? 0 : count;
        }

        @Override
        public int from(int domid, int ref, int pageOffset, CopyPages target, int targetAt, int lengthBytes) {
            return add(domid, ref, pageOffset, target, targetAt, lengthBytes, false);
        }

        @Override
        public int to(int domid, int ref, int pageOffset, CopyPages source, int sourceAt, int lengthBytes) {
            return add(domid, ref, pageOffset, source, sourceAt, lengthBytes, true);
        }

        private int add(int domid, int ref, int pageOffset, CopyPages pages, int ownAt, int bytes, boolean toGuest) {
            if (done) {
                done = false;
                count = 0;
            }
            if (closed || domid != DOMID || pageOffset < 0 || bytes < 0 || pageOffset + bytes > PAGE) {
                throw new AssertionError("domid=" + domid + ", offset=" + pageOffset + ", bytes=" + bytes);
            }
            pages.memory().check(ownAt, bytes, 1);
            gref[count] = ref;
            offset[count] = pageOffset;
            own[count] = pages;
            at[count] = ownAt;
            length[count] = bytes;
            write[count] = toGuest;
            return count++;
        }

        @Override
        public int run() {
            if (done) {
                count = 0;
                return 0;
            }
            done = true;
            batches++;
            int failed = 0;
            for (int i = 0; i < count; i++) {
                int page = page(gref[i], write[i]);
                status[i] = page < 0 ? GNTST_BAD_GREF : 0;
                if (page < 0) {
                    failed++;
                } else if (write[i]) {
                    own[i].memory().copyTo(at[i], memory, page * PAGE + offset[i], length[i]);
                } else {
                    memory.copyTo(page * PAGE + offset[i], own[i].memory(), at[i], length[i]);
                }
            }
            return failed;
        }

        @Override
        public int status(int copy) {
            if (copy < 0 || copy >= count) {
                throw new AssertionError("copy=" + copy + " of " + count);
            }
            return status[copy];
        }

        @Override
        public void close() {
            open -= closed ? 0 : 1;
            closed = true;
        }
    }
}
