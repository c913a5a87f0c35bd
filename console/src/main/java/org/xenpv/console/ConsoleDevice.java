package org.xenpv.console;

import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.console.ConsoleKeys;
import org.xenpv.io.console.XenconsInterface;
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
    private final Listener listener;
    private final ConsoleRing ring;
    private final XenbusFrontend xenbus;
    private final Primary primary = new Primary();

    private EventLoop.Registration registration;
    private GrantedPages pages;
    private int port = -1;
    private boolean closing;
    private boolean ended;
    private XenException broken;
    private Runnable drained;

    private ConsoleDevice(XenGuest guest, String nodename, ConsoleConfig config, Listener listener) {
        this.guest = guest;
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
            throw new IllegalStateException("domain " + guest.domid() + " has no primary console");
        }
        return new ConsoleDevice(guest, null, config, listener);
    }

    /** @param nodename e.g. {@code device/console/1}; any number of them, with any number in the name */
    public static ConsoleDevice xenbus(XenGuest guest, String nodename, ConsoleConfig config, Listener listener) {
        return new ConsoleDevice(guest, nodename, config, listener);
    }

    /** Begins to connect. */
    public void start() {
        if (xenbus != null) {
            xenbus.start();
        } else {
            guest.addLifecycle(primary);
            primary.attach();
        }
    }

    public String name() {
        return name;
    }

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
        if (at < 0 || lengthBytes < 0 || at > source.length - lengthBytes) {
            throw new IllegalArgumentException(
                    "at=" + at + ", lengthBytes=" + lengthBytes + ", must lie within " + source.length);
        }
        if (closing || ended || broken != null) {
            throw broken != null ? broken : new XenPeerGoneException(name + " is closed");
        }
        return ring.write(source, at, lengthBytes);
    }

    /** Takes input that has come; 0 if there is none. What had come before the console ended can still be read. */
    public int read(byte[] target, int at, int lengthBytes) {
        if (at < 0 || lengthBytes < 0 || at > target.length - lengthBytes) {
            throw new IllegalArgumentException(
                    "at=" + at + ", lengthBytes=" + lengthBytes + ", must lie within " + target.length);
        }
        return ring.read(target, at, lengthBytes);
    }

    public int readable() {
        return ring.readable();
    }

    /** Closes it; a xenbus console first waits, within the handshake's deadline, until its output is taken. */
    public void close() {
        if (closing || ended) {
            return;
        }
        closing = true;
        if (xenbus != null) {
            xenbus.close();
        } else {
            end(null);
        }
    }

    private void attach(RingPage page) {
        port = page.port();
        ring.attach(page.memory(), guest.events(), port);
        registration = guest.loop().register(port, name, new EventLoop.Handler() {
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
        serve();
        listener.connected();
    }

    private int serve() {
        int waiting = ring.buffered();
        int unread = ring.readable();
        boolean any;
        try {
            any = ring.serve();
        } catch (XenProtocolException e) {
            broken(e);
            return 0;
        }
        if (ring.readable() > unread) {
            listener.readable();
        }
        if (ring.buffered() < waiting) {
            listener.writable();
        }
        if (drained != null && ring.buffered() == 0) {
            Runnable then = drained;
            drained = null;
            then.run();
        }
        return any ? 1 : 0;
    }

    private void broken(XenProtocolException cause) {
        broken = cause;
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

    private void end(XenException reason) {
        if (!ended) {
            ended = true;
            guest.removeLifecycle(primary);
            detach();
            listener.ended(reason);
        }
    }

    /** The primary console: page and port belong to the domain, not to us. */
    private final class Primary implements Lifecycle {

        void attach() {
            ConsoleDevice.this.attach(guest.console());
        }

        @Override
        public void beforeSuspend() {
            detach();
        }

        @Override
        public void afterResume(boolean cancelled) {
            attach();
        }
    }

    /** What happens on xenbus. */
    private final class Handshake implements FrontendDriver {

        @Override
        public String[] backendKeys() {
            return new String[0];
        }

        @Override
        public String[] frontendKeys() {
            return new String[0];
        }

        @Override
        public void publish(int otherendId, KeySnapshot backend, KeySnapshot frontend, KeySnapshot.Writer keys) {
            pages = guest.grants().grant(otherendId, 1, GrantAccess.READ_WRITE, "console ring");
            port = guest.events().allocUnbound(otherendId);
            XenconsInterface.putConnection(pages.memory(), XenconsInterface.XENCONSOLE_DISCONNECTED);
            keys.put(ConsoleKeys.RING_REF, Integer.toUnsignedLong(pages.gref(0)));
            keys.put(ConsoleKeys.PORT, port);
        }

        @Override
        public void connected(KeySnapshot backend) {
            attach(new RingPage(pages.memory(), port));
        }

        @Override
        public void refresh(KeySnapshot backend) {}

        @Override
        public void drain(Runnable whenDrained) {
            drained = whenDrained;
            guest.loop().ready(registration);
            if (ring.buffered() == 0) {
                drained = null;
                whenDrained.run();
            }
        }

        @Override
        public void stop() {
            drained = null;
            detach();
        }

        @Override
        public void release() {
            if (port >= 0) {
                guest.events().close(port);
                port = -1;
            }
            if (pages != null) {
                pages.release();
                pages = null;
            }
        }

        @Override
        public void ended(XenException reason) {
            end(reason);
        }
    }
}
