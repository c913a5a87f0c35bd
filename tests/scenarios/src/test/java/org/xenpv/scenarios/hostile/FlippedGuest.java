package org.xenpv.scenarios.hostile;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.memory.SharedMemory;
import org.xenpv.testkit.memory.FlipOnSecondRead;
import org.xenpv.xenbus.XenGuest;

/**
 * A guest whose granted pages change when they are read a second time, for the driver alone: a peer that wins every race
 * (XSA-155). Of a ring only the slots do; its indices are looked at again on purpose.
 */
final class FlippedGuest extends GuestView {

    static final String RING = "vbd ring";

    private static final int SLOTS_AT = 64;

    record Lent(String purpose, FlipOnSecondRead memory) {}

    final List<Lent> lent = new ArrayList<>();

    FlippedGuest(XenGuest guest) {
        super(guest);
    }

    /** The most often that any byte of slots (of {@link #RING}) or of data pages was read. */
    int readsOf(boolean ring) {
        int most = 0;
        for (Lent one : lent) {
            if (one.purpose.equals(RING) == ring) {
                int from = ring ? SLOTS_AT : 0;
                most = Math.max(most, one.memory.readsOf(from, one.memory.sizeBytes() - from));
            }
        }
        return most;
    }

    @Override
    public GrantedPages grant(int domid, int pages, GrantAccess access, String purpose) {
        GrantedPages granted = guest.grants().grant(domid, pages, access, purpose);
        FlipOnSecondRead memory = new FlipOnSecondRead(granted.memory());
        if (purpose.equals(RING)) {
            memory.flipOnly(SLOTS_AT, memory.sizeBytes() - SLOTS_AT);
        }
        lent.add(new Lent(purpose, memory));
        return new Flipped(granted, memory);
    }

    private record Flipped(GrantedPages granted, SharedMemory memory) implements GrantedPages {

        @Override
        public int pages() {
            return granted.pages();
        }

        @Override
        public int gref(int page) {
            return granted.gref(page);
        }

        @Override
        public boolean release() {
            return granted.release();
        }

        @Override
        public boolean revokePage(int page) {
            return granted.revokePage(page);
        }

        @Override
        public void regrantPage(int page, GrantAccess access) {
            granted.regrantPage(page, access);
        }
    }
}
