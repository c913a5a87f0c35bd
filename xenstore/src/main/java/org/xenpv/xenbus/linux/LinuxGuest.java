package org.xenpv.xenbus.linux;

import java.util.ArrayList;
import java.util.List;
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
import org.xenpv.grant.linux.DomainMark;
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
import org.xenpv.xenstore.XenstoreWatch;
import org.xenpv.xenstore.linux.XenbusDevTransport;

/**
 * The guest that a program in a Linux domain runs in, dom0 included, over {@code /dev/xen/gntalloc}, {@code gntdev},
 * {@code evtchn} and {@code xenbus}.
 *
 * <p>gntalloc and gntdev are opened when they are first needed: a backend needs no gntalloc, a frontend no gntdev. Outside dom0 the other one
 * is opened as well, if it can be, for the {@link DomainMark}.
 *
 * <p>The kernel's own frontends must keep off a device: {@link #claim} sees to it. The primary console is the kernel's.
 *
 * <p>The kernel tells programs nothing of a suspend, and does not survive that a port is closed which was bound before the
 * domain was restored. A suspend that is over in the same domain, as a checkpoint is, leaves everything as it was. In another domain
 * all watches fire, and a {@link DomainMark} tells that it is another: devices are opened anew and drivers are told ({@link Lifecycle}), which
 * connect again; the old event channel device is left open ({@link #devicesLeft}).
 */
public final class LinuxGuest implements XenGuest {

    private static final String DOMID = "domid";
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
    private final List<Lifecycle> lifecycles = new ArrayList<>();
    /** Only to be told something after every restore; null in dom0. */
    private final XenstoreWatch restores;

    private int domid;
    private LinuxGrantTable grants;
    private LinuxGrantMapper mapper;
    /** Null in a domain whose end cannot be known: without gntdev, and in dom0, which is never suspended. */
    private DomainMark mark;

    private boolean marked;
    private boolean goingOn;
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
            XenbusDevTransport transport = new XenbusDevTransport(calls, events);
            client = new XenstoreClient(transport, loop, options.store());
            this.store = client;
            this.domid = readDomid();
            this.restores = domid == 0 ? null : watchRestores(transport);
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
        return parseDomid(new BlockingXenstore(store, loop, DOMID_TIMEOUT_NS).read(DOMID));
    }

    private static int parseDomid(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new XenConfigException(DOMID, text, "this domain's number");
        }
    }

    private XenstoreWatch watchRestores(XenbusDevTransport transport) {
        events.sameDomain(() -> mark == null || mark.stands());
        transport.beforeEvents(this::lookAround);
        XenstoreWatch[] made = new XenstoreWatch[1];
        loop.tryRun(() -> made[0] = store.watch(DOMID, changed -> {}));
        return made[0];
    }

    /** The domain this program runs in; another number after it has been restored. */
    @Override
    public int domid() {
        return domid;
    }

    /**
     * How many files with ports of a domain that was restored since are open for ever, because the kernel does not survive it when they are
     * closed. If there are any, a program does better not to end before the guest does: it can have it power off or reboot.
     */
    public int devicesLeft() {
        return events.devicesLeft();
    }

    /** Watches have fired: perhaps because this is another domain. Whoever is told of them is told after that. */
    private void lookAround() {
        if (!goingOn && mark != null && !mark.stands()) {
            goingOn = true;
            loop.execute(this::goOn);
        }
    }

    /** Ports and grants are gone; what drivers release of theirs is the kernel's to forget. */
    private void goOn() {
        goingOn = false;
        if (closed) {
            return;
        }
        loop.resumed();
        mark.close();
        mark = null;
        marked = false;
        store.read(DOMID, (text, error) -> {
            if (error == null) {
                domid = parseDomid(text);
            }
            if (grants != null || mapper != null) {
                mark();
            }
        });
        for (Lifecycle lifecycle : List.copyOf(lifecycles)) {
            guarded(() -> lifecycle.afterResume(false));
        }
    }

    /** One driver's failure is not another's. */
    private void guarded(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            loop.report("restore", e);
        }
    }

    private void mark() {
        if (!marked && domid != 0 && !closed) {
            marked = true;
            mark = DomainMark.make(calls, domid);
        }
    }

    /** @throws XenException if the device cannot be opened */
    @Override
    public GrantTable grants() {
        if (grants == null) {
            checkOpen();
            grants = LinuxGrantTable.open(calls);
            mark();
        }
        return grants;
    }

    /** @throws XenException if the device cannot be opened */
    @Override
    public GrantMapper mapper() {
        if (mapper == null) {
            checkOpen();
            mapper = LinuxGrantMapper.open(calls);
            mark();
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

    /** Told of every restore when it has taken place, and of no other suspend: the kernel does not say when one is coming. */
    @Override
    public void addLifecycle(Lifecycle lifecycle) {
        if (lifecycle == null) {
            throw new IllegalArgumentException("lifecycle=null");
        }
        lifecycles.add(lifecycle);
    }

    @Override
    public void removeLifecycle(Lifecycle lifecycle) {
        lifecycles.remove(lifecycle);
    }

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
        if (restores != null) {
            restores.cancel();
        }
        store.close();
        if (mapper != null) {
            mapper.close();
        }
        if (grants != null) {
            grants.close();
        }
        loop.close();
        events.close();
        if (mark != null) {
            mark.close();
        }
    }
}
