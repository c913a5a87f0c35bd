package org.xenpv.xenstore;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LocalInbox;

/**
 * A loop in virtual time with event channels that are two flags and a hook: what happens at the other end when we send.
 * Waiting jumps to the deadline.
 */
final class VirtualDomain implements EventChannels {

    static final long MS = 1_000_000L;
    static final long SECOND = 1_000 * MS;

    long nowNs = 1_000 * SECOND;
    final Clock clock = () -> nowNs;
    final EventLoop loop = new EventLoop(this, clock, new LocalInbox());

    /** What the other end does when an event is sent on a port. */
    final Map<Integer, Runnable> onSend = new HashMap<>();

    final Map<Integer, Integer> sent = new HashMap<>();
    private final Set<Integer> pending = new HashSet<>();
    private final Set<Integer> masked = new HashSet<>();

    final List<Throwable> errors = new ArrayList<>();

    VirtualDomain() {
        loop.errorSink((where, error) -> errors.add(error));
    }

    /** Runs turns until one finds nothing to do. */
    void run() {
        for (int turn = 0; loop.runOnce(); turn++) {
            if (turn > 10_000) {
                throw new AssertionError("the loop does not come to rest");
            }
        }
    }

    /** Lets time pass, stopping wherever the loop wants to do something. */
    void pass(long ns) {
        long until = nowNs + ns;
        loop.runUntil(() -> nowNs - until >= 0, until);
        run();
    }

    void raise(int port) {
        pending.add(port);
    }

    int sentOn(int port) {
        return sent.getOrDefault(port, 0);
    }

    @Override
    public boolean send(int port) {
        sent.merge(port, 1, Integer::sum);
        Runnable hook = onSend.get(port);
        if (hook != null) {
            hook.run();
        }
        return true;
    }

    @Override
    public void mask(int port) {
        masked.add(port);
    }

    @Override
    public void unmask(int port) {
        masked.remove(port);
    }

    @Override
    public int poll(PortSink sink, int limit) {
        int count = 0;
        for (int port : pending.toArray(new Integer[0])) {
            if (count < limit && !masked.contains(port)) {
                pending.remove(port);
                masked.add(port);
                sink.port(port);
                count++;
            }
        }
        return count;
    }

    @Override
    public void await(long deadlineNs) {
        boolean deliverable = false;
        for (int port : pending) {
            deliverable |= !masked.contains(port);
        }
        if (!deliverable) {
            if (deadlineNs == EventLoop.NEVER) {
                throw new AssertionError("waiting for ever");
            }
            nowNs = Math.max(nowNs, deadlineNs);
        }
    }

    @Override
    public void wake() {}

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
    public void setPriority(int port, int priority) {}

    @Override
    public void close(int port) {}
}
