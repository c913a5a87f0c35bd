package org.xenpv.grant.abi;

import org.xenpv.grant.GrantAccess;
import org.xenpv.memory.SharedMemory;

/** Version 1: Xen keeps its GTF_reading and GTF_writing in our own flags, so that one compare-and-set decides. */
final class GrantEntriesV1 implements GrantEntries {

    /**
     * How often a compare-and-set that met an unmapped entry again is repeated: the other domain may map and unmap
     * between our two looks as often as it likes, and must not keep us here.
     */
    private static final int ATTEMPTS = 4;

    private SharedMemory shared;

    @Override
    public int version() {
        return 1;
    }

    @Override
    public int refsPerFrame() {
        return SharedMemory.PAGE_BYTES / GrantEntryV1.SIZEOF;
    }

    @Override
    public void attach(GrantPlatform platform, int frames) {
        SharedMemory all = platform.sharedFrames(frames);
        all.check(0, frames * SharedMemory.PAGE_BYTES, GrantEntryV1.SIZEOF);
        shared = all;
    }

    @Override
    public boolean canHold(long frame) {
        return frame >>> 32 == 0;
    }

    static int granted(int domid, GrantAccess access) {
        int readonly = access == GrantAccess.READ_ONLY ? Gnttab.GTF_readonly : 0;
        return GrantEntryV1.word(Gnttab.GTF_permit_access | readonly, domid);
    }

    @Override
    public void grant(int gref, int domid, GrantAccess access, long frame) {
        SharedMemory shared = this.shared;
        int at = gref * GrantEntryV1.SIZEOF;
        shared.check(at, GrantEntryV1.SIZEOF, GrantEntryV1.SIZEOF);
        shared.putInt(at + GrantEntryV1.FRAME_OFFSET, (int) frame);
        // Xen sees the frame before the flags that make it valid ("Introducing a valid entry", step 3)
        shared.putIntRelease(at + GrantEntryV1.FLAGS_OFFSET, granted(domid, access));
    }

    @Override
    public boolean revoke(int gref, int domid, GrantAccess access) {
        SharedMemory shared = this.shared;
        int at = gref * GrantEntryV1.SIZEOF + GrantEntryV1.FLAGS_OFFSET;
        int granted = granted(domid, access);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            // the word is our own copy of what we wrote: it holds only while Xen has set neither bit
            if (shared.compareAndSetInt(at, granted, 0)) {
                return true;
            }
            int flags = GrantEntryV1.flags(shared.getIntAcquire(at));
            if ((flags & (Gnttab.GTF_reading | Gnttab.GTF_writing)) != 0) {
                return false;
            }
            if ((flags & Gnttab.GTF_type_mask) == Gnttab.GTF_invalid) {
                // a table that is new since a resume; only we make an entry valid, so this stays true
                return true;
            }
        }
        return false;
    }
}
