package org.xenpv.xenbus.linux;

import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopLimits;
import org.xenpv.event.linux.LinuxEventChannels;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.linux.LinuxGrantMapper;
import org.xenpv.grant.linux.LinuxGrantTable;
import org.xenpv.linux.LibcCalls;
import org.xenpv.linux.LinuxCalls;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.xenbus.Lifecycle;
import org.xenpv.xenbus.OwnPages;
import org.xenpv.xenbus.RingPage;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.Xenstore;
import org.xenpv.xenstore.XenstoreClient;
import org.xenpv.xenstore.linux.XenbusDevTransport;

/**
 * The guest that a program in a Linux domain runs in, dom0 included, over {@code /dev/xen/gntalloc}, {@code gntdev},
 * {@code evtchn} and {@code xenbus}.
 *
 * <p>gntalloc and gntdev are opened when they are first needed: a backend needs no gntalloc, a frontend no gntdev.
 *
 * <p>The kernel's own frontends must keep off a device: {@link #claim} sees to it. The primary console is the kernel's. The
 * kernel does not tell programs that the domain was suspended: nobody is told here, and devices have to be connected anew.
 */
public final class LinuxGuest implements XenGuest {

    private static final long DOMID_TIMEOUT_NS = 30_000_000_000L;
    private static final int PAGES_MAX = 1 << 18;

    /**
     * How a guest is assembled.
     *
     * @param loop budgets and throttles
     * @param store timeouts and limits of the xenstore connection
     * @param unbind whether a device that the kernel's own frontend drives is taken from it when a driver starts on it
     */
    public record Options(EventLoopLimits loop, XenstoreClient.Options store, boolean unbind) {

        public static final Options DEFAULT =
                new Options(EventLoopLimits.DEFAULT, XenstoreClient.Options.DEFAULT, false);

        public Options {
            if (loop == null || store == null) {
                throw new IllegalArgumentException("loop and store must not be null");
            }
        }

        public Options withLoop(EventLoopLimits limits) {
            return new Options(limits, store, unbind);
        }

        public Options withStore(XenstoreClient.Options options) {
            return new Options(loop, options, unbind);
        }

        public Options withUnbind(boolean take) {
            return new Options(loop, store, take);
        }
    }

    private final LinuxCalls calls;
    private final KernelDrivers kernelDrivers;
    private final boolean unbind;
    private final LinuxEventChannels events;
    private final EventLoop loop;
    private final XenstoreClient store;
    private final int domid;
    private LinuxGrantTable grants;
    private LinuxGrantMapper mapper;
    private boolean closed;

    private LinuxGuest(LinuxCalls calls, KernelDrivers kernelDrivers, Options options) {
        this.calls = calls;
        this.kernelDrivers = kernelDrivers;
        this.unbind = options.unbind();
        Clock clock = System::nanoTime;
        this.events = LinuxEventChannels.open(calls, clock);
        this.loop = new EventLoop(events, clock, new ConcurrentInbox(), options.loop());
        XenstoreClient client = null;
        try {
            client = new XenstoreClient(new XenbusDevTransport(calls, events), loop, options.store());
            this.store = client;
            this.domid = readDomid();
        } catch (RuntimeException e) {
            if (client != null) {
                client.close();
            }
            loop.close();
            events.close();
            throw e;
        }
    }

    /** Nobody runs its loop yet. @throws XenException saying which device is missing, or what xenstored refuses */
    public static LinuxGuest open(Options options) {
        return open(new LibcCalls(), new KernelDrivers(), options);
    }

    /** The same over other system calls. */
    public static LinuxGuest open(LinuxCalls calls, KernelDrivers kernelDrivers, Options options) {
        if (calls == null || kernelDrivers == null || options == null) {
            throw new IllegalArgumentException("calls, kernelDrivers and options must not be null");
        }
        return new LinuxGuest(calls, kernelDrivers, options);
    }

    private int readDomid() {
        String text = new BlockingXenstore(store, loop, DOMID_TIMEOUT_NS).read("domid");
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new XenConfigException("domid", text, "this domain's number");
        }
    }

    @Override
    public int domid() {
        return domid;
    }

    /** @throws XenException if the device cannot be opened */
    @Override
    public GrantTable grants() {
        if (grants == null) {
            checkOpen();
            grants = LinuxGrantTable.open(calls);
        }
        return grants;
    }

    /** @throws XenException if the device cannot be opened */
    @Override
    public GrantMapper mapper() {
        if (mapper == null) {
            checkOpen();
            mapper = LinuxGrantMapper.open(calls);
        }
        return mapper;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the guest is closed");
        }
    }

    @Override
    public OwnPages ownPages(int pages) {
        if (pages < 1 || pages > PAGES_MAX) {
            throw new IllegalArgumentException("pages=" + pages + ", must be 1 to " + PAGES_MAX);
        }
        try {
            ChronicleMemory memory = ChronicleMemory.allocatePages(pages);
            return new OwnPages(memory, memory::close);
        } catch (OutOfMemoryError none) {
            throw new GrantExhaustedException("pages=" + pages + ", this program has no memory left");
        }
    }

    @Override
    public EventChannels events() {
        return events;
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public Xenstore store() {
        return store;
    }

    /** The same, with what only this client can do. */
    public XenstoreClient client() {
        return store;
    }

    @Override
    public Clock clock() {
        return loop.clock();
    }

    /** Null: the primary console is the kernel's. */
    @Override
    public RingPage console() {
        return null;
    }

    @Override
    public void claim(String nodename) {
        kernelDrivers.release(nodename, unbind);
    }

    /** There is nothing to be told of, see above. */
    @Override
    public void addLifecycle(Lifecycle lifecycle) {
        if (lifecycle == null) {
            throw new IllegalArgumentException("lifecycle=null");
        }
    }

    @Override
    public void removeLifecycle(Lifecycle lifecycle) {}

    /** At once, unless another thread is on the loop: then it is done there, soon after. */
    @Override
    public void close() {
        if (!loop.tryRun(this::closeHere)) {
            try {
                loop.execute(this::closeHere);
            } catch (XenException e) {
                // Closed already, or so far behind that nothing can be said to it any more.
            }
        }
    }

    private void closeHere() {
        if (closed) {
            return;
        }
        closed = true;
        store.close();
        if (mapper != null) {
            mapper.close();
        }
        if (grants != null) {
            grants.close();
        }
        loop.close();
        events.close();
    }
}
