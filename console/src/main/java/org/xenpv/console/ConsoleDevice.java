package org.xenpv.console;

import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.console.ConsoleKeys;
import org.xenpv.xenbus.FrontendDriver;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.Lifecycle;
import org.xenpv.xenbus.RingPage;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusFrontend;

/**
 * A console: the primary one, whose page and port the toolstack has set up, or one on xenbus, whose page we grant.
 *
 * <p>The core of the driver: owned by the event loop's thread, never blocks. Output is taken from the moment it is made,
 * connected or not, and waits in the buffer.
 */
public final class ConsoleDevice {

    /** What a program is told about its console. */
    public interface Listener {
        /** A backend serves it; also after every reconnection. The primary console always is connected. */
        void connected();

        /** Input can be read. */
        void readable();

        /** Output was taken by the backend: there is room in the buffer. */
        void writable();

        /**
         * It is gone for good.
         *
         * @param reason null if it was closed by {@link #close()}
         */
        void ended(XenException reason);
    }

    private final XenGuest guest;
    private final String name;
    private final ConsoleConfig config;
    private final Listener listener;
    private final ConsoleRing ring;
    private final XenbusFrontend xenbus;
    private final Lifecycle suspension = new Suspension();

    private EventLoop.Registration registration;
    private boolean started;
    private boolean closing;
    private boolean ended;
    private XenException reason;
    /** What to do once the output is where it must be before the console can go. */
    private Runnable drained;

    private ConsoleDevice(XenGuest guest, String nodename, ConsoleConfig config, Listener listener) {
        this.guest = guest;
        this.config = config;
        this.listener = listener;
        this.ring = new ConsoleRing(config);
        this.name = nodename == null ? ConsoleKeys.CONSOLE : nodename;
        this.xenbus =
                nodename == null ? null : new XenbusFrontend(guest, nodename, new Handshake(), config.handshakeNs());
    }

    /**
     * The primary console of the domain.
     *
     * @throws IllegalStateException if the domain has none
     */
    public static ConsoleDevice primary(XenGuest guest, ConsoleConfig config, Listener listener) {
        if (guest.console() == null) {
            throw new IllegalStateException("domid=" + guest.domid() + " has no primary console");
        }
        return new ConsoleDevice(guest, null, config, listener);
    }

    /** @param nodename e.g. {@code device/console/1}; any number of them, with any number in the name */
    public static ConsoleDevice xenbus(XenGuest guest, String nodename, ConsoleConfig config, Listener listener) {
        if (nodename == null) {
            throw new IllegalArgumentException("nodename=null, must be like device/console/1");
        }
        return new ConsoleDevice(guest, nodename, config, listener);
    }

    /** Begins to connect. The primary console is connected, or has ended, when this returns. */
    public void start() {
        if (started) {
            throw new IllegalStateException(name + " has been started");
        }
        started = true;
        guest.addLifecycle(suspension);
        if (xenbus != null) {
            xenbus.start();
        } else {
            attachPrimary();
        }
    }

    public String name() {
        return name;
    }

    /** A page is in service. */
    public boolean isConnected() {
        return registration != null;
    }

    /**
     * Whether somebody is listening, as far as the backend says (the {@code connection} byte, since Xen 4.21). Backends
     * that do not know the byte always look as if somebody were.
     */
    public boolean isServed() {
        return ring.isServed();
    }

    /** Output that waits for room in the ring. */
    public int buffered() {
        return ring.buffered();
    }

    /** Output on the ring that the backend has not taken yet. */
    public int outstanding() {
        return ring.outstanding();
    }

    public ConsoleStats stats() {
        return ring.stats();
    }

    /**
     * Takes output; never waits.
     *
     * @return how many bytes were taken (or dropped and counted); fewer than all only under {@link FullPolicy#KEEP}
     * @throws XenException if the console is closed, gone or broken
     */
    public int write(byte[] source, int at, int lengthBytes) {
        check(at, lengthBytes, source.length);
        checkOpen();
        int accepted = ring.write(source, at, lengthBytes);
        if (ring.fault() != null) {
            broken(ring.fault());
            checkOpen();
        }
        return accepted;
    }

    /** Takes input that has come; 0 if there is none. What had come before the console ended can still be read. */
    public int read(byte[] target, int at, int lengthBytes) {
        check(at, lengthBytes, target.length);
        int taken = ring.read(target, at, lengthBytes);
        if (ring.fault() != null) {
            broken(ring.fault());
        }
        return taken;
    }

    private static void check(int at, int lengthBytes, int limit) {
        if (at < 0 || lengthBytes < 0 || at > limit - lengthBytes) {
            throw new IllegalArgumentException(
                    "at=" + at + ", lengthBytes=" + lengthBytes + ", must lie within " + limit);
        }
    }

    private void checkOpen() {
        if (reason != null) {
            throw reason;
        }
        if (closing || ended) {
            throw new XenPeerGoneException(name + " is closed");
        }
    }

    public int readable() {
        return ring.readable();
    }

    /**
     * Closes it, after at most the handshake's deadline: first waits until the output is on the ring, that of a xenbus
     * console until the backend has taken it, because its page goes away. Idempotent.
     */
    public void close() {
        if (closing || ended) {
            return;
        }
        closing = true;
        if (xenbus != null) {
            xenbus.close();
        } else {
            EventLoop.Timer deadline = guest.loop().at(guest.loop().nowNs() + config.handshakeNs(), () -> end(null));
            drain(() -> {
                deadline.cancel();
                end(null);
            });
        }
    }

    private void drain(Runnable then) {
        drained = then;
        drainedIfSo();
    }

    private void drainedIfSo() {
        if (drained != null && ring.buffered() == 0 && (xenbus == null || ring.outstanding() == 0)) {
            Runnable then = drained;
            drained = null;
            then.run();
        }
    }

    /** @throws XenProtocolException if the page is nonsense from the start; it is not attached then */
    private void attach(RingPage page) {
        ring.attach(page.memory(), guest.events(), page.port(), guest.loop().nowNs());
        registration = guest.loop().register(page.port(), name, new EventLoop.Handler() {
            @Override
            public int poll(int budget) {
                return serve();
            }

            /** Input can come at any time, and its event can be lost. */
            @Override
            public boolean awaiting() {
                return true;
            }
        });
    }

    private int serve() {
        int waiting = ring.buffered();
        int unread = ring.readable();
        boolean heard;
        try {
            heard = ring.serve(guest.loop().nowNs());
        } catch (XenProtocolException e) {
            broken(e);
            return 0;
        }
        boolean room = ring.buffered() < waiting;
        if (ring.readable() > unread) {
            tell(listener::readable);
        }
        if (room) {
            tell(listener::writable);
        }
        drainedIfSo();
        return heard ? 1 : 0;
    }

    /** A program's own code is not the console's: what it throws is told to the loop. */
    private void tell(Runnable listenerCall) {
        try {
            listenerCall.run();
        } catch (RuntimeException | Error thrown) {
            guest.loop().report(name, thrown);
        }
    }

    private void broken(XenException cause) {
        if (reason == null) {
            reason = cause;
        }
        detach();
        if (xenbus != null) {
            xenbus.fail(cause);
        } else {
            end(cause);
        }
    }

    private void detach() {
        if (registration != null) {
            registration.cancel();
            registration = null;
        }
        ring.detach();
    }

    private void end(XenException why) {
        if (!ended) {
            ended = true;
            if (reason == null) {
                reason = why;
            }
            drained = null;
            guest.removeLifecycle(suspension);
            detach();
            ring.abandon();
            tell(() -> listener.ended(why));
        }
    }

    /** The primary console: page and port belong to the domain, not to us. */
    private void attachPrimary() {
        RingPage page = guest.console();
        if (page == null) {
            end(new XenPeerGoneException("the domain has no primary console any more"));
            return;
        }
        try {
            attach(page);
        } catch (XenException e) {
            broken(e);
            return;
        } catch (RuntimeException | Error thrown) {
            broken(new XenException(
                    name + ": taking up its page threw " + thrown.getClass().getName(), thrown));
            return;
        }
        tell(listener::connected);
    }

    /**
     * Around a suspend no page is touched: afterwards the primary one may be another, and what an old backend does to
     * ours does not count any more.
     */
    private final class Suspension implements Lifecycle {

        @Override
        public void beforeSuspend() {
            ring.rest();
        }

        @Override
        public void afterResume(boolean cancelled) {
            if (cancelled) {
                ring.goOn();
                if (registration != null) {
                    guest.loop().ready(registration);
                }
            } else if (xenbus == null) {
                detach();
                attachPrimary();
            }
        }
    }

    /** What happens on xenbus. */
    private final class Handshake implements FrontendDriver {

        private GrantedPages pages;
        private int port = -1;

        @Override
        public String[] backendKeys() {
            return new String[0];
        }

        @Override
        public String[] frontendKeys() {
            return new String[0];
        }

        /** QEMU connects to whatever page and port stand there as soon as we are Initialising. */
        @Override
        public void begin(KeySnapshot.Writer keys) {
            keys.remove(ConsoleKeys.RING_REF);
            keys.remove(ConsoleKeys.PORT);
        }

        /** The page begins with zeroes: {@code connection} says 0, connected, until the backend says otherwise. */
        @Override
        public void publish(int otherendId, KeySnapshot backend, KeySnapshot frontend, KeySnapshot.Writer keys) {
            pages = guest.grants().grant(otherendId, 1, GrantAccess.READ_WRITE, "console ring");
            port = guest.events().allocUnbound(otherendId);
            keys.put(ConsoleKeys.RING_REF, Integer.toUnsignedLong(pages.gref(0)));
            keys.put(ConsoleKeys.PORT, port);
        }

        @Override
        public void connected(KeySnapshot backend) {
            attach(new RingPage(pages.memory(), port));
            tell(listener::connected);
        }

        @Override
        public void refresh(KeySnapshot backend) {}

        @Override
        public void failed(XenException why) {
            if (reason == null) {
                reason = why;
            }
        }

        @Override
        public void drain(Runnable whenDrained) {
            ConsoleDevice.this.drain(whenDrained);
        }

        @Override
        public void stop() {
            drained = null;
            ring.reclaim();
            detach();
        }

        @Override
        public void release(boolean resumed) {
            if (port >= 0 && !resumed) {
                guest.events().close(port);
            }
            port = -1;
            if (pages != null) {
                pages.release();
                pages = null;
            }
        }

        @Override
        public void ended(XenException why) {
            end(why);
        }
    }
}
