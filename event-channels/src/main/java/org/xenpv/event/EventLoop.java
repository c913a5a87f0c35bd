package org.xenpv.event;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * The loop of one domain: events in, calls out.
 *
 * <p>One thread at a time runs it; everything registered on it is called on that thread. Handlers are served in turn
 * with a budget each, so that none starves another. A port stays masked from its event until its handler has nothing
 * more to do (late re-enable); a port whose events bring no work is re-enabled later and later, up to a second. A
 * handler that waits for an answer is also called when no event came for the watchdog period: events can be lost.
 *
 * <p>An exception out of anything the loop calls is counted, told to the {@link ErrorSink} and goes no further.
 *
 * <p>Threads: {@link #execute}, {@link #tryRun}, {@link #inLoop}, {@link #dispatching} and {@link #isClosed} may be
 * called from any thread; everything else from the thread that owns the loop, or from any one thread while nobody does.
 * Several threads that share a loop which none of them owns go through {@link #tryRun} or {@code LoopFuture.ask}.
 */
public final class EventLoop {

    /** The deadline that does not come. */
    public static final long NEVER = Long.MAX_VALUE;

    /**
     * A timer that runs this much too late was not run by a busy loop, but by one that stood still: whoever waits for
     * others had no chance to see what they did.
     */
    public static final long STOOD_STILL_NS = 100_000_000L;

    /** A deadline that passed while the loop stood still is set anew so often: where a loop always does, it comes at last. */
    public static final int RENEWALS_MAX = 8;

    /** Turns after which timers are run, whatever there is to be looked at. */
    private static final int CATCH_UP_TURNS_MAX = 64;

    /** Serves one port. */
    public interface Handler {
        /**
         * Does at most {@code budget} items of work.
         *
         * <p>Before it returns less than the budget it has asked for the next event and looked once more
         * (RING_FINAL_CHECK_FOR_RESPONSES): the port is unmasked next, and what came in between brings no event.
         *
         * @return how many were done; equal to the budget means there may be more and the handler is called again
         *     soon, without an event; 0 after an event means the event was spurious
         */
        int poll(int budget);

        /**
         * Whether an answer of the other end is awaited, so that the watchdog must look if no event comes. Cheap and
         * without side effects: asked whenever the loop is about to wait.
         */
        default boolean awaiting() {
            return false;
        }
    }

    /** Work that is not tied to a port, looked at on every turn. */
    public interface Source {
        /** @return whether anything was done; the loop then takes another turn without waiting */
        boolean poll();
    }

    /** A port's place on the loop. */
    public interface Registration {
        int port();

        /**
         * Work of this port was seen outside its handler, for example answers taken while a request was submitted.
         * Without it the event of that work would look spurious.
         */
        void progress();

        /**
         * Takes the handler off; the port is left masked and open. Idempotent. Comes before the port is closed, because
         * the number of a closed port is given out again.
         */
        void cancel();
    }

    /** A deadline's place on the loop. */
    public interface Timer {
        /** Idempotent; a timer that has run is cancelled. */
        void cancel();
    }

    /** Told what came out of a handler, action, timer or source that should not have thrown. */
    public interface ErrorSink {
        /** @param where the name of the registration, or {@code inbox}, {@code timer}, {@code source} */
        void failed(String where, Throwable error);
    }

    private final EventChannels events;
    private final Clock clock;
    private final Inbox inbox;
    private final EventLoopLimits limits;
    private final Timers timers;
    private final Watchdog watchdog;
    private final EventChannels.PortSink portSink = this::eventTaken;
    private final ArrayDeque<Served> queue = new ArrayDeque<>();
    private final LoopCounters counters = new LoopCounters();
    private final LoopOwner owner = new LoopOwner();
    private final Guard guard = new Guard(counters);

    private Served[] byPort = new Served[64];
    private Source[] sources = {};
    private boolean busy;
    /** When the turn began that is under way, or the last one. */
    private long turnNs;
    /** For so many turns timers have been held back, see {@link #runTimers}. */
    private int catchUpTurns;

    public EventLoop(EventChannels events, Clock clock, Inbox inbox) {
        this(events, clock, inbox, EventLoopLimits.DEFAULT);
    }

    public EventLoop(EventChannels events, Clock clock, Inbox inbox, EventLoopLimits limits) {
        if (events == null || clock == null || inbox == null || limits == null) {
            throw new IllegalArgumentException("events, clock, inbox and limits must not be null");
        }
        this.events = events;
        this.clock = clock;
        this.inbox = inbox;
        this.limits = limits;
        this.timers = new Timers(this);
        this.turnNs = clock.nanoTime();
        this.watchdog = new Watchdog(this, limits.watchdogNs(), turnNs);
    }

    public Clock clock() {
        return clock;
    }

    /**
     * The time for deadlines: the clock as it was when the turn under way began, or as it is outside of one. Where the clock is no page that
     * can be read (a PV guest with clocksource=xen) a look at it is a system call, and costs more than most of what a turn does.
     */
    public long nowNs() {
        return owner.isDispatching() ? turnNs : clock.nanoTime();
    }

    public EventChannels events() {
        return events;
    }

    /** Replaces the sink of errors; the first one prints the first few to {@code System.err}. */
    public void errorSink(ErrorSink sink) {
        if (sink == null) {
            throw new IllegalArgumentException("sink=null");
        }
        guard.sink(sink);
    }

    /**
     * Counts an exception and tells the sink: for drivers that call a program's code and must go on whatever it throws.
     *
     * @param where whose code threw, e.g. a device's name
     */
    public void report(String where, Throwable error) {
        checkInLoop();
        guard.failed(where, error);
    }

    /** Same as {@link #register(int, String, Handler, int)} with the budget of the loop's limits. */
    public Registration register(int port, String name, Handler handler) {
        return register(port, name, handler, limits.budget());
    }

    /**
     * Puts a handler on a port. It is called once on the next turn without an event, and the port is unmasked after
     * that: nothing that came before is missed.
     *
     * @param name for errors, e.g. {@code vbd-51712}
     * @throws IllegalArgumentException if the port has a registration that was not cancelled
     */
    public Registration register(int port, String name, Handler handler, int budget) {
        checkInLoop();
        if (port < 1 || port >= EventChannels.PORTS_MAX) {
            throw new IllegalArgumentException("port=" + port + ", must be 1 to " + (EventChannels.PORTS_MAX - 1));
        }
        if (handler == null || name == null) {
            throw new IllegalArgumentException("handler and name must not be null");
        }
        if (budget < 1) {
            throw new IllegalArgumentException("budget=" + budget + ", must be at least 1");
        }
        if (port >= byPort.length) {
            byPort = Arrays.copyOf(byPort, Math.max(port + 1, byPort.length * 2));
        }
        if (byPort[port] != null) {
            throw new IllegalArgumentException("port=" + port + ", is registered by " + byPort[port].name);
        }
        Reenable reenable = new Reenable(limits.reenableIntervalNs(), limits.reenableBurst(), nowNs());
        Served served = new Served(this, port, name, handler, budget, reenable, timers);
        byPort[port] = served;
        watchdog.add(served);
        enqueue(served);
        return served;
    }

    /**
     * Asks for a turn of this handler without an event: used when work was left for later. A cancelled registration is
     * ignored.
     */
    public void ready(Registration registration) {
        checkInLoop();
        if (!(registration instanceof Served served)) {
            throw new IllegalArgumentException("registration=" + registration + ", is of another loop");
        }
        enqueue(served);
    }

    /**
     * After a resume every port of the domain is gone: takes all handlers off, touches no port and lets the event
     * channels start over. Comes before anyone allocates a port again, because the numbers are the same.
     */
    public void resumed() {
        checkInLoop();
        events.resumed();
        for (int port = 0; port < byPort.length; port++) {
            Served served = byPort[port];
            if (served != null) {
                byPort[port] = null;
                served.cancel();
            }
        }
    }

    public void addSource(Source source) {
        checkInLoop();
        if (source == null) {
            throw new IllegalArgumentException("source=null");
        }
        Source[] more = Arrays.copyOf(sources, sources.length + 1);
        more[sources.length] = source;
        sources = more;
        busy = true;
    }

    /** Takes a source off; it is not called again. Idempotent. */
    public void removeSource(Source source) {
        checkInLoop();
        int at = indexOf(sources, source);
        if (at >= 0) {
            Source[] fewer = new Source[sources.length - 1];
            System.arraycopy(sources, 0, fewer, 0, at);
            System.arraycopy(sources, at + 1, fewer, at, fewer.length - at);
            sources = fewer;
        }
    }

    private static int indexOf(Source[] sources, Source source) {
        for (int i = 0; i < sources.length; i++) {
            if (sources[i] == source) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Runs once at or after a deadline of the clock; never before this call returns. Timers run in the order of their
     * deadlines, equal ones in the order they were set.
     *
     * @param deadlineNs within 2^63 ns of now, {@link #NEVER} for not at all
     */
    public Timer at(long deadlineNs, Runnable action) {
        checkInLoop();
        if (action == null) {
            throw new IllegalArgumentException("action=null");
        }
        Timers.Entry entry = timers.entry(action);
        timers.set(entry, deadlineNs);
        return entry;
    }

    /**
     * Hands work to the loop from any thread, and wakes it. Runs in order; never runs before this call returns, and not
     * before somebody runs the loop.
     *
     * @throws InboxFullException if the inbox is full; the work is not run
     * @throws LoopClosedException if the loop is closed; what was handed over just before that may not be run either
     * @throws IllegalStateException if the inbox is for one thread and another one owns the loop
     */
    public void execute(Runnable action) {
        if (action == null) {
            throw new IllegalArgumentException("action=null");
        }
        owner.checkOpen();
        if (inbox.isConcurrent()) {
            offer(action);
        } else if (!tryRun(() -> offer(action))) {
            throw new IllegalStateException("called from thread "
                    + Thread.currentThread().getName()
                    + ", but another owns the loop and its inbox is for one thread: use a ConcurrentInbox");
        }
        events.wake();
    }

    private void offer(Runnable action) {
        if (!inbox.offer(action)) {
            throw new InboxFullException(inbox.capacity());
        }
    }

    /**
     * Calls an action here and now, with the loop and everything on it to itself, if the calling thread owns the loop
     * or nobody does. What it throws comes out here. Overtakes what waits in the inbox.
     *
     * @return false if another thread owns the loop: the action was not called, and is to go through {@link #execute}
     */
    public boolean tryRun(Runnable action) {
        Thread me = Thread.currentThread();
        boolean borrowed = owner.tryClaim(me);
        if (!borrowed && !owner.is(me)) {
            return false;
        }
        try {
            action.run();
        } finally {
            if (borrowed) {
                owner.release(me);
            }
        }
        return true;
    }

    /**
     * One turn: inbox, events, handlers within their budgets, due timers, sources. Does not wait.
     *
     * @return whether anything was done
     * @throws IllegalStateException if another thread owns the loop, or if it is running already
     * @throws LoopClosedException if the loop is closed
     */
    public boolean runOnce() {
        boolean borrowed = owner.enter();
        try {
            return turn();
        } finally {
            owner.leave(borrowed);
        }
    }

    /**
     * When {@link #runOnce} wants to be called again if no event comes: a past time if at once, {@link #NEVER} if
     * never.
     */
    public long pollAt() {
        if (hasWork()) {
            return turnNs;
        }
        watchdog.look(clock.nanoTime());
        return queue.isEmpty() ? earlier(timers.nextNs(), watchdog.nextNs()) : turnNs;
    }

    private boolean hasWork() {
        return busy || !queue.isEmpty() || !inbox.isEmpty();
    }

    /**
     * Runs turns, waiting in between, until a condition holds. Takes one turn at least, unless it holds already.
     *
     * @param deadlineNs {@link #NEVER} for none
     * @return whether it holds; false if the deadline passed
     * @throws IllegalStateException if another thread owns the loop, or from inside a handler
     * @throws LoopClosedException if the loop is closed, before or meanwhile
     */
    public boolean runUntil(BooleanSupplier done, long deadlineNs) {
        boolean borrowed = owner.enter();
        try {
            while (!done.getAsBoolean()) {
                turn();
                if (done.getAsBoolean()) {
                    break;
                }
                owner.checkOpen();
                long untilNs = earlier(deadlineNs, pollAt());
                long nowNs = hasWork() ? turnNs : clock.nanoTime();
                if (deadlineNs != NEVER && deadlineNs - nowNs <= 0) {
                    return false;
                }
                if (untilNs == NEVER || untilNs - nowNs > 0) {
                    events.await(untilNs);
                }
            }
            return true;
        } finally {
            owner.leave(borrowed);
        }
    }

    /** Whether the calling thread is the one that owns the loop (or nobody does). */
    public boolean inLoop() {
        return owner.inLoop();
    }

    /** Whether the calling thread is inside a call from this loop, and so must not wait for it. */
    public boolean dispatching() {
        return owner.isDispatching();
    }

    /**
     * Ends the loop for good, after the turn it is in: nothing on it is called any more. The ports stay as they are.
     * Idempotent.
     */
    public void close() {
        owner.close();
    }

    /** Whether the loop has been closed; any thread. */
    public boolean isClosed() {
        return owner.isClosed();
    }

    /** A snapshot; exact on the loop's thread, a little behind on others. */
    public EventLoopStats stats() {
        return counters.snapshot();
    }

    LoopOwner owner() {
        return owner;
    }

    void checkInLoop() {
        owner.checkInLoop();
    }

    // ---- one turn

    private boolean turn() {
        counters.turns++;
        turnNs = clock.nanoTime();
        owner.dispatching(true);
        try {
            int done = runInbox();
            done += events.poll(portSink, limits.eventsPerTurn());
            watchdog.lookIfDue(turnNs);
            done += serveReady();
            done += runTimers(done);
            done += pollSources();
            busy = done != 0;
            return busy;
        } finally {
            owner.dispatching(false);
        }
    }

    /**
     * A loop that nobody ran for a while (its processor was taken from it, the domain was paused) first looks at all that
     * came meanwhile: an answer that is there is not late.
     */
    private int runTimers(int done) {
        long nextNs = timers.nextNs();
        boolean late = nextNs != NEVER && turnNs - nextNs > STOOD_STILL_NS;
        if (late && catchUpTurns < CATCH_UP_TURNS_MAX && (catchUpTurns == 0 || done > 0)) {
            catchUpTurns++;
            return 1;
        }
        catchUpTurns = 0;
        int run = timers.run(turnNs);
        counters.timersRun += run;
        return run;
    }

    private int runInbox() {
        int limit = limits.inboxPerTurn();
        int count = 0;
        while (count < limit) {
            Runnable action = inbox.poll();
            if (action == null) {
                break;
            }
            guard.run("inbox", action);
            count++;
        }
        counters.inboxActions += count;
        return count;
    }

    private void eventTaken(int port) {
        Served served = port >= 0 && port < byPort.length ? byPort[port] : null;
        if (served == null) {
            counters.strayEvents++;
            return;
        }
        counters.events++;
        served.eventTaken();
        enqueue(served);
    }

    private void enqueue(Served served) {
        if (!served.queued && !served.cancelled) {
            served.queued = true;
            queue.addLast(served);
        }
    }

    /** Each handler that is ready now gets one budget; what is left or becomes ready meanwhile waits a turn. */
    private int serveReady() {
        int count = queue.size();
        for (int i = 0; i < count; i++) {
            Served served = queue.pollFirst();
            served.queued = false;
            if (served.cancelled) {
                continue;
            }
            int done = guard.poll(served);
            if (!served.cancelled && guard.wantsMore(served, done, turnNs)) {
                enqueue(served);
            }
        }
        return count;
    }

    private int pollSources() {
        Source[] current = sources;
        int worked = 0;
        for (int i = 0; i < current.length; i++) {
            Source source = current[i];
            if ((sources == current || indexOf(sources, source) >= 0) && guard.poll(source)) {
                worked++;
            }
        }
        return worked;
    }

    // ---- called by the parts of the loop

    Guard guard() {
        return guard;
    }

    Timers timers() {
        return timers;
    }

    /** A registration has been cancelled: the port is its owner's again, masked. */
    void removed(Served served) {
        watchdog.remove(served);
        if (byPort[served.port] == served) {
            byPort[served.port] = null;
            events.mask(served.port);
        }
    }

    void watchdogPoll(Served served) {
        counters.watchdogPolls++;
        enqueue(served);
    }

    void countSpurious() {
        counters.spuriousEvents++;
    }

    void countDelayedUnmask() {
        counters.delayedUnmasks++;
    }

    /** A deadline, and not by chance {@link #NEVER} where the clock wraps. */
    static long after(long nowNs, long delayNs) {
        long deadlineNs = nowNs + delayNs;
        return deadlineNs == NEVER ? deadlineNs + 1 : deadlineNs;
    }

    static long earlier(long aNs, long bNs) {
        if (aNs == NEVER) {
            return bNs;
        }
        return bNs == NEVER || aNs - bNs < 0 ? aNs : bNs;
    }
}
