package org.xenpv.simulator.hypervisor;

import static org.xenpv.grant.abi.Gnttab.GNTST_bad_gntref;
import static org.xenpv.grant.abi.Gnttab.GNTST_bad_page;
import static org.xenpv.grant.abi.Gnttab.GNTST_general_error;
import static org.xenpv.grant.abi.Gnttab.GNTST_okay;
import static org.xenpv.grant.abi.Gnttab.GNTTAB_NR_RESERVED_ENTRIES;
import static org.xenpv.grant.abi.Gnttab.GTF_permit_access;
import static org.xenpv.grant.abi.Gnttab.GTF_reading;
import static org.xenpv.grant.abi.Gnttab.GTF_readonly;
import static org.xenpv.grant.abi.Gnttab.GTF_type_mask;
import static org.xenpv.grant.abi.Gnttab.GTF_writing;

import java.util.Arrays;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * The hypervisor's side of one domain's grant table: its frames, and the active entries that say who has pinned what.
 *
 * <p>The guest writes the entries at any moment, so flags change by compare-and-set only and everything is looked at
 * once. All methods are called under the hypervisor's lock.
 */
final class GrantFrames {

    private static final int GTF_SUB_PAGE = 1 << 8;
    private static final int V1_ENTRY_BYTES = 8;
    private static final int V2_ENTRY_BYTES = 16;
    private static final int STATUS_PER_FRAME = SharedMemory.PAGE_BYTES / 2;
    private static final int PINS_MAX = 127;
    private static final int CAS_TRIES = 5;
    static final int FRAMES_MAX_LIMIT = 4096;

    private final DomainMemory memory;
    private final int framesMax;
    private final ChronicleMemory shared;
    private final ChronicleMemory status;
    private int version = 1;
    private int frames = 1;
    private int pinnedEntries;
    private boolean retired;

    private int[] readPins = new int[0];
    private int[] writePins = new int[0];
    private int[] pinnedBy = new int[0];
    private long[] pinnedGfn = new long[0];
    private int[] pinnedStart = new int[0];
    private int[] pinnedLength = new int[0];

    GrantFrames(DomainMemory memory, int framesMax) {
        if (framesMax < 1 || framesMax > FRAMES_MAX_LIMIT) {
            throw new IllegalArgumentException("grantFramesMax=" + framesMax + ", must be 1 to " + FRAMES_MAX_LIMIT);
        }
        this.memory = memory;
        this.framesMax = framesMax;
        this.shared = ChronicleMemory.allocatePages(framesMax);
        this.status = ChronicleMemory.allocatePages(statusFramesFor(framesMax));
        growPins();
    }

    private static int statusFramesFor(int frames) {
        int entries = frames * (SharedMemory.PAGE_BYTES / V2_ENTRY_BYTES);
        return (entries + STATUS_PER_FRAME - 1) / STATUS_PER_FRAME;
    }

    int version() {
        return version;
    }

    int frames() {
        return frames;
    }

    int framesMax() {
        return framesMax;
    }

    int statusFrames() {
        return version == 2 ? statusFramesFor(frames) : 0;
    }

    /** Frames as the guest maps them; null if the table has not so many. */
    SharedMemory sharedMemory(int count) {
        return count < 1 || count > frames ? null : shared.slice(0, count * SharedMemory.PAGE_BYTES);
    }

    SharedMemory statusMemory(int count) {
        return count < 1 || count > statusFrames() ? null : status.slice(0, count * SharedMemory.PAGE_BYTES);
    }

    int entries() {
        return frames * SharedMemory.PAGE_BYTES / entryBytes();
    }

    private int entryBytes() {
        return version == 2 ? V2_ENTRY_BYTES : V1_ENTRY_BYTES;
    }

    private int entryAt(int ref) {
        return ref * entryBytes();
    }

    /** Pages of this table that somebody has mapped or is copying. */
    int pinnedEntries() {
        return pinnedEntries;
    }

    boolean grow(int wanted) {
        if (Integer.compareUnsigned(wanted, framesMax) > 0) {
            return false;
        }
        if (wanted > frames) {
            frames = wanted;
            growPins();
        }
        return true;
    }

    private void growPins() {
        int entries = Math.max(entries(), readPins.length);
        readPins = Arrays.copyOf(readPins, entries);
        writePins = Arrays.copyOf(writePins, entries);
        pinnedBy = Arrays.copyOf(pinnedBy, entries);
        pinnedGfn = Arrays.copyOf(pinnedGfn, entries);
        pinnedStart = Arrays.copyOf(pinnedStart, entries);
        pinnedLength = Arrays.copyOf(pinnedLength, entries);
    }

    /** GNTTABOP_set_version: the reserved entries survive, all others must not be in use. */
    int setVersion(int wanted) {
        if (wanted != 1 && wanted != 2) {
            return -Errno.EINVAL;
        }
        if (wanted == version) {
            return 0;
        }
        for (int ref = GNTTAB_NR_RESERVED_ENTRIES; ref < entries(); ref++) {
            if (readPins[ref] + writePins[ref] != 0) {
                return -Errno.EBUSY;
            }
        }
        int[] headers = new int[GNTTAB_NR_RESERVED_ENTRIES];
        long[] gfns = new long[GNTTAB_NR_RESERVED_ENTRIES];
        for (int ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++) {
            headers[ref] = shared.getIntAcquire(entryAt(ref));
            gfns[ref] = gfn(ref);
        }
        shared.zero(0, shared.sizeBytes());
        status.zero(0, status.sizeBytes());
        version = wanted;
        growPins();
        for (int ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++) {
            int inUse =
                    (readPins[ref] + writePins[ref] != 0 ? GTF_reading : 0) | (writePins[ref] != 0 ? GTF_writing : 0);
            int header = headers[ref] & ~(GTF_reading | GTF_writing);
            write(ref, header | (version == 1 ? inUse : 0), gfns[ref]);
            if (version == 2) {
                setStatus(ref, inUse);
            }
        }
        return 0;
    }

    /** What the toolstack seeds before the guest runs: the reserved entries for console and store. */
    void seed(int ref, int domid, long gfn) {
        write(ref, GTF_permit_access | domid << 16, gfn);
    }

    private void write(int ref, int header, long gfn) {
        int at = entryAt(ref);
        if (version == 1) {
            shared.putInt(at + 4, (int) gfn);
        } else {
            shared.putLong(at + 8, gfn);
        }
        shared.putIntRelease(at, header);
    }

    private long gfn(int ref) {
        int at = entryAt(ref);
        shared.check(at, entryBytes(), 4);
        return version == 1 ? shared.getInt(at + 4) & 0xffffffffL : shared.getLong(at + 8);
    }

    /**
     * Pins an entry for a domain: checks it and marks it in use, as _set_status_v1/v2 and the callers around them do.
     *
     * @param mapping false for a copy, which may use part of a page
     * @return GNTST_*
     */
    int pin(int ref, int domid, boolean readonly, boolean mapping) {
        if (Integer.compareUnsigned(ref, entries()) >= 0) {
            return GNTST_bad_gntref;
        }
        boolean first = readPins[ref] + writePins[ref] == 0;
        if (!first
                && (pinnedBy[ref] != domid
                        || Math.max(readPins[ref], writePins[ref]) >= PINS_MAX
                        || mapping && pinnedLength[ref] != SharedMemory.PAGE_BYTES)) {
            return GNTST_general_error;
        }
        boolean writable = !readonly;
        if (first || writable && writePins[ref] == 0) {
            int refused = version == 1
                    ? markV1(ref, domid, readonly, mapping, first)
                    : markV2(ref, domid, readonly, mapping, first);
            if (refused != GNTST_okay) {
                return refused;
            }
        }
        if (first) {
            long gfn = gfn(ref);
            if (!memory.holds(gfn)) {
                clearInUse(ref, GTF_reading | (writable ? GTF_writing : 0));
                return GNTST_bad_page;
            }
            pinnedBy[ref] = domid;
            pinnedGfn[ref] = gfn;
            boolean subPage = version == 2 && (header(ref) & GTF_SUB_PAGE) != 0;
            pinnedStart[ref] = subPage ? shared.getShort(entryAt(ref) + 4) & 0xffff : 0;
            pinnedLength[ref] = subPage ? shared.getShort(entryAt(ref) + 6) & 0xffff : SharedMemory.PAGE_BYTES;
            if (pinnedEntries++ == 0) {
                memory.retain();
            }
        }
        if (readonly) {
            readPins[ref]++;
        } else {
            writePins[ref]++;
        }
        return GNTST_okay;
    }

    void unpin(int ref, boolean readonly) {
        if (readonly) {
            readPins[ref]--;
        } else {
            writePins[ref]--;
        }
        int clear = 0;
        if (!readonly && writePins[ref] == 0) {
            clear |= GTF_writing;
        }
        boolean last = readPins[ref] + writePins[ref] == 0;
        if (last) {
            clear |= GTF_reading;
        }
        if (clear != 0) {
            clearInUse(ref, clear);
        }
        if (last) {
            pinnedEntries--;
            if (pinnedEntries == 0) {
                memory.release();
                closeIfUnused();
            }
        }
    }

    /** The guest has no use for this table any more; it stays while other domains have its pages pinned. */
    void retire() {
        retired = true;
        closeIfUnused();
    }

    private void closeIfUnused() {
        if (retired && pinnedEntries == 0) {
            shared.close();
            status.close();
        }
    }

    long pinnedGfn(int ref) {
        return pinnedGfn[ref];
    }

    int pinnedStart(int ref) {
        return pinnedStart[ref];
    }

    int pinnedLength(int ref) {
        return pinnedLength[ref];
    }

    DomainMemory memory() {
        return memory;
    }

    private int header(int ref) {
        return shared.getIntAcquire(entryAt(ref));
    }

    /** Whether an entry grants what is asked; looked at when nothing is pinned yet. */
    private static boolean grants(int header, int domid, boolean mapping) {
        int mask = GTF_type_mask | (mapping ? GTF_SUB_PAGE : 0);
        return (header & mask) == GTF_permit_access && header >>> 16 == domid;
    }

    private int markV1(int ref, int domid, boolean readonly, boolean mapping, boolean first) {
        for (int attempt = 0; attempt < CAS_TRIES; attempt++) {
            int header = header(ref);
            if (first && !grants(header, domid, mapping) || !readonly && (header & GTF_readonly) != 0) {
                return GNTST_general_error;
            }
            int marked = header | GTF_reading | (readonly ? 0 : GTF_writing);
            if (shared.compareAndSetInt(entryAt(ref), header, marked)) {
                return GNTST_okay;
            }
        }
        return GNTST_general_error;
    }

    private int markV2(int ref, int domid, boolean readonly, boolean mapping, boolean first) {
        int header = header(ref);
        if (first && !grants(header, domid, mapping) || !readonly && (header & GTF_readonly) != 0) {
            return GNTST_general_error;
        }
        setStatus(ref, GTF_reading | (readonly ? 0 : GTF_writing));
        // The guest sees the status before we look whether the grant still stands.
        status.fullFence();
        header = header(ref);
        if (first && !grants(header, domid, mapping) || !readonly && (header & GTF_readonly) != 0) {
            clearInUse(ref, first ? GTF_reading | GTF_writing : GTF_writing);
            return GNTST_general_error;
        }
        return GNTST_okay;
    }

    private void setStatus(int ref, int bits) {
        int at = ref * 2 & ~3;
        int shifted = bits << (ref & 1) * 16;
        for (; ; ) {
            int word = status.getIntAcquire(at);
            if (status.compareAndSetInt(at, word, word | shifted)) {
                return;
            }
        }
    }

    private void clearInUse(int ref, int bits) {
        ChronicleMemory flags = version == 1 ? shared : status;
        int at = version == 1 ? entryAt(ref) : ref * 2 & ~3;
        int shifted = version == 1 ? bits : bits << (ref & 1) * 16;
        for (; ; ) {
            int word = flags.getIntAcquire(at);
            if (flags.compareAndSetInt(at, word, word & ~shifted)) {
                return;
            }
        }
    }
}
