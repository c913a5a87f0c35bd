package org.xenpv.simulator;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopThread;
import org.xenpv.event.LoopFuture;
import org.xenpv.simulator.hypervisor.Domain;
import org.xenpv.xenbus.BareGuest;
import org.xenpv.xenbus.ControlShutdown;
import org.xenpv.xenbus.XenGuest;

/**
 * A domain of a {@link SimulatedXen}, with the guest in it.
 *
 * <p>May be used from any thread; what touches the guest goes through {@link #call}, {@link #run} and {@link #await}, or
 * through a driver's own facade. In a deterministic host all of it is the one thread.
 */
public final class SimDomain {

    private static final long STOP_NS = TimeUnit.SECONDS.toNanos(5);

    /** A wait inside a domain looks again at least this often, in case nothing wakes its loop. */
    private static final long LOOK_NS = 1_000_000;

    private final SimulatedXen xen;
    private final DomainConfig config;
    private final Domain domain;
    private final SuspendPoint suspendPoint;
    private final BareGuest guest;
    private final Deque<AutoCloseable> services = new ArrayDeque<>();
    private final List<String> errors = new ArrayList<>();
    private final List<String> requests = new ArrayList<>();
    private ControlShutdown control;
    private EventLoopThread thread;
    private boolean stopped;

    SimDomain(SimulatedXen xen, DomainConfig config, Domain domain, SuspendPoint suspendPoint, BareGuest guest) {
        this.xen = xen;
        this.config = config;
        this.domain = domain;
        this.suspendPoint = suspendPoint;
        this.guest = guest;
        suspendPoint.boot(guest.loop());
        guest.loop().errorSink(this::failed);
    }

    /** From now on the guest runs, and does what the toolstack writes to control/shutdown. */
    void boot(boolean obeys) {
        if (obeys) {
            control = new ControlShutdown(guest, this::asked);
        }
        xen.boot(domain, guest.loop());
        if (!xen.isDeterministic() && config.thread()) {
            thread = EventLoopThread.start(guest.loop(), "xen-dom" + domain.domid() + "-" + config.name());
        }
    }

    private void failed(String where, Throwable error) {
        synchronized (errors) {
            errors.add("dom" + domain.domid() + " " + where + ": " + error + at(error));
        }
    }

    private static String at(Throwable error) {
        StackTraceElement[] trace = error.getStackTrace();
        return trace.length == 0 ? "" : " at " + trace[0];
    }

    private void asked(String what) {
        synchronized (errors) {
            requests.add(what);
        }
    }

    public String name() {
        return config.name();
    }

    public DomainConfig config() {
        return config;
    }

    /** Changes when the domain is restored. */
    public int domid() {
        return domain.domid();
    }

    /** /local/domain/&lt;domid&gt;. */
    public String home() {
        return "/local/domain/" + domid();
    }

    public BareGuest guest() {
        return guest;
    }

    /** The domain as the hypervisor knows it. */
    public Domain hypervisorDomain() {
        return domain;
    }

    public boolean isAlive() {
        return domain.alive();
    }

    public boolean isSuspended() {
        return suspendPoint.isSuspended();
    }

    /** What came out of this domain's handlers and should not have: empty if all is well. */
    public List<String> errors() {
        synchronized (errors) {
            return List.copyOf(errors);
        }
    }

    /** Forgets {@link #errors}, for a test that has provoked one. */
    public void clearErrors() {
        synchronized (errors) {
            errors.clear();
        }
    }

    /** What the toolstack has asked this domain to do, other than to suspend: poweroff, reboot, halt. */
    public List<String> shutdownRequests() {
        synchronized (errors) {
            return List.copyOf(requests);
        }
    }

    /** Runs something on the domain's loop and returns what it returns; its exceptions come out here. */
    public <T> T call(Function<? super XenGuest, ? extends T> body) {
        return LoopFuture.ask(guest.loop(), () -> body.apply(guest));
    }

    /** {@link #call} without a result. */
    public void run(Consumer<? super XenGuest> body) {
        call(guest -> {
            body.accept(guest);
            return null;
        });
    }

    static <T> T joined(LoopFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e;
        }
    }

    /**
     * Waits until a condition holds that is looked at on this domain's loop.
     *
     * @return whether it does; false if the time (virtual in a deterministic host) has passed
     */
    public boolean await(BooleanSupplier done, Duration timeout) {
        EventLoop loop = guest.loop();
        long deadlineNs = loop.clock().nanoTime() + timeout.toNanos();
        if (loop.inLoop()) {
            return loop.runUntil(done, deadlineNs);
        }
        LoopFuture<Boolean> future = new LoopFuture<>(loop);
        loop.execute(() -> look(done, deadlineNs, future));
        return joined(future);
    }

    private void look(BooleanSupplier done, long deadlineNs, LoopFuture<Boolean> future) {
        try {
            boolean holds = done.getAsBoolean();
            long nowNs = guest.clock().nanoTime();
            if (holds || deadlineNs - nowNs <= 0) {
                future.complete(holds);
            } else {
                guest.loop().at(nowNs + LOOK_NS, () -> look(done, deadlineNs, future));
            }
        } catch (Throwable error) {
            future.completeExceptionally(error);
        }
    }

    /**
     * Starts something that runs in this domain, a backend for example, on its loop. It is closed with the domain, last
     * started first; it does not see its domain being destroyed.
     */
    public <S extends AutoCloseable> S start(Function<? super XenGuest, S> starter) {
        return call(guest -> {
            S service = starter.apply(guest);
            services.push(service);
            return service;
        });
    }

    /** Closes what {@link #start} started, in an orderly way, on the domain's loop. */
    public void stopServices() {
        run(guest -> {
            while (!services.isEmpty()) {
                close(services.pop());
            }
        });
    }

    private void close(AutoCloseable service) {
        try {
            service.close();
        } catch (Exception e) {
            failed("close", e);
        }
    }

    /** Whether it goes on when nobody waits for it: in a deterministic host as soon as anybody waits for anything. */
    boolean runsByItself() {
        return xen.isDeterministic() || config.thread();
    }

    void runIfNobodyElseDoes() {
        EventLoop loop = guest.loop();
        if (!runsByItself() && !loop.isClosed()) {
            loop.tryRun(loop::runOnce);
        }
    }

    SuspendPoint suspendPoint() {
        return suspendPoint;
    }

    EventLoopThread thread() {
        return thread;
    }

    /** The guest stops where it is; nothing of it runs any more when this returns. */
    void halt() {
        if (stopped) {
            return;
        }
        stopped = true;
        suspendPoint.destroy();
        if (!runsByItself()) {
            LoopFuture.ask(guest.loop(), () -> {
                guest.loop().close();
                return null;
            });
        }
        if (thread != null && !thread.stop(STOP_NS)) {
            throw new IllegalStateException(
                    "domid=" + domid() + ": its loop does not end; something it called is stuck");
        }
    }

    /** Shuts the guest down in an orderly way, before {@link #halt}. */
    void shutDown() {
        if (!isSuspended()) {
            stopServices();
            run(g -> {
                if (control != null) {
                    control.close();
                }
            });
        }
    }

    @Override
    public String toString() {
        return "dom" + domid() + " (" + config.name() + ")";
    }
}
