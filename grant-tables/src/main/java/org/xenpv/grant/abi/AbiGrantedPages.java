package org.xenpv.grant.abi;

import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.memory.SharedMemory;

/**
 * One allocation of frames and the life of each of its pages. The frames go back to the platform together, when the
 * last page has been revoked.
 */
final class AbiGrantedPages implements GrantedPages {

    /** The entry is valid, or was refused to be revoked. */
    private static final byte GRANTED = 0;
    /** The entry is invalid; page and reference are still the owner's. */
    private static final byte KEPT = 1;
    /** Given back by the owner, mapped by the other domain. */
    private static final byte QUARANTINED = 2;
    /** Revoked, the reference is free. */
    private static final byte RETURNED = 3;

    private final AbiGrantTable table;
    private final GrantPlatform.Frames frames;
    private final int domid;
    private final String purpose;
    private final int[] grefs;
    private final GrantAccess[] access;
    private final byte[] state;
    private boolean released;
    private int quarantined;

    AbiGrantedPages(AbiGrantTable table, GrantPlatform.Frames frames, int domid, String purpose) {
        this.table = table;
        this.frames = frames;
        this.domid = domid;
        this.purpose = purpose;
        this.grefs = new int[frames.count()];
        this.access = new GrantAccess[frames.count()];
        this.state = new byte[frames.count()];
    }

    /** Grants a page for the first time. */
    void start(int page, int gref, GrantAccess pageAccess) {
        grefs[page] = gref;
        grant(page, pageAccess);
    }

    private void grant(int page, GrantAccess pageAccess) {
        access[page] = pageAccess;
        state[page] = GRANTED;
        table.write(grefs[page], domid, pageAccess, frames.firstFrame() + page);
    }

    int domid() {
        return domid;
    }

    String purpose() {
        return purpose;
    }

    GrantAccess access(int page) {
        return access[page];
    }

    boolean isQuarantined(int page) {
        return state[page] == QUARANTINED;
    }

    GrantPlatform.Frames frames() {
        return frames;
    }

    @Override
    public SharedMemory memory() {
        checkHeld();
        return frames.memory();
    }

    @Override
    public int pages() {
        return grefs.length;
    }

    @Override
    public int gref(int page) {
        checkPage(page);
        return grefs[page];
    }

    @Override
    public boolean release() {
        if (!released) {
            released = true;
            for (int page = 0; page < grefs.length; page++) {
                if (state[page] == KEPT || table.revoke(grefs[page], domid, access[page])) {
                    state[page] = RETURNED;
                    table.returned(grefs[page], false);
                } else {
                    state[page] = QUARANTINED;
                    quarantined++;
                    table.quarantined(grefs[page]);
                }
            }
            if (quarantined == 0) {
                table.free(this);
            } else {
                table.hold(this);
            }
        }
        return quarantined == 0;
    }

    /** One more try for a quarantined page. */
    boolean retry(int page) {
        if (!table.revoke(grefs[page], domid, access[page])) {
            return false;
        }
        state[page] = RETURNED;
        quarantined--;
        table.returned(grefs[page], true);
        if (quarantined == 0) {
            table.unhold(this);
            table.free(this);
        }
        return true;
    }

    @Override
    public boolean revokePage(int page) {
        checkHeld();
        checkPage(page);
        if (state[page] == GRANTED) {
            if (!table.revoke(grefs[page], domid, access[page])) {
                return false;
            }
            state[page] = KEPT;
        }
        return true;
    }

    @Override
    public void regrantPage(int page, GrantAccess pageAccess) {
        checkHeld();
        checkPage(page);
        AbiGrantTable.checkAccess(pageAccess);
        if (state[page] != KEPT) {
            throw new IllegalStateException("page=" + page + ", must have been revoked before it is granted again");
        }
        grant(page, pageAccess);
    }

    private void checkHeld() {
        if (released) {
            throw new IllegalStateException("purpose=" + purpose + ", pages have been released");
        }
    }

    private void checkPage(int page) {
        if (page < 0 || page >= grefs.length) {
            throw new IllegalArgumentException("page=" + page + ", must be 0 to " + (grefs.length - 1));
        }
    }
}
