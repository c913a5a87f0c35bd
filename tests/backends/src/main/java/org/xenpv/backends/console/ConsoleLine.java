package org.xenpv.backends.console;

import java.util.concurrent.atomic.AtomicBoolean;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.console.XenconsInterface;
import org.xenpv.ring.ByteQueue;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;
import org.xenpv.xenbus.XenGuest;

/**
 * What lies between a terminal and a guest's console page: moves bytes both ways while a page is connected. The buffer
 * of output outlives the page.
 *
 * <p>Owned by the event loop's thread. Never blocks; one call moves at most one ring's worth each way.
 */
final class ConsoleLine implements EventLoop.Handler {

    /** Told that the guest broke the protocol; closes the line. */
    interface Faults {
        void broken(PeerFault fault);
    }

    private final XenGuest guest;
    private final String name;
    private final Terminal terminal;
    private final ConsoledConfig config;
    private final Faults faults;
    private final byte[] chunk = new byte[XenconsInterface.OUT_BYTES];
    private final byte[] typed = new byte[XenconsInterface.IN_BYTES];
    private final AtomicBoolean told = new AtomicBoolean();

    private ByteQueue output;
    private int limitBytes;
    private int typedBytes;

    private MappedPages page;
    private int port;
    private EventLoop.Registration registration;
    private ByteRingConsumer out;
    private ByteRingProducer in;
    private int inConsServed;
    private long heardNs;
    private boolean terminalClosed;

    private long bytesOut;
    private long bytesIn;
    private long bytesDiscarded;
    private long notifications;
    private long nudges;
    private long connections;

    ConsoleLine(XenGuest guest, String name, Terminal terminal, ConsoledConfig config, Faults faults) {
        this.guest = guest;
        this.name = name;
        this.terminal = terminal;
        this.config = config;
        this.faults = faults;
        this.limitBytes = config.limitBytes();
        this.output = new ByteQueue(limitBytes);
        terminal.start(this::terminalReady);
    }

    /**
     * Maps the page, binds the port and begins to serve.
     *
     * @param limit output buffered at most; 0 for the configuration's
     * @throws XenException if the page cannot be mapped or the port not bound; nothing is left behind
     */
    void open(int domid, int gref, int remotePort, int limit) {
        close();
        limit(limit);
        page = guest.mapper().map(domid, new int[] {gref}, 1, GrantAccess.READ_WRITE);
        try {
            serve(domid, remotePort);
        } catch (RuntimeException | Error e) {
            kill();
            throw e;
        }
        connections++;
        notifyGuest(); // it may have written before anybody listened
    }

    private void serve(int domid, int remotePort) {
        port = guest.events().bindInterdomain(domid, remotePort);
        out = ByteRingConsumer.attach(page.memory(), ByteRingLayout.CONSOLE_OUT);
        in = ByteRingProducer.attach(page.memory(), ByteRingLayout.CONSOLE_IN);
        inConsServed = in.prodPvt() - in.outstanding();
        heardNs = guest.clock().nanoTime();
        XenconsInterface.putConnection(page.memory(), XenconsInterface.XENCONSOLE_CONNECTED);
        registration = guest.loop().register(port, name, this);
    }

    private void limit(int limit) {
        int wanted = limit == 0 ? config.limitBytes() : Math.max(limit, ConsoledConfig.LIMIT_MIN);
        int bytes = Math.min(wanted, config.limitBytes());
        if (bytes != limitBytes && output.size() == 0) {
            limitBytes = bytes;
            output = new ByteQueue(bytes);
        }
    }

    boolean isOpen() {
        return page != null;
    }

    /** Takes what the guest had written last, then lets go of page and port. Idempotent. */
    void close() {
        if (page != null) {
            if (out.fault() == null) {
                takeOutput();
            }
            XenconsInterface.putConnection(page.memory(), XenconsInterface.XENCONSOLE_DISCONNECTED);
            kill();
        }
    }

    /** Lets go of page and port as if this domain had died. Idempotent. */
    void kill() {
        if (page == null) {
            return;
        }
        if (registration != null) {
            registration.cancel();
            registration = null;
        }
        if (port != 0) {
            guest.events().close(port);
            port = 0;
        }
        page.close();
        page = null;
    }

    /** The terminal is not used any more. */
    void closeTerminal() {
        terminalClosed = true;
        terminal.close();
    }

    Terminal terminal() {
        return terminal;
    }

    /** Output taken from the ring that the terminal has not taken. */
    int buffered() {
        return output.size();
    }

    ConsoledStats stats() {
        return new ConsoledStats(bytesOut, bytesIn, bytesDiscarded, notifications, nudges, connections);
    }

    /** From any thread, any number of times; the loop looks once. */
    private void terminalReady() {
        if (told.compareAndSet(false, true)) {
            try {
                guest.loop().execute(() -> {
                    told.set(false);
                    if (page != null) {
                        poll(1);
                    } else if (!terminalClosed) {
                        flush();
                    }
                });
            } catch (XenException e) {
                told.set(false); // the loop is closed, or so busy that it will look by itself
            }
        }
    }

    @Override
    public int poll(int budget) {
        int moved = takeOutput() + giveInput();
        if (out.fault() != null || in.fault() != null) {
            faults.broken(out.fault() != null ? out.fault() : in.fault());
            return 0;
        }
        int inCons = in.prodPvt() - in.outstanding();
        boolean heard = moved > 0 || inCons != inConsServed;
        inConsServed = inCons;
        long nowNs = guest.clock().nanoTime();
        if (heard || in.outstanding() == 0) {
            heardNs = nowNs;
        } else if (nowNs - heardNs >= config.nudgeNs()) {
            heardNs = nowNs;
            nudges++;
            notifyGuest();
        }
        return heard ? 1 : 0;
    }

    /** The guest can write at any time, and its event can be lost. */
    @Override
    public boolean awaiting() {
        return true;
    }

    private int takeOutput() {
        flush();
        boolean discard = config.overflow() == ConsoledConfig.Overflow.DISCARD;
        int got = out.read(chunk, 0, discard ? chunk.length : Math.min(chunk.length, output.free()));
        if (got <= 0) {
            return 0;
        }
        int excess = got - output.free();
        if (excess > 0) {
            output.remove(excess);
            bytesDiscarded += excess;
        }
        output.add(chunk, 0, got);
        bytesOut += got;
        notifyGuest();
        flush();
        return got;
    }

    private void flush() {
        while (output.size() > 0) {
            int count = output.peek(chunk, 0, chunk.length);
            int accepted = terminal.write(chunk, 0, count);
            output.remove(accepted);
            if (accepted < count) {
                return;
            }
        }
    }

    private int giveInput() {
        if (typedBytes == 0) {
            typedBytes = terminal.read(typed, 0, typed.length);
        }
        if (typedBytes == 0) {
            in.free(); // looks what the guest has taken
            return 0;
        }
        int accepted = in.write(typed, 0, typedBytes);
        if (accepted <= 0) {
            return 0;
        }
        typedBytes -= accepted;
        System.arraycopy(typed, accepted, typed, 0, typedBytes);
        bytesIn += accepted;
        notifyGuest();
        return accepted;
    }

    private void notifyGuest() {
        notifications++;
        guest.events().send(port);
    }
}
