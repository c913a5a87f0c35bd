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

/**
 * GNTTABOP_copy: bytes from one page to another, each named by a frame of our own or by a grant.
 *
 * <p>A few copies at a time: their pages are pinned under the hypervisor's lock, the bytes move without it, the pages are let
 * go of. One thread per domain makes hypercalls, so what is kept between two of these steps is kept here.
 */
final class GrantCopy {

    private static final int SOURCE_AT = 0;
    private static final int DEST_AT = 16;
    private static final int STRUCT_BYTES = 40;

    /** Copies whose pages are pinned at the same time; below the number of pins an entry can have. */
    private static final int GROUP = 32;

    private final Domain domain;
    private final Hypervisor hypervisor;
    private final Move[] moves = new Move[GROUP];

    /** The granter found last, while the lock is held. */
    private Domain granter;

    private int granterDomid;

    /** One copy of the group under way. */
    private static final class Move {
        final Page source = new Page(true);
        final Page dest = new Page(false);
        int sourceOffset;
        int destOffset;
        int length;
        int status;
    }

    /** One side of a copy: a page kept in place until the bytes have moved. */
    private static final class Page {
        final boolean readonly;
        DomainMemory memory;
        long gfn;
        GrantFrames frames;
        int ref;

        Page(boolean readonly) {
            this.readonly = readonly;
        }
    }

    GrantCopy(Domain domain) {
        this.domain = domain;
        this.hypervisor = domain.hypervisor();
        for (int i = 0; i < GROUP; i++) {
            moves[i] = new Move();
        }
    }

    synchronized void copyAll(SharedMemory args, int at, int count) {
        for (int from = 0; from < count; from += GROUP) {
            int n = Math.min(GROUP, count - from);
            synchronized (hypervisor.lock()) {
                if (!domain.alive()) {
                    refuse(args, at + from * STRUCT_BYTES, count - from);
                    return;
                }
                domain.memory().retain(); // for as long as bytes move
                granter = null;
                for (int i = 0; i < n; i++) {
                    moves[i].status = claim(moves[i], args, at + (from + i) * STRUCT_BYTES);
                }
            }
            for (int i = 0; i < n; i++) {
                Move move = moves[i];
                if (move.status == GNTST_okay) {
                    move.source.memory.copy(
                            move.source.gfn,
                            move.sourceOffset,
                            move.dest.memory,
                            move.dest.gfn,
                            move.destOffset,
                            move.length);
                }
            }
            synchronized (hypervisor.lock()) {
                for (int i = 0; i < n; i++) {
                    if (moves[i].status == GNTST_okay) {
                        drop(moves[i].dest);
                        drop(moves[i].source);
                    }
                    args.putShort(at + (from + i) * STRUCT_BYTES + 36, (short) moves[i].status);
                }
                domain.memory().release();
            }
        }
    }

    private static void refuse(SharedMemory args, int at, int count) {
        for (int i = 0; i < count; i++) {
            args.putShort(at + i * STRUCT_BYTES + 36, (short) GNTST_bad_domain);
        }
    }

    /** Finds and pins both pages, so that they can neither be revoked nor freed; neither if one is refused. */
    private int claim(Move move, SharedMemory args, int at) {
        move.sourceOffset = Args.u16(args, at + SOURCE_AT + 10);
        move.destOffset = Args.u16(args, at + DEST_AT + 10);
        move.length = Args.u16(args, at + 32);
        int flags = Args.u16(args, at + 34);
        if (move.sourceOffset + move.length > SharedMemory.PAGE_BYTES
                || move.destOffset + move.length > SharedMemory.PAGE_BYTES) {
            return GNTST_bad_copy_arg;
        }
        boolean fromGrant = (flags & GNTCOPY_source_gref) != 0;
        int status = claim(move.source, args, at + SOURCE_AT, fromGrant, move.sourceOffset, move.length);
        if (status != GNTST_okay) {
            return status;
        }
        boolean toGrant = (flags & GNTCOPY_dest_gref) != 0;
        status = claim(move.dest, args, at + DEST_AT, toGrant, move.destOffset, move.length);
        if (status != GNTST_okay) {
            drop(move.source);
        }
        return status;
    }

    private int claim(Page page, SharedMemory args, int at, boolean byGrant, int offset, int length) {
        long frameOrRef = Args.u64(args, at);
        int owner = Args.u16(args, at + 8);
        if (!byGrant && owner != Args.DOMID_SELF) {
            return GNTST_permission_denied;
        }
        page.frames = null;
        if (!byGrant) {
            page.memory = domain.memory();
            page.gfn = frameOrRef;
            return page.memory.holds(frameOrRef) ? GNTST_okay : GNTST_bad_page;
        }
        if (granter == null || granterDomid != owner) {
            granter = owner == Args.DOMID_SELF ? domain : hypervisor.domain(owner);
            granterDomid = owner;
        }
        return granter == null ? GNTST_bad_domain : pin(page, granter.grants(), (int) frameOrRef, offset, length);
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

    private static void drop(Page page) {
        if (page.frames != null) {
            page.frames.unpin(page.ref, page.readonly);
        }
    }
}
