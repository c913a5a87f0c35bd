package org.xenpv.blkfront;

import org.xenpv.fault.XenException;

/**
 * One operation as its caller asked for it: any length, split over as many requests as it takes. Reusable once done.
 * Owned by the event loop's thread.
 */
public final class BlkOp {

    /** What an operation does. */
    public enum Kind {
        READ,
        WRITE,
        /** A write with barrier semantics; it must fit into one request. */
        WRITE_BARRIER,
        FLUSH,
        DISCARD,
        SECURE_DISCARD
    }

    /** Called once, on the loop's thread. */
    public interface Done {
        /** @param error null if it succeeded */
        void done(BlkOp op, XenException error);
    }

    Kind kind;
    long sector;
    long bytes;
    BlkData data;
    Done done;

    /** Bytes handed to requests so far, requests not answered yet, and the worst answer so far. */
    long issuedBytes;

    int partsInFlight;
    int worstStatus;
    boolean issued;
    boolean live;
    long deadlineNs;
    /** How often that was set anew. */
    int renewals;

    /** Neighbours among all operations not done yet, in order of submission. */
    BlkOp previous;

    BlkOp next;

    /** A read into {@code into}, from a sector (of 512 bytes) on. */
    public static BlkOp read(long sector, int bytes, BlkData into, Done done) {
        return new BlkOp().set(Kind.READ, sector, bytes, into, done);
    }

    public static BlkOp write(long sector, int bytes, BlkData from, Done done) {
        return new BlkOp().set(Kind.WRITE, sector, bytes, from, done);
    }

    public static BlkOp flush(Done done) {
        return new BlkOp().set(Kind.FLUSH, 0, 0, null, done);
    }

    public static BlkOp discard(long sector, long sectorCount, boolean secure, Done done) {
        if (sectorCount < 1 || sectorCount > Long.MAX_VALUE / BlkfrontFeatures.SECTOR_BYTES) {
            throw new IllegalArgumentException(
                    "sectorCount=" + sectorCount + ", must be 1 to " + Long.MAX_VALUE / BlkfrontFeatures.SECTOR_BYTES);
        }
        Kind kind = secure ? Kind.SECURE_DISCARD : Kind.DISCARD;
        return new BlkOp().set(kind, sector, sectorCount * BlkfrontFeatures.SECTOR_BYTES, null, done);
    }

    /** Makes this object another operation. */
    public BlkOp set(Kind newKind, long newSector, long newBytes, BlkData newData, Done newDone) {
        checkIdle();
        kind = newKind;
        sector = newSector;
        bytes = newBytes;
        data = newData;
        done = newDone;
        return this;
    }

    /** An operation that ran out of time stays in use until the backend has answered all of it. */
    void checkIdle() {
        if (live || partsInFlight > 0) {
            throw new IllegalStateException(describe() + " is still in flight");
        }
    }

    public Kind kind() {
        return kind;
    }

    public long sector() {
        return sector;
    }

    public long bytes() {
        return bytes;
    }

    void restart() {
        issuedBytes = 0;
        partsInFlight = 0;
        worstStatus = BlkRequest.OKAY;
        issued = false;
    }

    boolean transfers() {
        return kind == Kind.READ || kind == Kind.WRITE || kind == Kind.WRITE_BARRIER;
    }

    String describe() {
        return kind + " of " + bytes + " bytes at sector " + sector;
    }
}
