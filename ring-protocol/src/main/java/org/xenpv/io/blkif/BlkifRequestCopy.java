package org.xenpv.io.blkif;

import org.xenpv.memory.SharedMemory;

/**
 * A request taken out of its slot (RING_COPY_REQUEST): what a backend works on, in any ABI and of any of the three
 * shapes. Each word of the slot is read once, and the operation that was read decides how the rest is read, so the two
 * can never disagree whatever the other end does meanwhile.
 *
 * <p>An object to be used again and again; nothing is allocated after construction. Nothing is judged: an operation may be
 * unknown, a segment may be absurd, and {@link #nrSegments()} may be more than the slot holds; {@link #segments()} never
 * is.
 */
public final class BlkifRequestCopy {

    private static final int SEGMENTS_MAX = Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST;
    private static final int INDIRECT_PAGES_MAX = Blkif.BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST;

    private int word;
    private int handle;
    private long id;
    private long sectorNumber;
    private long nrSectors;
    private int segments;
    private final long[] segment = new long[SEGMENTS_MAX];
    private final int[] indirectGref = new int[INDIRECT_PAGES_MAX];

    /** Copies a slot of a ring in the given ABI. */
    public void copyFrom(SharedMemory m, int at, BlkifAbi abi) {
        if (abi == BlkifAbi.X86_64) {
            copyFrom(m, at);
        } else {
            copyFromX86_32(m, at);
        }
    }

    private void copyFrom(SharedMemory m, int at) {
        m.check(at, BlkifRequest.SIZEOF, 8);
        word = m.getInt(at);
        id = m.getLong(at + BlkifRequest.ID_OFFSET);
        sectorNumber = m.getLong(at + BlkifRequest.SECTOR_NUMBER_OFFSET);
        switch (operation()) {
            case Blkif.BLKIF_OP_DISCARD -> {
                beginDiscard();
                nrSectors = m.getLong(at + BlkifRequestDiscard.NR_SECTORS_OFFSET);
            }
            case Blkif.BLKIF_OP_INDIRECT -> {
                beginIndirect();
                handle = BlkifRequestIndirect.handle(m, at);
                copyGrefs(m, at + BlkifRequestIndirect.INDIRECT_GREFS_OFFSET);
            }
            default -> {
                beginDirect();
                copySegments(m, at + BlkifRequest.SEG_OFFSET);
            }
        }
    }

    private void copyFromX86_32(SharedMemory m, int at) {
        m.check(at, BlkifX86_32Request.SIZEOF, 4);
        word = m.getInt(at);
        id = BlkifX86_32Request.id(m, at);
        sectorNumber = BlkifX86_32Request.sectorNumber(m, at);
        switch (operation()) {
            case Blkif.BLKIF_OP_DISCARD -> {
                beginDiscard();
                nrSectors = BlkifX86_32RequestDiscard.nrSectors(m, at);
            }
            case Blkif.BLKIF_OP_INDIRECT -> {
                beginIndirect();
                handle = BlkifX86_32RequestIndirect.handle(m, at);
                copyGrefs(m, at + BlkifX86_32RequestIndirect.INDIRECT_GREFS_OFFSET);
            }
            default -> {
                beginDirect();
                copySegments(m, at + BlkifX86_32Request.SEG_OFFSET);
            }
        }
    }

    private void beginDirect() {
        handle = word >>> 16;
        nrSectors = 0;
        segments = Math.min(word >>> 8 & 0xff, SEGMENTS_MAX);
    }

    private void beginDiscard() {
        handle = word >>> 16;
        segments = 0;
    }

    private void beginIndirect() {
        nrSectors = 0;
        segments = 0;
    }

    private void copySegments(SharedMemory m, int at) {
        for (int i = 0; i < segments; i++) {
            segment[i] = BlkifRequestSegment.load(m, at + i * BlkifRequestSegment.SIZEOF);
        }
    }

    private void copyGrefs(SharedMemory m, int at) {
        for (int i = 0; i < INDIRECT_PAGES_MAX; i++) {
            indirectGref[i] = m.getInt(at + i * 4);
        }
    }

    /** BLKIF_OP_*, or anything from 0 to 255. */
    public int operation() {
        return word & 0xff;
    }

    public int handle() {
        return handle;
    }

    public long id() {
        return id;
    }

    public long sectorNumber() {
        return sectorNumber;
    }

    /** The number the frontend wrote, direct or indirect; 0 for a discard. Check it before using it. */
    public int nrSegments() {
        return switch (operation()) {
            case Blkif.BLKIF_OP_DISCARD -> 0;
            case Blkif.BLKIF_OP_INDIRECT -> word >>> 16;
            default -> word >>> 8 & 0xff;
        };
    }

    /** Segments that were copied: those of a direct request, at most 11. */
    public int segments() {
        return segments;
    }

    /** @param index 0 to {@link #segments()} - 1 */
    public int gref(int index) {
        return BlkifRequestSegment.gref(segment[index]);
    }

    public int firstSect(int index) {
        return BlkifRequestSegment.firstSect(segment[index]);
    }

    public int lastSect(int index) {
        return BlkifRequestSegment.lastSect(segment[index]);
    }

    /** What an indirect request does: BLKIF_OP_READ or BLKIF_OP_WRITE, or anything else. */
    public int indirectOp() {
        return word >>> 8 & 0xff;
    }

    /** A page of segments of an indirect request. @param page 0 to 7 */
    public int indirectGref(int page) {
        return indirectGref[page];
    }

    /** BLKIF_DISCARD_SECURE or 0, or anything else, of a discard. */
    public int flag() {
        return word >>> 8 & 0xff;
    }

    /** How many sectors a discard gives up; 0 for anything else. */
    public long nrSectors() {
        return nrSectors;
    }
}
