package org.xenpv.grant.abi;

import org.xenpv.fault.XenConfigException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.memory.SharedMemory;

/**
 * The grant table of the domain we are, written by ourselves.
 *
 * <p>Granting and revoking are stores to shared memory: no hypercall, and in {@link GrantedPages#revokePage} and
 * {@link GrantedPages#regrantPage} no allocation. The table begins with one frame and grows by as many as a grant lacks,
 * up to its limit. Owned by the thread of the domain's event loop.
 */
public final class AbiGrantTable implements GrantTable {

    private static final int PAGES_MAX = 512;

    /** What a hypervisor that cannot be asked allows. */
    private static final int FRAMES_MAX_LEGACY = 4;

    /**
     * @param version 1 or 2; if the hypervisor refuses it, the version in effect is used
     * @param framesMax our own limit on the table's size, 1 to 4096; the hypervisor's counts if it is lower
     * @param quarantineCapPerDomain frames held because a domain does not let go of them, from which on nothing is
     *     granted to it any more
     * @param retryBudget pages tried per {@link GrantTable#retryQuarantine}
     */
    public record Options(int version, int framesMax, int quarantineCapPerDomain, int retryBudget) {

        public static final int FRAMES_LIMIT = 4096;

        public Options {
            if (version != 1 && version != 2) {
                throw new IllegalArgumentException("version=" + version + ", must be 1 or 2");
            }
            if (framesMax < 1 || framesMax > FRAMES_LIMIT) {
                throw new IllegalArgumentException("framesMax=" + framesMax + ", must be 1 to " + FRAMES_LIMIT);
            }
            if (quarantineCapPerDomain < 1) {
                throw new IllegalArgumentException(
                        "quarantineCapPerDomain=" + quarantineCapPerDomain + ", must be at least 1");
            }
            if (retryBudget < 1) {
                throw new IllegalArgumentException("retryBudget=" + retryBudget + ", must be at least 1");
            }
        }

        /** Version 1, 64 frames (Xen's own default limit), 4 MiB of quarantine per domain, 64 pages per retry. */
        public static Options defaults() {
            return new Options(1, 64, 1024, 64);
        }

        public Options withVersion(int other) {
            return new Options(other, framesMax, quarantineCapPerDomain, retryBudget);
        }
    }

    private final GrantTableOp op;
    private final GrantPlatform platform;
    private final GrantEntries entries;
    private final int framesMax;
    private final int retryBudget;
    private final GrefQueue free = new GrefQueue();
    private final AbiGrantLedger ledger = new AbiGrantLedger();
    private final GrantQuarantine quarantine;
    private int frames;

    /** Resumed where the table is not to be had: nothing is granted any more, and nothing can be. */
    private boolean lost;

    private AbiGrantTable(
            GrantTableOp op, GrantPlatform platform, GrantEntries entries, int framesMax, Options options) {
        this.op = op;
        this.platform = platform;
        this.entries = entries;
        this.framesMax = framesMax;
        this.retryBudget = options.retryBudget();
        this.quarantine = new GrantQuarantine(options.quarantineCapPerDomain());
    }

    public static AbiGrantTable open(GrantTableOp op, GrantPlatform platform) {
        return open(op, platform, Options.defaults());
    }

    /**
     * Settles the version and makes the first frame visible.
     *
     * @throws GrantExhaustedException if the platform has no frame for the arguments of hypercalls
     */
    public static AbiGrantTable open(GrantTableOp op, GrantPlatform platform, Options options) {
        GrantPlatform.Frames frame = argsFrame(platform);
        try {
            SharedMemory args = frame.memory();
            int version = negotiate(op, args, options.version());
            int framesMax = Math.min(options.framesMax(), queryFramesMax(op, args));
            GrantEntries entries = version == 2 ? new GrantEntriesV2() : new GrantEntriesV1();
            AbiGrantTable table = new AbiGrantTable(op, platform, entries, framesMax, options);
            table.grow(1);
            return table;
        } finally {
            platform.freeFrames(frame);
        }
    }

    private static GrantPlatform.Frames argsFrame(GrantPlatform platform) {
        GrantPlatform.Frames frame = platform.allocateFrames(1);
        if (frame == null) {
            throw new GrantExhaustedException("no page for the arguments of GNTTABOP_set_version");
        }
        return frame;
    }

    /** Asks for a version and returns the one in effect; a hypervisor that knows no versions has version 1. */
    private static int negotiate(GrantTableOp op, SharedMemory args, int wanted) {
        GnttabVersion.writeSet(args, 0, wanted);
        if (op.grantTableOp(Gnttab.GNTTABOP_set_version, args, 0, 1) == 0) {
            return GnttabVersion.setVersion(args, 0) == 2 ? 2 : 1;
        }
        GnttabVersion.writeGet(args, 0, Gnttab.DOMID_SELF);
        if (op.grantTableOp(Gnttab.GNTTABOP_get_version, args, 0, 1) == 0) {
            return GnttabVersion.getVersion(args, 0) == 2 ? 2 : 1;
        }
        return 1;
    }

    private static int queryFramesMax(GrantTableOp op, SharedMemory args) {
        GnttabQuerySize.write(args, 0, Gnttab.DOMID_SELF);
        int error = op.grantTableOp(Gnttab.GNTTABOP_query_size, args, 0, 1);
        if (error != 0 || GnttabQuerySize.status(args, 0) != Gnttab.GNTST_okay) {
            return FRAMES_MAX_LEGACY;
        }
        int framesMax = GnttabQuerySize.maxNrFrames(args, 0);
        // unsigned, and never less than the frame every domain has
        return framesMax < 0 ? Options.FRAMES_LIMIT : Math.max(1, framesMax);
    }

    /**
     * Takes up the table again after the domain has been suspended and resumed. On a new host it is empty: what was
     * granted before is granted no more, and comes back, from quarantine too, when it is released or retried. A suspend
     * that was cancelled leaves everything as it was.
     *
     * <p>If it throws there is no table: grants of before can be released, new ones are refused.
     *
     * @throws XenConfigException if the version of before is not to be had, or the table cannot be as large
     */
    public void resume() {
        lost = true;
        GrantPlatform.Frames frame = argsFrame(platform);
        try {
            SharedMemory args = frame.memory();
            int version = negotiate(op, args, entries.version());
            if (version != entries.version()) {
                throw new XenConfigException(
                        "grant table version",
                        Integer.toString(version),
                        entries.version() + ", as before the suspend");
            }
            int allowed = queryFramesMax(op, args);
            if (allowed < frames) {
                throw new XenConfigException(
                        "grant table frames", Integer.toString(allowed), frames + " or more, as before the suspend");
            }
            entries.attach(platform, frames);
            lost = false;
        } finally {
            platform.freeFrames(frame);
        }
    }

    /** The version of the entries in effect, 1 or 2. */
    public int version() {
        return entries.version();
    }

    /** Frames the table has at the moment. */
    public int frames() {
        return frames;
    }

    /** References that can be granted without growing the table. */
    public int freeRefs() {
        return free.size();
    }

    /** Frames that cannot be used again because of this domain; the cap of {@link Options} counts these. */
    public int heldFrames(int domid) {
        return quarantine.heldFrames(domid);
    }

    private void grow(int framesWanted) {
        entries.attach(platform, framesWanted);
        int refs = framesWanted * entries.refsPerFrame();
        free.ensureCapacity(refs);
        ledger.ensureCapacity(refs);
        quarantine.ensureCapacity(refs);
        int firstRef = Math.max(Gnttab.GNTTAB_NR_RESERVED_ENTRIES, frames * entries.refsPerFrame());
        for (int gref = firstRef; gref < refs; gref++) {
            free.add(gref);
        }
        frames = framesWanted;
    }

    private void ensureFree(int count) {
        int missing = count - free.size();
        if (missing > 0) {
            int perFrame = entries.refsPerFrame();
            int framesWanted = frames + (missing + perFrame - 1) / perFrame;
            if (framesWanted > framesMax) {
                throw new GrantExhaustedException("grant references: wanted=" + count + ", free=" + free.size()
                        + ", lent=" + ledger.lent() + ", quarantined=" + ledger.quarantined() + ", table frames="
                        + frames + " of " + framesMax);
            }
            grow(framesWanted);
        }
    }

    @Override
    public GrantedPages grant(int domid, int pages, GrantAccess access, String purpose) {
        Gnttab.checkDomid(domid);
        checkAccess(access);
        if (pages < 1 || pages > PAGES_MAX) {
            throw new IllegalArgumentException("pages=" + pages + ", must be 1 to " + PAGES_MAX);
        }
        if (purpose == null) {
            throw new IllegalArgumentException("purpose=null, must say what the pages are for");
        }
        if (lost) {
            throw new GrantExhaustedException("the grant table could not be taken up again after a resume");
        }
        if (quarantine.isFull(domid)) {
            throw new GrantExhaustedException("domid=" + domid + " does not let go of " + quarantine.heldFrames(domid)
                    + " pages, quarantine cap=" + quarantine.capPerDomain() + ": nothing more is granted to it");
        }
        // every reference and page is at hand before the first entry is written, so that nothing needs to be undone
        ensureFree(pages);
        GrantPlatform.Frames allocated = platform.allocateFrames(pages);
        if (allocated == null) {
            throw new GrantExhaustedException("pages: wanted=" + pages + " contiguous, lent=" + ledger.lent()
                    + ", quarantined=" + ledger.quarantined());
        }
        if (!entries.canHold(allocated.firstFrame() + pages - 1)) {
            platform.freeFrames(allocated);
            throw new GrantExhaustedException("frame=" + allocated.firstFrame()
                    + ", must be below 2^32 to be granted by a version " + entries.version() + " entry");
        }
        allocated.memory().zero(0, pages * SharedMemory.PAGE_BYTES);
        AbiGrantedPages granted = new AbiGrantedPages(this, allocated, domid, purpose);
        for (int page = 0; page < pages; page++) {
            int gref = free.remove();
            ledger.lend(gref, granted, page);
            granted.start(page, gref, access);
        }
        return granted;
    }

    static void checkAccess(GrantAccess access) {
        if (access == null) {
            throw new IllegalArgumentException("access=null, must be READ_ONLY or READ_WRITE");
        }
    }

    @Override
    public boolean canRegrant() {
        return true;
    }

    @Override
    public boolean seesMappings() {
        return true;
    }

    @Override
    public void retryQuarantine() {
        int tries = Math.min(retryBudget, quarantine.size());
        for (int i = 0; i < tries; i++) {
            int gref = quarantine.remove();
            if (!ledger.owner(gref).retry(ledger.page(gref))) {
                quarantine.add(gref);
            }
        }
    }

    @Override
    public GrantLedger ledger() {
        return ledger;
    }

    void write(int gref, int domid, GrantAccess access, long frame) {
        if (!lost) {
            entries.grant(gref, domid, access, frame);
        }
        ledger.granted();
    }

    boolean revoke(int gref, int domid, GrantAccess access) {
        if (lost || entries.revoke(gref, domid, access)) {
            return true;
        }
        ledger.refused();
        return false;
    }

    /** A revoked reference may be granted again, after all that are free already. */
    void returned(int gref, boolean fromQuarantine) {
        ledger.giveBack(gref, fromQuarantine);
        free.add(gref);
    }

    void quarantined(int gref) {
        ledger.quarantine();
        quarantine.add(gref);
    }

    void hold(AbiGrantedPages pages) {
        quarantine.hold(pages.domid(), pages.pages());
    }

    void unhold(AbiGrantedPages pages) {
        quarantine.unhold(pages.domid(), pages.pages());
    }

    /** Gives frames back to the platform; their content was for one domain only. */
    void free(AbiGrantedPages pages) {
        GrantPlatform.Frames allocated = pages.frames();
        allocated.memory().zero(0, allocated.count() * SharedMemory.PAGE_BYTES);
        platform.freeFrames(allocated);
    }
}
