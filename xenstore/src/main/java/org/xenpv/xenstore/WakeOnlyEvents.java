package org.xenpv.xenstore;

import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;

/** For a loop that only serves a socket: no event channels, just the waiting and waking. JVM only. */
final class WakeOnlyEvents implements EventChannels {

    private final Clock clock;
    private boolean woken;

    WakeOnlyEvents(Clock clock) {
        this.clock = clock;
    }

    @Override
    public synchronized void await(long deadlineNs) {
        try {
            while (!woken) {
                long leftNs = deadlineNs - clock.nanoTime();
                if (deadlineNs == EventLoop.NEVER) {
                    wait();
                } else if (leftNs > 0) {
                    wait(leftNs / 1_000_000L, (int) (leftNs % 1_000_000L));
                } else {
                    break;
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        woken = false;
    }

    @Override
    public synchronized void wake() {
        woken = true;
        notifyAll();
    }

    @Override
    public int poll(PortSink sink, int limit) {
        return 0;
    }

    @Override
    public int allocUnbound(int remoteDomid) {
        throw none();
    }

    @Override
    public int bindInterdomain(int remoteDomid, int remotePort) {
        throw none();
    }

    @Override
    public int bindVirq(int virq) {
        throw none();
    }

    @Override
    public boolean send(int port) {
        return false;
    }

    @Override
    public void mask(int port) {
        throw none();
    }

    @Override
    public void unmask(int port) {
        throw none();
    }

    @Override
    public void setPriority(int port, int priority) {
        throw none();
    }

    @Override
    public void close(int port) {
        throw none();
    }

    private static UnsupportedOperationException none() {
        return new UnsupportedOperationException("this loop has no event channels");
    }
}
