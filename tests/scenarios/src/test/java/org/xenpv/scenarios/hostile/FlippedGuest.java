package org.xenpv.scenarios.hostile;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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

    private static final int SLOTS_AT = 64;

    record Lent(String purpose, FlipOnSecondRead memory) {}

    final List<Lent> lent = new ArrayList<>();
    private final Set<String> rings;
    private final Set<String> ours;

    /** @param rings what rings are granted for; everything else is data */
    FlippedGuest(XenGuest guest, Set<String> rings) {
        this(guest, rings, Set.of());
    }

    /** @param ours what is granted read-only: no peer can change that */
    FlippedGuest(XenGuest guest, Set<String> rings, Set<String> ours) {
        super(guest);
        this.rings = rings;
        this.ours = ours;
    }

    /** The most often that any byte of slots of rings, or of data pages, was read. */
    int readsOf(boolean ring) {
        int most = 0;
        for (Lent one : lent) {
            if (rings.contains(one.purpose) == ring) {
                int from = ring ? SLOTS_AT : 0;
                most = Math.max(most, one.memory.readsOf(from, one.memory.sizeBytes() - from));
            }
        }
        return most;
    }

    @Override
    public GrantedPages grant(int domid, int pages, GrantAccess access, String purpose) {
        GrantedPages granted = guest.grants().grant(domid, pages, access, purpose);
        if (ours.contains(purpose)) {
            return granted;
        }
        FlipOnSecondRead memory = new FlipOnSecondRead(granted.memory());
        if (rings.contains(purpose)) {
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
