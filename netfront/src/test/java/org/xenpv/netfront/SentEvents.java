package org.xenpv.netfront;

import org.xenpv.event.EventChannels;

/** Event channels that only count what is sent. */
final class SentEvents implements EventChannels {

    int sent;

    @Override
    public int allocUnbound(int remoteDomid) {
        return 1;
    }

    @Override
    public int bindInterdomain(int remoteDomid, int remotePort) {
        throw new AssertionError("a frontend does not bind");
    }

    @Override
    public int bindVirq(int virq) {
        throw new AssertionError("a frontend needs no virq");
    }

    @Override
    public boolean send(int port) {
        sent++;
        return true;
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
