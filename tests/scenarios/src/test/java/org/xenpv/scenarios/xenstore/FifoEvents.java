package org.xenpv.scenarios.xenstore;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;

/** Event channels that are numbers of ports in two pipes, four bytes each, as the shim under xenstored has them. */
final class FifoEvents implements EventChannels {

    private final OutputStream out;
    private final ArrayDeque<Integer> pending = new ArrayDeque<>();
    private final Set<Integer> masked = new HashSet<>();
    private boolean woken;

    /** Both null for a loop that serves sockets only. */
    FifoEvents(InputStream in, OutputStream out) {
        this.out = out;
        if (in != null) {
            Thread thread = new Thread(() -> receive(in), "fifo-events");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void receive(InputStream in) {
        try (DataInputStream ports = new DataInputStream(in)) {
            while (true) {
                raise(Integer.reverseBytes(ports.readInt()));
            }
        } catch (IOException end) {
            wake();
        }
    }

    private synchronized void raise(int port) {
        if (!pending.contains(port)) {
            pending.add(port);
        }
        notifyAll();
    }

    @Override
    public boolean send(int port) {
        try {
            out.write(new byte[] {(byte) port, 0, 0, 0});
            out.flush();
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void mask(int port) {
        masked.add(port);
    }

    @Override
    public synchronized void unmask(int port) {
        masked.remove(port);
    }

    @Override
    public synchronized int poll(PortSink sink, int limit) {
        int count = 0;
        for (Iterator<Integer> ports = pending.iterator(); ports.hasNext() && count < limit; ) {
            int port = ports.next();
            if (masked.add(port)) {
                ports.remove();
                sink.port(port);
                count++;
            }
        }
        return count;
    }

    @Override
    public synchronized void await(long deadlineNs) {
        try {
            while (!woken && masked.containsAll(pending)) {
                long leftNs = deadlineNs == EventLoop.NEVER ? 1_000_000_000L : deadlineNs - System.nanoTime();
                if (leftNs <= 0) {
                    break;
                }
                wait(leftNs / 1_000_000L, (int) (leftNs % 1_000_000L));
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
    public void setPriority(int port, int priority) {}

    @Override
    public synchronized void close(int port) {
        pending.remove(port);
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
}
