package org.xenpv.simulator.hypervisor;

import static org.xenpv.grant.abi.Gnttab.GNTCOPY_dest_gref;
import static org.xenpv.grant.abi.Gnttab.GNTCOPY_source_gref;
import static org.xenpv.grant.abi.Gnttab.GNTST_bad_copy_arg;
import static org.xenpv.grant.abi.Gnttab.GNTST_bad_domain;
import static org.xenpv.grant.abi.Gnttab.GNTST_bad_page;
import static org.xenpv.grant.abi.Gnttab.GNTST_general_error;
import static org.xenpv.grant.abi.Gnttab.GNTST_okay;
import static org.xenpv.grant.abi.Gnttab.GNTST_permission_denied;

import org.xenpv.memory.SharedMemory;

/** GNTTABOP_copy: bytes from one page to another, each named by a frame of our own or by a grant. */
final class GrantCopy {

    private static final int SOURCE_AT = 0;
    private static final int DEST_AT = 16;

    private final Domain domain;
    private final Hypervisor hypervisor;

    /** One side of a copy: a page kept in place until the bytes have moved. */
    private static final class Page {
        DomainMemory memory;
        long gfn;
        GrantFrames frames;
        int ref;
        boolean readonly;
        int status;

        static Page refused(int status) {
            Page page = new Page();
            page.status = status;
            return page;
        }
    }

    GrantCopy(Domain domain) {
        this.domain = domain;
        this.hypervisor = domain.hypervisor();
    }

    void copy(SharedMemory args, int at) {
        int sourceOffset = Args.u16(args, at + SOURCE_AT + 10);
        int destOffset = Args.u16(args, at + DEST_AT + 10);
        int length = Args.u16(args, at + 32);
        int flags = Args.u16(args, at + 34);
        args.putShort(at + 36, (short) copy(args, at, sourceOffset, destOffset, length, flags));
    }

    private int copy(SharedMemory args, int at, int sourceOffset, int destOffset, int length, int flags) {
        if (sourceOffset + length > SharedMemory.PAGE_BYTES || destOffset + length > SharedMemory.PAGE_BYTES) {
            return GNTST_bad_copy_arg;
        }
        Page source = claim(args, at + SOURCE_AT, (flags & GNTCOPY_source_gref) != 0, true, sourceOffset, length);
        if (source.status != GNTST_okay) {
            return source.status;
        }
        Page dest = claim(args, at + DEST_AT, (flags & GNTCOPY_dest_gref) != 0, false, destOffset, length);
        if (dest.status == GNTST_okay) {
            move(source, sourceOffset, dest, destOffset, length);
            drop(dest);
        }
        drop(source);
        return dest.status;
    }

    /** Finds and pins a page, so that it can neither be revoked nor freed. */
    private Page claim(SharedMemory args, int at, boolean byGrant, boolean readonly, int offset, int length) {
        long frameOrRef = Args.u64(args, at);
        int owner = Args.u16(args, at + 8);
        synchronized (hypervisor.lock()) {
            if (!byGrant && owner != Args.DOMID_SELF) {
                return Page.refused(GNTST_permission_denied);
            }
            Domain granter = owner == Args.DOMID_SELF ? domain : hypervisor.domain(owner);
            if (granter == null || !domain.alive()) {
                return Page.refused(GNTST_bad_domain);
            }
            Page page = new Page();
            page.memory = granter.memory();
            page.readonly = readonly;
            page.gfn = frameOrRef;
            if (byGrant) {
                page.status = pin(page, granter.grants(), (int) frameOrRef, offset, length);
            } else if (domain.memory().holds(frameOrRef)) {
                page.memory.retain();
            } else {
                page.status = GNTST_bad_page;
            }
            return page;
        }
    }

    private int pin(Page page, GrantFrames frames, int ref, int offset, int length) {
        int refused = frames.pin(ref, domain.domid(), page.readonly, false);
        if (refused != GNTST_okay) {
            return refused;
        }
        int start = frames.pinnedStart(ref);
        if (offset < start || offset + length > start + frames.pinnedLength(ref)) {
            frames.unpin(ref, page.readonly);
            return GNTST_general_error;
        }
        page.frames = frames;
        page.ref = ref;
        page.gfn = frames.pinnedGfn(ref);
        page.memory = frames.memory();
        return GNTST_okay;
    }

    private static void move(Page source, int sourceOffset, Page dest, int destOffset, int length) {
        SharedMemory from = source.memory.page(source.gfn);
        from.copyTo(sourceOffset, dest.memory.page(dest.gfn), destOffset, length);
    }

    private void drop(Page page) {
        synchronized (hypervisor.lock()) {
            if (page.frames != null) {
                page.frames.unpin(page.ref, page.readonly);
            } else {
                page.memory.release();
            }
        }
    }
}
