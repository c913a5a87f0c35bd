package org.xenpv.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.xenpv.event.Clock;
import org.xenpv.event.EventLoop;
import org.xenpv.simulator.hypervisor.Domain;
import org.xenpv.simulator.hypervisor.Processors;
import org.xenpv.simulator.hypervisor.Trace;
import org.xenpv.simulator.hypervisor.Vcpu;

/**
 * The one processor of a deterministic host. Whoever waits hands it over: {@link Vcpu#block} steps the other domains, in
 * an order drawn from the seed, until the waiting one has something to do. Time is virtual: a step takes about a
 * microsecond, and when nobody has anything to do it jumps to the next deadline.
 *
 * <p>Everything happens on one thread; a second one that wants to wait meanwhile is refused. A step is one turn of a
 * domain's event loop.
 */
final class SimScheduler implements Processors, Clock {

    private static final long START_NS = 1_000_000_000L;
    private static final long STEP_NS = 500;
    private static final long STEP_JITTER_NS = 1_000;

    private final SimRandom random;
    private final TraceHash trace;
    private final List<Cpu> cpus = new ArrayList<>();
    private final List<Cpu> ready = new ArrayList<>();
    private final PriorityQueue<Later> later = new PriorityQueue<>();
    private final AtomicReference<Thread> running = new AtomicReference<>();
    private long nowNs = START_NS;
    private long laterCount;
    private long steps;

    /** Something put off, ordered by time, then by lot, then by age. */
    private record Later(long atNs, long lot, long number, Runnable action) implements Comparable<Later> {
        @Override
        public int compareTo(Later other) {
            int byTime = Long.compare(atNs, other.atNs);
            int byLot = byTime != 0 ? byTime : Long.compare(lot, other.lot);
            return byLot != 0 ? byLot : Long.compare(number, other.number);
        }
    }

    SimScheduler(SimRandom random, TraceHash trace) {
        this.random = random;
        this.trace = trace;
    }

    /** A virtual CPU that runs when it is its turn. */
    final class Cpu implements Vcpu {
        private final Domain domain;
        private EventLoop loop;
        private boolean kicked;
        private boolean paused;
        /** Somebody runs this domain's loop: a step, or a wait that has handed the processor over. */
        private boolean running;

        private Cpu(Domain domain) {
            this.domain = domain;
        }

        /** The guest has booted. */
        void boot(EventLoop guestLoop) {
            loop = guestLoop;
        }

        @Override
        public void block(long deadlineNs) {
            handOver(this, deadlineNs);
        }

        @Override
        public void kick() {
            kicked = true;
        }

        @Override
        public void upcall() {}

        @Override
        public void pause() {
            paused = true;
        }

        @Override
        public void resume() {
            paused = false;
        }

        private boolean wanted() {
            return kicked || domain.upcallPending();
        }

        private boolean canRun() {
            return !running && !paused && loop != null && !loop.isClosed();
        }
    }

    @Override
    public Vcpu vcpu(Domain domain) {
        Cpu cpu = new Cpu(domain);
        cpus.add(cpu);
        return cpu;
    }

    @Override
    public void later(long delayNs, Runnable action) {
        later.add(new Later(nowNs + Math.max(0, delayNs), random.next(), laterCount++, action));
    }

    @Override
    public long nanoTime() {
        return nowNs;
    }

    /** Turns taken by all domains. */
    long steps() {
        return steps;
    }

    /** Runs the host until a condition holds, for a program that is in no domain. */
    boolean runUntil(BooleanSupplier done, long deadlineNs) {
        boolean entered = enter();
        try {
            while (!done.getAsBoolean()) {
                if (deadlineNs != EventLoop.NEVER && deadlineNs - nowNs <= 0) {
                    return false;
                }
                advance(null, deadlineNs);
            }
            return true;
        } finally {
            leave(entered);
        }
    }

    /** @return false if the calling thread is in here already */
    private boolean enter() {
        Thread me = Thread.currentThread();
        if (running.get() == me) {
            return false;
        }
        Thread other = running.compareAndExchange(null, me);
        if (other != null) {
            throw new IllegalStateException("thread " + me.getName() + " waits while " + other.getName()
                    + " runs the host: a deterministic host is used from one thread, a live one from any");
        }
        return true;
    }

    private void leave(boolean entered) {
        if (entered) {
            running.set(null);
        }
    }

    private void handOver(Cpu waiting, long deadlineNs) {
        boolean entered = enter();
        boolean outermost = !waiting.running;
        waiting.running = true;
        try {
            while (!advance(waiting, deadlineNs)) {
                if (waiting.loop != null && waiting.loop.isClosed()) {
                    return;
                }
                if (!waiting.domain.alive()) {
                    throw new IllegalStateException(
                            "domid=" + waiting.domain.domid() + " was destroyed while it waited");
                }
            }
        } finally {
            waiting.kicked = false;
            if (outermost) {
                waiting.running = false;
            }
            leave(entered);
        }
    }

    /**
     * One step of somebody, or one jump in time.
     *
     * @param waiting the domain that waits here, or null
     * @return whether it is the turn of the one that waits
     */
    private boolean advance(Cpu waiting, long deadlineNs) {
        boolean ranLater = runLater();
        ready.clear();
        long nextNs = later.isEmpty() ? EventLoop.NEVER : later.peek().atNs();
        for (int i = 0; i < cpus.size(); i++) {
            Cpu cpu = cpus.get(i);
            if (cpu == waiting) {
                if (!cpu.paused && (cpu.wanted() || deadlineNs != EventLoop.NEVER && deadlineNs - nowNs <= 0)) {
                    ready.add(cpu);
                }
            } else if (cpu.canRun()) {
                long pollAtNs = cpu.wanted() ? nowNs : cpu.loop.pollAt();
                if (pollAtNs != EventLoop.NEVER && pollAtNs - nowNs <= 0) {
                    ready.add(cpu);
                } else {
                    nextNs = Math.min(nextNs, pollAtNs);
                }
            }
        }
        if (ready.isEmpty()) {
            if (!ranLater) {
                jump(waiting, Math.min(nextNs, deadlineNs));
            }
            return false;
        }
        Cpu chosen = ready.get((int) random.below(ready.size()));
        nowNs += STEP_NS + random.below(STEP_JITTER_NS);
        trace.record(Trace.STEP, chosen.domain.domid(), nowNs, 0);
        if (chosen == waiting) {
            return true;
        }
        step(chosen);
        return false;
    }

    private void step(Cpu cpu) {
        steps++;
        cpu.kicked = false;
        cpu.running = true;
        try {
            cpu.loop.runOnce();
        } finally {
            cpu.running = false;
            if (!cpu.domain.alive()) {
                cpus.remove(cpu);
            }
        }
    }

    private boolean runLater() {
        boolean any = false;
        while (!later.isEmpty() && later.peek().atNs() - nowNs <= 0) {
            later.poll().action().run();
            any = true;
        }
        return any;
    }

    private void jump(Cpu waiting, long untilNs) {
        if (untilNs == EventLoop.NEVER) {
            throw new SimDeadlockException(deadlock(waiting));
        }
        nowNs = Math.max(nowNs, untilNs);
        trace.record(Trace.TIME, waiting == null ? -1 : waiting.domain.domid(), nowNs, 0);
    }

    private String deadlock(Cpu waiting) {
        StringBuilder text = new StringBuilder("nobody can ever run: ");
        text.append(waiting == null ? "the program" : "domid=" + waiting.domain.domid())
                .append(" waits without a deadline, no domain has an event, a timer or work\n");
        for (Cpu cpu : cpus) {
            text.append("  domid=")
                    .append(cpu.domain.domid())
                    .append(
                            !cpu.domain.alive()
                                    ? " destroyed"
                                    : cpu.paused ? " paused" : cpu.running ? " waiting" : " idle")
                    .append(", open ports=")
                    .append(cpu.domain.openPorts())
                    .append('\n');
        }
        return text.append("the last that happened:\n").append(trace.recent(20)).toString();
    }
}
