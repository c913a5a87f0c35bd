package org.xenpv.event;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The smallest thing that keeps the contract of {@link EventChannels}: a pending and a mask flag per port. Waiting jumps
 * the clock to the deadline, after running what was planned for that time.
 */
class PortModel implements EventChannels {

    final ManualClock clock;
    final boolean[] pending = new boolean[PORTS_MAX];
    final boolean[] masked = new boolean[PORTS_MAX];
    final boolean[] open = new boolean[PORTS_MAX];
    final List<String> log = new ArrayList<>();
    /** What happens while the loop waits, by time. */
    final TreeMap<Long, Runnable> plan = new TreeMap<>();

    boolean woken;
    int awaits;

    PortModel(ManualClock clock) {
        this.clock = clock;
    }

    /** An event arrives. */
    void raise(int port) {
        pending[port] = true;
    }

    @Override
    public int allocUnbound(int remoteDomid) {
        int port = 1;
        while (open[port]) {
            port++;
        }
        open[port] = true;
        pending[port] = false;
        masked[port] = true;
        return port;
    }

    @Override
    public int bindInterdomain(int remoteDomid, int remotePort) {
        int port = allocUnbound(remoteDomid);
        pending[port] = true;
        return port;
    }

    @Override
    public int bindVirq(int virq) {
        return allocUnbound(0);
    }

    @Override
    public boolean send(int port) {
        return open[port];
    }

    @Override
    public void mask(int port) {
        masked[port] = true;
    }

    @Override
    public void unmask(int port) {
        log.add(clock.nowNs + " unmask " + port);
        masked[port] = false;
    }

    @Override
    public void setPriority(int port, int priority) {}

    @Override
    public void close(int port) {
        open[port] = false;
        pending[port] = false;
    }

    @Override
    public int poll(PortSink sink, int limit) {
        int taken = 0;
        for (int port = 1; port < 256 && taken < limit; port++) {
            if (pending[port] && !masked[port]) {
                pending[port] = false;
                masked[port] = true;
                taken++;
                sink.port(port);
            }
        }
        return taken;
    }

    @Override
    public void await(long deadlineNs) {
        awaits++;
        if (woken) {
            woken = false;
            return;
        }
        if (!plan.isEmpty() && (deadlineNs == EventLoop.NEVER || plan.firstKey() - deadlineNs <= 0)) {
            clock.nowNs = Math.max(clock.nowNs, plan.firstKey());
            plan.pollFirstEntry().getValue().run();
        } else if (deadlineNs == EventLoop.NEVER) {
            throw new AssertionError("waits for ever: nothing is planned and there is no deadline");
        } else if (deadlineNs - clock.nowNs > 0) {
            clock.nowNs = deadlineNs;
        }
    }

    @Override
    public void wake() {
        woken = true;
    }
}
