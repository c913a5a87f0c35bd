package org.xenpv.scenarios.hostile;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.memory.SharedMemory;
import org.xenpv.testkit.memory.FlipOnSecondRead;
import org.xenpv.xenbus.Lifecycle;
import org.xenpv.xenbus.RingPage;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenstore.Xenstore;

/**
 * A guest whose granted pages change when they are read a second time, for the driver alone: a peer that wins every race
 * (XSA-155). Of a ring only the slots do; its indices are looked at again on purpose.
 */
final class FlippedGuest implements XenGuest, GrantTable {

    static final String RING = "vbd ring";

    private static final int SLOTS_AT = 64;

    record Lent(String purpose, FlipOnSecondRead memory) {}

    private final XenGuest guest;
    final List<Lent> lent = new ArrayList<>();

    FlippedGuest(XenGuest guest) {
        this.guest = guest;
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

    @Override
    public boolean canRegrant() {
        return guest.grants().canRegrant();
    }

    @Override
    public void retryQuarantine() {
        guest.grants().retryQuarantine();
    }

    @Override
    public GrantLedger ledger() {
        return guest.grants().ledger();
    }

    @Override
    public int domid() {
        return guest.domid();
    }

    @Override
    public GrantTable grants() {
        return this;
    }

    @Override
    public GrantMapper mapper() {
        return guest.mapper();
    }

    @Override
    public EventChannels events() {
        return guest.events();
    }

    @Override
    public EventLoop loop() {
        return guest.loop();
    }

    @Override
    public Xenstore store() {
        return guest.store();
    }

    @Override
    public Clock clock() {
        return guest.clock();
    }

    @Override
    public RingPage console() {
        return guest.console();
    }

    @Override
    public void addLifecycle(Lifecycle lifecycle) {
        guest.addLifecycle(lifecycle);
    }

    @Override
    public void removeLifecycle(Lifecycle lifecycle) {
        guest.removeLifecycle(lifecycle);
    }

    @Override
    public void close() {
        guest.close();
    }
}
