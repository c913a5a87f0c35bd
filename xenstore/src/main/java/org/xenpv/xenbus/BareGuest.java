package org.xenpv.xenbus;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopLimits;
import org.xenpv.event.abi.EventArrayFrames;
import org.xenpv.event.abi.FifoEventChannels;
import org.xenpv.event.abi.TwoLevelEventChannels;
import org.xenpv.fault.XenException;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.abi.AbiGrantMapper;
import org.xenpv.grant.abi.AbiGrantTable;
import org.xenpv.grant.abi.GrantPlatform;
import org.xenpv.memory.SharedMemory;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.RingTransport;
import org.xenpv.xenstore.Xenstore;
import org.xenpv.xenstore.XenstoreClient;

/**
 * A guest with nothing under it but a hypervisor: grant table, event channels and xenstore spoken directly, over the
 * hypercall ports of a {@link BarePlatform}. The simulated guest is this guest; the unikernel will be.
 *
 * <p>Pages that other domains do not let go of are asked for again every second, from the loop's timer, for as long as
 * there are any.
 */
public final class BareGuest implements XenGuest {

    private static final long QUARANTINE_RETRY_NS = 1_000_000_000L;

    /** The two ABIs of event channels (xen/event_channel.h). */
    public enum EventAbi {
        TWO_LEVEL,
        FIFO
    }

    /**
     * How a guest is assembled.
     *
     * @param events which ABI; FIFO fails to open on a hypervisor that has none
     * @param grants version and limits of the grant table
     * @param loop budgets and throttles
     * @param store timeouts and limits of the xenstore connection, if there is one
     */
    public record Options(
            EventAbi events, AbiGrantTable.Options grants, EventLoopLimits loop, XenstoreClient.Options store) {

        public Options {
            if (events == null || grants == null || loop == null || store == null) {
                throw new IllegalArgumentException("events, grants, loop and store must not be null");
            }
        }

        /** FIFO events, grant table version 1, and the defaults of the parts. */
        public static Options defaults() {
            return new Options(
                    EventAbi.FIFO,
                    AbiGrantTable.Options.defaults(),
                    EventLoopLimits.DEFAULT,
                    XenstoreClient.Options.DEFAULT);
        }

        public Options withEvents(EventAbi abi) {
            return new Options(abi, grants, loop, store);
        }

        public Options withGrants(AbiGrantTable.Options options) {
            return new Options(events, options, loop, store);
        }

        public Options withLoop(EventLoopLimits limits) {
            return new Options(events, grants, limits, store);
        }

        public Options withStore(XenstoreClient.Options options) {
            return new Options(events, grants, loop, options);
        }
    }

    private final BarePlatform platform;
    private final EventChannels events;
    private final EventLoop loop;
    private final AbiGrantTable grants;
    private final AbiGrantMapper mapper;
    private final XenstoreClient store;
    private final List<Lifecycle> lifecycles = new ArrayList<>();
    private final EventLoop.Source quarantineWatch = this::watchQuarantine;
    private EventLoop.Timer quarantineRetry;
    private RingPage console;
    private boolean suspending;
    private boolean closed;

    BareGuest(BarePlatform platform, Options options) {
        this.platform = platform;
        this.events = openEvents(platform, options.events());
        this.loop = new EventLoop(events, platform.clock(), platform.newInbox(), options.loop());
        this.grants = AbiGrantTable.open(platform.grantTableOp(), platform.grantPlatform(), options.grants());
        this.mapper = AbiGrantMapper.open(platform.grantTableOp(), platform.grantPlatform());
        RingPage storePage = platform.store();
        this.store = storePage == null ? null : new XenstoreClient(transport(storePage), loop, options.store());
        this.console = platform.console();
        loop.addSource(quarantineWatch);
    }

    private static EventChannels openEvents(BarePlatform platform, EventAbi abi) {
        GrantPlatform.Frames args = frame(platform);
        if (abi == EventAbi.TWO_LEVEL) {
            return new TwoLevelEventChannels(
                    platform.eventChannelOp(), platform.schedOp(), platform.sharedInfo(), args.memory());
        }
        EventArrayFrames frames = () -> {
            GrantPlatform.Frames frame = platform.grantPlatform().allocateFrames(1);
            return frame == null ? null : new EventArrayFrames.Frame(frame.memory(), frame.firstFrame());
        };
        return new FifoEventChannels(
                platform.eventChannelOp(), platform.schedOp(), platform.sharedInfo(), frames, args.memory());
    }

    private static GrantPlatform.Frames frame(BarePlatform platform) {
        GrantPlatform.Frames frame = platform.grantPlatform().allocateFrames(1);
        if (frame == null) {
            throw new GrantExhaustedException("no page for the arguments of event channel hypercalls");
        }
        return frame;
    }

    private RingTransport transport(RingPage page) {
        return new RingTransport(page.memory(), events, page.port());
    }

    @Override
    public int domid() {
        return platform.domid();
    }

    @Override
    public GrantTable grants() {
        return grants;
    }

    @Override
    public GrantMapper mapper() {
        return mapper;
    }

    @Override
    public OwnPages ownPages(int pages) {
        GrantPlatform.Frames frames = platform.grantPlatform().allocateFrames(pages);
        if (frames == null) {
            throw new GrantExhaustedException("pages=" + pages + ", this domain has no memory left");
        }
        frames.memory().zero(0, pages * SharedMemory.PAGE_BYTES);
        return new OwnPages(frames.memory(), () -> platform.grantPlatform().freeFrames(frames));
    }

    /** Foreign pages mapped at the moment, those that could not be unmapped among them. */
    public int mappedPages() {
        return mapper.mappedPages();
    }

    @Override
    public EventChannels events() {
        return events;
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    /** @throws IllegalStateException if the platform has no xenstore page */
    @Override
    public Xenstore store() {
        return client();
    }

    /** The same, with what only this client can do. */
    public XenstoreClient client() {
        if (store == null) {
            throw new IllegalStateException("domid=" + domid() + " has no xenstore page");
        }
        return store;
    }

    @Override
    public Clock clock() {
        return platform.clock();
    }

    @Override
    public RingPage console() {
        return console;
    }

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

    /**
     * Suspends this domain and comes back. Drivers are told, the xenstore connection comes to rest (or its deadline
     * passes), the domain stops; when it goes on, drivers are told again. Unless the suspend was cancelled, grants,
     * ports and domain id of before are gone by then.
     *
     * @param done told at the end whether the suspend was cancelled
     * @throws IllegalStateException if a suspend is under way
     */
    public void suspend(Result<Boolean> done) {
        if (suspending || closed) {
            throw new IllegalStateException(closed ? "guest is closed" : "a suspend is under way");
        }
        suspending = true;
        for (Lifecycle lifecycle : List.copyOf(lifecycles)) {
            guarded(lifecycle::beforeSuspend);
        }
        if (store == null) {
            stop(done);
        } else {
            // A request that does not end in time fails on the new connection.
            store.suspend((nothing, error) -> stop(done));
        }
    }

    private void stop(Result<Boolean> done) {
        platform.suspend(cancelled -> goOn(cancelled, done));
    }

    private void goOn(boolean cancelled, Result<Boolean> done) {
        suspending = false;
        XenException failure = cancelled ? null : takeUp();
        if (store != null) {
            RingPage page = cancelled ? null : platform.store();
            if (page == null) {
                store.resume();
            } else {
                store.resume(transport(page)); // even without grants: whoever waits for xenstore is answered
            }
        }
        for (Lifecycle lifecycle : List.copyOf(lifecycles)) {
            guarded(() -> lifecycle.afterResume(cancelled));
        }
        done.accept(cancelled, failure);
    }

    /** What was of the earlier life is gone. @return why this life has no grants, or null */
    private XenException takeUp() {
        loop.resumed();
        console = platform.console();
        try {
            grants.resume();
            return null;
        } catch (XenException e) {
            return e;
        }
    }

    /** One driver's failure is not another's. */
    private void guarded(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            loop.execute(() -> {
                throw e;
            });
        }
    }

    private boolean watchQuarantine() {
        if (quarantineRetry == null && grants.ledger().quarantined() > 0) {
            quarantineRetry = loop.at(clock().nanoTime() + QUARANTINE_RETRY_NS, () -> {
                quarantineRetry = null;
                grants.retryQuarantine();
            });
        }
        return false;
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
        loop.removeSource(quarantineWatch);
        if (quarantineRetry != null) {
            quarantineRetry.cancel();
        }
        if (store != null) {
            store.close();
        }
        mapper.close();
        loop.close();
    }
}
