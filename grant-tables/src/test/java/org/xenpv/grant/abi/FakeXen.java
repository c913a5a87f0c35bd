package org.xenpv.grant.abi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * A machine with one granting domain, seen from both sides: hypercalls and platform for the table and the mapper under
 * test, and {@link #beginMap} and {@link #unmap} for the other domain. It knows the layouts of xen/grant_table.h as
 * literal numbers of its own. Freed frames are watched: {@link #violations} tells when one was still mapped, or dirty.
 */
final class FakeXen implements GrantTableOp, GrantPlatform, AutoCloseable {

    /** The one domain of this machine: it grants, also to itself. */
    static final int SELF = 5;

    static final long FIRST_FRAME = 0x1000;
    static final int ARENA_PAGES = 2048;
    private static final byte[] DIRT = new byte[4096];

    static {
        Arrays.fill(DIRT, (byte) 0xa5);
    }

    private static final int READING = 8;
    private static final int WRITING = 16;

    /** A mapping by the other domain, or one GNTTABOP_copy of it under way. */
    record Mapping(int gref, int domid, long frame, boolean writable) {}

    final ChronicleMemory arena = ChronicleMemory.allocatePages(ARENA_PAGES);
    final List<String> violations = new ArrayList<>();
    final Map<Integer, Mapping> mappings = new TreeMap<>();
    final List<Long> mapAddresses = new ArrayList<>();
    /** Answers to be given, one per struct, instead of doing what is asked; 0 does it. */
    final List<Integer> scripted = new ArrayList<>();

    int framesMax = 4;
    int reportedFramesMax = -1;
    boolean knowsVersions = true;
    boolean knowsVersion2 = true;
    boolean knowsQuerySize = true;
    boolean failWholeCall;
    long firstFrame = FIRST_FRAME;
    int version = 1;
    int hypercalls;
    int framesShown;

    private final boolean[] used = new boolean[ARENA_PAGES];
    private final boolean[] reserved = new boolean[4096];
    private ChronicleMemory table = ChronicleMemory.allocatePages(64);
    private ChronicleMemory status = ChronicleMemory.allocatePages(8);
    private SteppedMemory stepped;
    private SteppedMemory steppedStatus;
    private final Map<Long, Long> frameAt = new TreeMap<>();
    private int nextHandle = 100;

    FakeXen withVersion(int other) {
        version = other;
        return this;
    }

    AbiGrantTable open() {
        return open(AbiGrantTable.Options.defaults());
    }

    AbiGrantTable open(AbiGrantTable.Options options) {
        return AbiGrantTable.open(this, this, options.withVersion(version));
    }

    /** Lets the other domain act between the table's accesses; to be called before the table is opened. */
    void stepAccesses() {
        stepped = new SteppedMemory(table);
        steppedStatus = new SteppedMemory(status);
    }

    void turn(Runnable other) {
        stepped.turn(other);
        steppedStatus.turn(other);
    }

    void latestFirst(boolean latest) {
        stepped.latestFirst(latest);
        steppedStatus.latestFirst(latest);
    }

    void drain() {
        stepped.drain();
        steppedStatus.drain();
    }

    /** The table of a domain that has been moved to another host: nothing granted, nothing mapped. */
    void move() {
        table.close();
        status.close();
        table = ChronicleMemory.allocatePages(64);
        status = ChronicleMemory.allocatePages(8);
        mappings.clear();
    }

    int framesUsed() {
        int count = 0;
        for (boolean one : used) {
            count += one ? 1 : 0;
        }
        return count;
    }

    int pagesReserved() {
        int count = 0;
        for (boolean one : reserved) {
            count += one ? 1 : 0;
        }
        return count;
    }

    @Override
    public void close() {
        table.close();
        status.close();
        arena.close();
    }

    // The other domain

    /** An entry's flags and domid, as they stand in memory. */
    int word(int gref) {
        return table.getInt(gref * (version == 1 ? 8 : 16));
    }

    long frame(int gref) {
        return version == 1 ? Integer.toUnsignedLong(table.getInt(gref * 8 + 4)) : table.getLong(gref * 16 + 8);
    }

    /** Half a map: what Xen does up to the moment before it is decided. */
    final class MapInProgress {
        private final int gref;
        private final int domid;
        private final boolean writable;
        private final int seen;
        private final boolean refused;

        MapInProgress(int gref, int domid, boolean writable) {
            this.gref = gref;
            this.domid = domid;
            this.writable = writable;
            this.seen = word(gref);
            this.refused = (seen & 3) != 1 || (seen >>> 16) != domid || (writable && (seen & 4) != 0);
            if (!refused && version == 2) {
                setStatus(gref, bits(gref) | READING | (writable ? WRITING : 0));
            }
        }

        /** The other half. Returns a handle, or a negative GNTST_. */
        int finish() {
            if (refused) {
                return -3;
            }
            if (version == 1) {
                int with = seen | READING | (writable ? WRITING : 0);
                if (!table.compareAndSetInt(gref * 8, seen, with)) {
                    return -3;
                }
            } else if (word(gref) != seen) {
                setStatus(gref, bits(gref));
                return -3;
            }
            int handle = nextHandle++;
            mappings.put(handle, new Mapping(gref, domid, frame(gref), writable));
            return handle;
        }
    }

    MapInProgress beginMap(int gref, int domid, boolean writable) {
        return new MapInProgress(gref, domid, writable);
    }

    int map(int gref, int domid, boolean writable) {
        return beginMap(gref, domid, writable).finish();
    }

    void unmap(int handle) {
        Mapping mapping = mappings.remove(handle);
        int gref = mapping.gref();
        if (version == 1) {
            int word = word(gref);
            table.putInt(gref * 8, word & ~(READING | WRITING) | bits(gref));
        } else {
            setStatus(gref, bits(gref));
        }
    }

    /** GTF_reading and GTF_writing as the mappings that exist want them. */
    private int bits(int gref) {
        int bits = 0;
        for (Mapping mapping : mappings.values()) {
            if (mapping.gref() == gref) {
                bits |= READING | (mapping.writable() ? WRITING : 0);
            }
        }
        return bits;
    }

    private void setStatus(int gref, int bits) {
        status.putShort(gref * 2, (short) bits);
    }

    private boolean isMapped(long frame) {
        return mappings.values().stream().anyMatch(mapping -> mapping.frame() == frame);
    }

    /** One of our frames, for looking at its content. */
    SharedMemory page(long frame) {
        return arena.slice((int) (frame - FIRST_FRAME) * 4096, 4096);
    }

    // The platform

    @Override
    public SharedMemory sharedFrames(int frames) {
        if (frames > framesMax) {
            throw new AssertionError("frames=" + frames + ", the table may have " + framesMax);
        }
        framesShown = frames;
        return stepped != null ? stepped : table.slice(0, frames * 4096);
    }

    @Override
    public SharedMemory statusFrames(int frames) {
        if (version == 1) {
            throw new AssertionError("a version 1 table has no status frames");
        }
        return steppedStatus != null ? steppedStatus : status.slice(0, frames * 4096);
    }

    @Override
    public Frames allocateFrames(int count) {
        for (int first = 0; first + count <= ARENA_PAGES; first++) {
            int length = 0;
            while (length < count && !used[first + length]) {
                length++;
            }
            if (length == count) {
                for (int page = first; page < first + count; page++) {
                    used[page] = true;
                    if (isMapped(FIRST_FRAME + page)) {
                        violations.add("frame " + page + " allocated while mapped");
                    }
                    arena.copyIn(page * 4096, DIRT, 0, 4096);
                }
                return new Frames(arena.slice(first * 4096, count * 4096), firstFrame + first, count);
            }
        }
        return null;
    }

    @Override
    public void freeFrames(Frames frames) {
        int first = (int) (frames.firstFrame() - firstFrame);
        for (int page = first; page < first + frames.count(); page++) {
            if (!used[page]) {
                violations.add("frame " + page + " freed twice");
            }
            used[page] = false;
            if (isMapped(FIRST_FRAME + page)) {
                violations.add("frame " + page + " freed while mapped");
            }
        }
    }

    @Override
    public long reserveMapSpace(int pages) {
        for (int first = 0; first + pages <= reserved.length; first++) {
            int length = 0;
            while (length < pages && !reserved[first + length]) {
                length++;
            }
            if (length == pages) {
                for (int page = first; page < first + pages; page++) {
                    reserved[page] = true;
                }
                return 0x7f00_0000_0000L + first * 4096L;
            }
        }
        throw new AssertionError("no map space");
    }

    @Override
    public void releaseMapSpace(long hostAddress, int pages) {
        int first = (int) ((hostAddress - 0x7f00_0000_0000L) / 4096);
        for (int page = first; page < first + pages; page++) {
            if (!reserved[page]) {
                violations.add("map space " + page + " released twice");
            }
            reserved[page] = false;
        }
    }

    @Override
    public SharedMemory mapped(long hostAddress, int pages) {
        int first = (int) (frameAt.get(hostAddress) - FIRST_FRAME);
        return arena.slice(first * 4096, pages * 4096);
    }

    // Hypercalls

    @Override
    public int grantTableOp(int cmd, SharedMemory args, int at, int count) {
        hypercalls++;
        if (failWholeCall) {
            return -38;
        }
        switch (cmd) {
            case 0:
                for (int i = 0; i < count; i++) {
                    mapOp(args, at + i * 32);
                }
                return 0;
            case 1:
                for (int i = 0; i < count; i++) {
                    unmapOp(args, at + i * 24);
                }
                return 0;
            case 5:
                for (int i = 0; i < count; i++) {
                    copyOp(args, at + i * 40);
                }
                return 0;
            case 6:
                if (!knowsQuerySize || args.getShort(at) != 0x7ff0) {
                    return -38;
                }
                args.putInt(at + 4, Math.max(1, framesShown));
                args.putInt(at + 8, reportedFramesMax >= 0 ? reportedFramesMax : framesMax);
                args.putShort(at + 12, (short) 0);
                return 0;
            case 8:
                int wanted = args.getInt(at);
                if (!knowsVersions || (wanted == 2 && !knowsVersion2)) {
                    return -38;
                }
                version = wanted;
                return 0;
            case 10:
                if (!knowsVersions) {
                    return -38;
                }
                args.putInt(at + 4, version);
                return 0;
            default:
                return -38;
        }
    }

    private int scripted() {
        return scripted.isEmpty() ? 0 : scripted.remove(0);
    }

    private void mapOp(SharedMemory args, int at) {
        mapAddresses.add(args.getLong(at));
        int flags = args.getInt(at + 8);
        int result = scripted();
        if (result == 0) {
            result = args.getShort(at + 16) == SELF ? map(args.getInt(at + 12), SELF, (flags & 4) == 0) : -2;
        }
        if ((flags & 2) == 0 || args.getLong(at + 24) != 0) {
            result = -1;
        }
        if (result > 0) {
            frameAt.put(args.getLong(at), mappings.get(result).frame());
        }
        args.putShort(at + 18, (short) Math.min(0, result));
        args.putInt(at + 20, result);
    }

    private void unmapOp(SharedMemory args, int at) {
        int result = scripted();
        int handle = args.getInt(at + 16);
        if (result == 0 && (!mappings.containsKey(handle) || args.getLong(at + 8) != 0)) {
            result = -4;
        }
        if (result == 0) {
            unmap(handle);
        }
        args.putShort(at + 20, (short) result);
    }

    private void copyOp(SharedMemory args, int at) {
        int result = scripted();
        int flags = args.getShort(at + 34);
        int foreign = flags == 1 ? at : at + 16;
        int own = flags == 1 ? at + 16 : at;
        int handle = result == 0 ? map(args.getInt(foreign), args.getShort(foreign + 8), flags == 2) : result;
        if (args.getShort(own + 8) != 0x7ff0 || args.getInt(foreign + 4) != 0) {
            violations.add("copy with a bad own end or a dirty reference");
        }
        if (handle > 0) {
            byte[] bytes = new byte[args.getShort(at + 32)];
            SharedMemory theirs = page(mappings.get(handle).frame());
            SharedMemory ours = page(args.getLong(own));
            SharedMemory from = flags == 1 ? theirs : ours;
            SharedMemory to = flags == 1 ? ours : theirs;
            from.copyOut(args.getShort(flags == 1 ? foreign + 10 : own + 10), bytes, 0, bytes.length);
            to.copyIn(args.getShort(flags == 1 ? own + 10 : foreign + 10), bytes, 0, bytes.length);
            unmap(handle);
        }
        args.putShort(at + 36, (short) Math.min(handle, 0));
    }
}
