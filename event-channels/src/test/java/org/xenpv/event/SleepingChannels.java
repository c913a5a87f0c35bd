package org.xenpv.event;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/** Has no ports; waits and wakes like a virtual CPU. */
final class SleepingChannels implements EventChannels {
    private final AtomicBoolean woken = new AtomicBoolean();
    private final AtomicReference<Thread> waiting = new AtomicReference<>();

    @Override
    public void await(long deadlineNs) {
        waiting.set(Thread.currentThread());
        while (!woken.getAndSet(false)) {
            if (deadlineNs == EventLoop.NEVER) {
                LockSupport.park(this);
            } else {
                long leftNs = deadlineNs - System.nanoTime();
                if (leftNs <= 0) {
                    break;
                }
                LockSupport.parkNanos(this, leftNs);
            }
            if (Thread.currentThread().isInterrupted()) {
                break;
            }
        }
        waiting.set(null);
    }

    @Override
    public void wake() {
        woken.set(true);
        Thread thread = waiting.get();
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public int poll(PortSink sink, int limit) {
        return 0;
    }

    @Override
    public int allocUnbound(int remoteDomid) {
        return 1;
    }

    @Override
    public int bindInterdomain(int remoteDomid, int remotePort) {
        return 1;
    }

    @Override
    public int bindVirq(int virq) {
        return 1;
    }

    @Override
    public boolean send(int port) {
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
}
