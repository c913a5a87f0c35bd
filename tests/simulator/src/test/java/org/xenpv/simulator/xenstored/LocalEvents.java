package org.xenpv.simulator.xenstored;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.xenpv.event.EventChannels;

/** Event channels without a hypervisor: the test raises events, and sees how often each port was sent to. */
final class LocalEvents implements EventChannels {

    private final Object lock = new Object();
    private final ArrayDeque<Integer> pending = new ArrayDeque<>();
    private final Set<Integer> masked = new HashSet<>();
    private final Set<Integer> closedPorts = new HashSet<>();
    private final Map<Integer, Integer> sent = new HashMap<>();
    private boolean woken;

    /** An event comes in on a port. */
    void raise(int port) {
        synchronized (lock) {
            if (!pending.contains(port)) {
                pending.add(port);
            }
            lock.notifyAll();
        }
    }

    int sent(int port) {
        synchronized (lock) {
            return sent.getOrDefault(port, 0);
        }
    }

    boolean isClosed(int port) {
        synchronized (lock) {
            return closedPorts.contains(port);
        }
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
    public boolean send(int port) {
        synchronized (lock) {
            sent.merge(port, 1, Integer::sum);
            return true;
        }
    }

    @Override
    public void mask(int port) {
        synchronized (lock) {
            masked.add(port);
        }
    }

    @Override
    public void unmask(int port) {
        synchronized (lock) {
            masked.remove(port);
            lock.notifyAll();
        }
    }

    @Override
    public void setPriority(int port, int priority) {}

    @Override
    public void close(int port) {
        synchronized (lock) {
            closedPorts.add(port);
            pending.remove(port);
        }
    }

    @Override
    public int poll(PortSink sink, int limit) {
        int count = 0;
        while (count < limit) {
            Integer port = next();
            if (port == null) {
                break;
            }
            sink.port(port);
            count++;
        }
        return count;
    }

    private Integer next() {
        synchronized (lock) {
            for (Integer port : pending) {
                if (!masked.contains(port)) {
                    pending.remove(port);
                    masked.add(port);
                    return port;
                }
            }
            return null;
        }
    }

    private boolean deliverable() {
        return pending.stream().anyMatch(port -> !masked.contains(port));
    }

    @Override
    public void await(long deadlineNs) {
        synchronized (lock) {
            while (!woken && !deliverable()) {
                long leftNs = deadlineNs - System.nanoTime();
                if (leftNs <= 0) {
                    return;
                }
                try {
                    lock.wait(Math.min(leftNs / 1_000_000L + 1, 1000L));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
            woken = false;
        }
    }

    @Override
    public void wake() {
        synchronized (lock) {
            woken = true;
            lock.notifyAll();
        }
    }
}
