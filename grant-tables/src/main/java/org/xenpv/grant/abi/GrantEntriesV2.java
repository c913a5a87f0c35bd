package org.xenpv.grant.abi;

import org.xenpv.grant.GrantAccess;
import org.xenpv.memory.SharedMemory;

/**
 * Version 2: Xen's GTF_reading and GTF_writing stand in frames of their own, which only Xen writes. Xen sets them and
 * then looks at our flags again; we clear the flags and then look at them: one of the two always notices.
 */
final class GrantEntriesV2 implements GrantEntries {

    private SharedMemory shared;
    private SharedMemory status;

    @Override
    public int version() {
        return 2;
    }

    @Override
    public int refsPerFrame() {
        return SharedMemory.PAGE_BYTES / GrantEntryV2.SIZEOF;
    }

    @Override
    public void attach(GrantPlatform platform, int frames) {
        int statusBytes = frames * refsPerFrame() * GrantEntryV2.STATUS_SIZEOF;
        int statusFrames = (statusBytes + SharedMemory.PAGE_BYTES - 1) / SharedMemory.PAGE_BYTES;
        SharedMemory all = platform.sharedFrames(frames);
        all.check(0, frames * SharedMemory.PAGE_BYTES, GrantEntryV2.SIZEOF);
        SharedMemory allStatus = platform.statusFrames(statusFrames);
        allStatus.check(0, statusBytes, Integer.BYTES);
        shared = all;
        status = allStatus;
    }

    @Override
    public boolean canHold(long frame) {
        return true;
    }

    @Override
    public void grant(int gref, int domid, GrantAccess access, long frame) {
        SharedMemory shared = this.shared;
        int at = gref * GrantEntryV2.SIZEOF;
        shared.check(at, GrantEntryV2.SIZEOF, GrantEntryV2.SIZEOF);
        shared.putLong(at + GrantEntryV2.FRAME_OFFSET, frame);
        // Xen sees the frame before the flags that make it valid ("Introducing a valid entry", step 3)
        shared.putIntRelease(at + GrantEntryV2.FLAGS_OFFSET, GrantEntriesV1.granted(domid, access));
    }

    /** Also when it answers false, no new mapping can be made from here on; those that exist, stay. */
    @Override
    public boolean revoke(int gref, int domid, GrantAccess access) {
        shared.putIntRelease(gref * GrantEntryV2.SIZEOF + GrantEntryV2.FLAGS_OFFSET, 0);
        // Xen sees the entry invalid before we see its status
        shared.fullFence();
        int statusAt = gref * GrantEntryV2.STATUS_SIZEOF;
        int pair = status.getIntAcquire(statusAt & -4);
        int seen = pair >>> ((statusAt & 2) * 8);
        return (seen & (Gnttab.GTF_reading | Gnttab.GTF_writing)) == 0;
    }
}
