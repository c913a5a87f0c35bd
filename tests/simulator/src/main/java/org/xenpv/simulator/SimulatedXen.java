package org.xenpv.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.xenpv.event.Clock;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.MappedPages;
import org.xenpv.grant.abi.Gnttab;
import org.xenpv.simulator.hypervisor.Domain;
import org.xenpv.simulator.hypervisor.DomainSpec;
import org.xenpv.simulator.hypervisor.Hypervisor;
import org.xenpv.simulator.hypervisor.HypervisorFaults;
import org.xenpv.simulator.hypervisor.Processors;
import org.xenpv.simulator.hypervisor.Trace;
import org.xenpv.simulator.xenstored.GuestRing;
import org.xenpv.simulator.xenstored.XenstoredConfig;
import org.xenpv.simulator.xenstored.XenstoredDaemon;
import org.xenpv.xenbus.BareGuest;
import org.xenpv.xenbus.XenGuests;

/**
 * A Xen host in this program: hypervisor, dom0 with xenstored and toolstack, and as many domains as are created.
 *
 * <pre>{@code
 * try (SimulatedXen xen = SimulatedXen.deterministic(42)) {
 *   SimDomain driver = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
 *   SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
 *   xen.toolstack().attachBlock(guest, driver, "xvda", Map.of("params", "disk.img"));
 *   ...
 *   xen.assertNothingLeaked();
 * }
 * }</pre>
 *
 * <p>A <em>deterministic</em> host is used from one thread. A domain runs while somebody waits: for a future of a
 * driver, in {@link SimDomain#await}, or here in {@link #runUntil}. The same seed and the same program give the same
 * {@link #traceHash}; a second thread is refused. A <em>live</em> host has a thread per domain and may be used from any
 * thread.
 */
public final class SimulatedXen implements AutoCloseable {

    private static final Duration SETTLE = Duration.ofSeconds(10);
    private static final long LIVE_LOOK_NS = 200_000;
    private static final int DOM0_GRANT_FRAMES = 64;
    private static final int DOM0_PORTS = 4096;

    private final long seed;
    private final SimScheduler scheduler;
    private final TraceHash trace;
    private final LiveProcessors liveProcessors;
    private final Clock clock;
    private final Hypervisor hypervisor;
    private final SimDomain dom0;
    private final XenstoredDaemon xenstored;
    private final Toolstack toolstack;
    private final LeakCheck leakCheck;
    private final List<SimDomain> domains = new ArrayList<>();
    private final List<String> pastErrors = new ArrayList<>();
    private boolean closed;

    /** A host with a thread per domain, in real time. */
    public static SimulatedXen live() {
        return live(HostConfig.defaults());
    }

    public static SimulatedXen live(HostConfig config) {
        return new SimulatedXen(config, false, 0);
    }

    /** A host on the caller's thread, in virtual time, scheduled by a seed. */
    public static SimulatedXen deterministic(long seed) {
        return deterministic(seed, HostConfig.defaults());
    }

    public static SimulatedXen deterministic(long seed, HostConfig config) {
        return new SimulatedXen(config, true, seed);
    }

    private SimulatedXen(HostConfig config, boolean deterministic, long seed) {
        if (config.trace() != null && !deterministic) {
            throw new IllegalArgumentException("trace=" + config.trace() + ", must be null: a live host has no trace");
        }
        this.seed = seed;
        TraceFile file = config.trace() == null ? null : new TraceFile(config.trace(), seed);
        this.trace = deterministic ? new TraceHash(file) : null;
        this.scheduler = deterministic ? new SimScheduler(SimRandom.forPart(seed, "schedule"), trace) : null;
        this.liveProcessors = deterministic ? null : new LiveProcessors();
        this.clock = deterministic ? scheduler : liveProcessors;
        Processors processors = deterministic ? scheduler : liveProcessors;
        this.hypervisor = new Hypervisor(processors, deterministic ? trace : Trace.NONE);
        this.dom0 = domain0(config);
        this.xenstored = xenstored(config);
        this.toolstack = new Toolstack(this, dom0);
        this.leakCheck = new LeakCheck(this);
        dom0.boot(false);
        toolstack.startHost();
        leakCheck.remember(dom0);
    }

    private SimDomain domain0(HostConfig config) {
        DomainConfig dom0Config = new DomainConfig(
                "Domain-0",
                config.dom0MemoryPages(),
                DOM0_GRANT_FRAMES,
                DOM0_PORTS,
                false,
                true,
                true,
                config.dom0Guest());
        return build(
                dom0Config, new DomainSpec(true, config.dom0MemoryPages(), DOM0_GRANT_FRAMES, DOM0_PORTS + 1, 0, -1));
    }

    private SimDomain build(DomainConfig config, DomainSpec spec) {
        Domain domain = hypervisor.create(spec);
        SuspendPoint suspendPoint = new SuspendPoint(domain.vcpu(), !isDeterministic());
        SimPlatform platform = new SimPlatform(domain, clock, suspendPoint);
        long storeSeed =
                SimRandom.forPart(seed, "xenstore client " + domain.domid()).next() | 1;
        BareGuest.Options options = config.guest();
        BareGuest guest =
                XenGuests.bare(platform, options.withStore(options.store().withSeed(storeSeed)));
        return new SimDomain(this, config, domain, suspendPoint, guest);
    }

    /** Dom0's own connection is a ring page as well, over an event channel of dom0 with itself. */
    private XenstoredDaemon xenstored(HostConfig config) {
        XenstoredConfig daemonConfig = config.xenstored()
                .apply(XenstoredConfig.defaults()
                        .withRings(this::openRing)
                        .withDomainExists(domid -> hypervisor.domain(domid) != null));
        XenstoredDaemon daemon = new XenstoredDaemon(dom0.guest().loop(), daemonConfig);
        Domain domain = dom0.hypervisorDomain();
        int port = dom0.guest().events().bindInterdomain(0, domain.startInfo().storePort());
        daemon.introduce(0, new GuestRing(domain.page(domain.startInfo().storeGfn()), port, () -> {}));
        return daemon;
    }

    /** What INTRODUCE does: maps the domain's reserved grant of its store page, binds its store port. */
    private GuestRing openRing(int domid, long gfn, int port) {
        MappedPages page;
        try {
            page = dom0.guest()
                    .mapper()
                    .map(domid, new int[] {Gnttab.GNTTAB_RESERVED_XENSTORE}, 1, GrantAccess.READ_WRITE);
        } catch (GrantMapException e) {
            return null;
        }
        int local;
        try {
            local = dom0.guest().events().bindInterdomain(domid, port);
        } catch (RuntimeException e) {
            page.close();
            return null;
        }
        return new GuestRing(page.memory(), local, page::close);
    }

    /** Boots a domain: builds it, makes its nodes, introduces it to xenstored and lets its guest run. */
    public SimDomain createDomain(DomainConfig config) {
        checkOpen();
        DomainSpec spec = new DomainSpec(
                false,
                config.memoryPages(),
                config.grantFramesMax(),
                config.eventChannelsMax() + 1,
                0,
                config.console() ? 0 : -1);
        SimDomain domain = build(config, spec);
        toolstack.introduce(config, domain.domid(), domain.hypervisorDomain().startInfo());
        synchronized (domains) {
            domains.add(domain);
        }
        domain.boot(true);
        awaitBoot(domain);
        leakCheck.remember(domain);
        return domain;
    }

    /** Until the guest has registered its watch on control/shutdown: from then on it can be suspended. */
    private void awaitBoot(SimDomain domain) {
        int domid = domain.domid();
        if (domain.runsByItself()) {
            dom0.await(() -> xenstored.usage(domid).watches() > 0, SETTLE);
        } else {
            domain.await(() -> dom0.call(guest -> xenstored.usage(domid).watches()) > 0, SETTLE);
        }
    }

    /** Gives a domain's loop to the scheduler. */
    void boot(Domain domain, EventLoop loop) {
        if (isDeterministic()) {
            ((SimScheduler.Cpu) domain.vcpu()).boot(loop);
        }
    }

    /** A domain that is gone: what its handlers threw is kept. */
    void forget(SimDomain domain) {
        synchronized (domains) {
            domains.remove(domain);
            pastErrors.addAll(domain.errors());
        }
    }

    public SimDomain dom0() {
        return dom0;
    }

    /** Domains created and not destroyed, in order; dom0 is not among them. */
    public List<SimDomain> domains() {
        synchronized (domains) {
            return List.copyOf(domains);
        }
    }

    public Toolstack toolstack() {
        return toolstack;
    }

    /** Owned by dom0's loop: look at it in {@code dom0().call}. */
    public XenstoredDaemon xenstored() {
        return xenstored;
    }

    public Hypervisor hypervisor() {
        return hypervisor;
    }

    /** The host's time: every domain's too. */
    public Clock clock() {
        return clock;
    }

    /** 0 if live. */
    public long seed() {
        return seed;
    }

    public boolean isDeterministic() {
        return scheduler != null;
    }

    /** From now on the machine fails as these say, drawn from the host's seed; {@link #heal} ends it. */
    public void inject(Faults faults) {
        hypervisor.faults(faults.drawnFrom(SimRandom.forPart(seed, "faults")));
    }

    /** From now on nothing fails. */
    public void heal() {
        hypervisor.faults(HypervisorFaults.NONE);
    }

    /**
     * Runs the host until a condition holds that is looked at on the calling thread. In a live host that means to wait,
     * and to give domains without a thread their turns.
     *
     * @param timeout virtual time in a deterministic host
     * @return whether it holds
     */
    public boolean runUntil(BooleanSupplier done, Duration timeout) {
        long deadlineNs = clock.nanoTime() + timeout.toNanos();
        if (isDeterministic()) {
            return scheduler.runUntil(done, deadlineNs);
        }
        while (!done.getAsBoolean()) {
            if (deadlineNs - clock.nanoTime() <= 0) {
                return false;
            }
            domains().forEach(SimDomain::runIfNobodyElseDoes);
            LockSupport.parkNanos(LIVE_LOOK_NS);
        }
        return true;
    }

    /**
     * Lets virtual time pass.
     *
     * @throws UnsupportedOperationException in a live host, whose time passes by itself
     */
    public void runFor(Duration time) {
        if (!isDeterministic()) {
            throw new UnsupportedOperationException("a live host has no virtual time");
        }
        scheduler.runUntil(() -> false, clock.nanoTime() + time.toNanos());
    }

    /**
     * A number over everything that has happened: schedule, events, hypercalls, time.
     *
     * @throws UnsupportedOperationException in a live host
     */
    public long traceHash() {
        return deterministicTrace().hash();
    }

    /** How many things {@link #traceHash} is over. */
    public long traceLength() {
        return deterministicTrace().length();
    }

    /** The last of the trace in words, for a failure's message; a few thousand entries are kept. */
    public String recentTrace(int entries) {
        return deterministicTrace().recent(entries);
    }

    private TraceHash deterministicTrace() {
        if (trace == null) {
            throw new UnsupportedOperationException("a live host has no trace");
        }
        return trace;
    }

    /**
     * What is held that should have been given back now that every driver is closed: lent or quarantined pages, mapped
     * pages, ports, watches and transactions beyond those a domain has when it has just booted.
     *
     * @return one line for each; empty if nothing leaked
     */
    public List<String> leaks() {
        return leakCheck.leaks();
    }

    /** What came out of handlers, of all domains there were: empty if all is well. */
    public List<String> errors() {
        List<String> errors = new ArrayList<>(dom0.errors());
        synchronized (domains) {
            errors.addAll(pastErrors);
            for (SimDomain domain : domains) {
                errors.addAll(domain.errors());
            }
        }
        return errors;
    }

    /**
     * Waits until the other halves have let go of what was given back, then checks {@link #leaks}.
     *
     * @throws AssertionError that lists what leaked
     */
    public void assertNothingLeaked() {
        if (!runUntil(() -> leaks().isEmpty(), SETTLE)) {
            throw new AssertionError((isDeterministic() ? "seed=" + seed + ", leaked:" : "leaked:") + lines(leaks()));
        }
    }

    /** @throws AssertionError that lists {@link #errors} */
    public void assertNoErrors() {
        List<String> errors = errors();
        if (!errors.isEmpty()) {
            throw new AssertionError((isDeterministic() ? "seed=" + seed + ", errors:" : "errors:") + lines(errors));
        }
    }

    private static String lines(List<String> items) {
        StringBuilder text = new StringBuilder();
        for (String item : items) {
            text.append("\n  ").append(item);
        }
        return text.toString();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the host is closed");
        }
    }

    /** Stops every domain and gives all memory back: every guest's pages are dead from then on. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (SimDomain domain : domains()) {
            domain.halt();
        }
        dom0.halt();
        xenstored.close();
        if (liveProcessors != null) {
            liveProcessors.close();
        }
        hypervisor.close();
        if (trace != null) {
            trace.close();
        }
    }
}
