package org.xenpv.scenarios.hostile;

import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.memory.SharedMemory;
import org.xenpv.xenbus.XenGuest;

/**
 * A guest in which one call of many throws, whatever it is: grants, revocations and ports count in the order a driver asks
 * for them. Or whose loop refuses the port that it gave.
 */
public final class FailingGuest extends GuestView implements EventChannels {

    private final int failing;
    private final RuntimeException thrown;
    private int calls;
    private int takenFrom = Integer.MAX_VALUE;
    private int ports;

    /** @param failing which call throws, from 0; more than there are for none */
    public FailingGuest(XenGuest guest, int failing, RuntimeException thrown) {
        super(guest);
        this.failing = failing;
        this.thrown = thrown;
    }

    /** From this port on, counted from 0, the loop has a handler for the port already when the driver comes with its own. */
    public FailingGuest withPortsTakenFrom(int first) {
        takenFrom = first;
        return this;
    }

    /** How many calls there were. */
    public int calls() {
        return calls;
    }

    private void call() {
        if (calls++ == failing) {
            throw thrown;
        }
    }

    @Override
    public EventChannels events() {
        return this;
    }

    @Override
    public GrantedPages grant(int domid, int pages, GrantAccess access, String purpose) {
        call();
        return new Counted(guest.grants().grant(domid, pages, access, purpose));
    }

    @Override
    public int allocUnbound(int remoteDomid) {
        call();
        return given(guest.events().allocUnbound(remoteDomid));
    }

    @Override
    public int bindInterdomain(int remoteDomid, int remotePort) {
        call();
        return given(guest.events().bindInterdomain(remoteDomid, remotePort));
    }

    private int given(int port) {
        if (ports++ >= takenFrom) {
            EventLoop.Registration other = guest.loop().register(port, "other", budget -> 0);
            guest.loop().at(guest.clock().nanoTime() + 1_000_000_000L, other::cancel);
        }
        return port;
    }

    @Override
    public int bindVirq(int virq) {
        return guest.events().bindVirq(virq);
    }

    @Override
    public boolean send(int port) {
        return guest.events().send(port);
    }

    @Override
    public void mask(int port) {
        guest.events().mask(port);
    }

    @Override
    public void unmask(int port) {
        guest.events().unmask(port);
    }

    @Override
    public void setPriority(int port, int priority) {
        guest.events().setPriority(port, priority);
    }

    @Override
    public void close(int port) {
        guest.events().close(port);
    }

    @Override
    public int poll(PortSink sink, int limit) {
        return guest.events().poll(sink, limit);
    }

    @Override
    public void await(long deadlineNs) {
        guest.events().await(deadlineNs);
    }

    @Override
    public void wake() {
        guest.events().wake();
    }

    private final class Counted implements GrantedPages {

        private final GrantedPages granted;

        Counted(GrantedPages granted) {
            this.granted = granted;
        }

        @Override
        public SharedMemory memory() {
            return granted.memory();
        }

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
            call();
            return granted.revokePage(page);
        }

        @Override
        public void regrantPage(int page, GrantAccess access) {
            granted.regrantPage(page, access);
        }
    }
}
