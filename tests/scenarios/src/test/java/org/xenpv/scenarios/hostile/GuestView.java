package org.xenpv.scenarios.hostile;

import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.GrantTable;
import org.xenpv.xenbus.Lifecycle;
import org.xenpv.xenbus.OwnPages;
import org.xenpv.xenbus.RingPage;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenstore.Xenstore;

/** A guest as one driver sees it: all is the guest's own but the pages it grants. */
abstract class GuestView implements XenGuest, GrantTable {

    protected final XenGuest guest;

    GuestView(XenGuest guest) {
        this.guest = guest;
    }

    @Override
    public boolean seesMappings() {
        return guest.grants().seesMappings();
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
    public OwnPages ownPages(int pages) {
        return guest.ownPages(pages);
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
