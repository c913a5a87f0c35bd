package org.xenpv.console;

import org.xenpv.event.EventChannels;

/** Counts the events that are sent, for a ring without a hypervisor. */
final class SentEvents implements EventChannels {

    int sent;

    @Override
    public boolean send(int port) {
        sent++;
        return true;
    }

    @Override
    public int allocUnbound(int remoteDomid) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int bindInterdomain(int remoteDomid, int remotePort) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int bindVirq(int virq) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void mask(int port) {}

    @Override
    public void unmask(int port) {}

    @Override
    public void setPriority(int port, int priority) {}

    @Override
    public void close(int port) {}

    @Override
    public int poll(PortSink sink, int limit) {
        return 0;
    }

    @Override
    public void await(long deadlineNs) {}

    @Override
    public void wake() {}
}
