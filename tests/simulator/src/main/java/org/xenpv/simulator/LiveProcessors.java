package org.xenpv.simulator;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.xenpv.event.Clock;
import org.xenpv.event.EventLoop;
import org.xenpv.simulator.hypervisor.Domain;
import org.xenpv.simulator.hypervisor.Processors;
import org.xenpv.simulator.hypervisor.Vcpu;

/** Virtual CPUs that are threads of this program, in real time. */
final class LiveProcessors implements Processors, Clock, AutoCloseable {

    /**
     * A wait this short is cheaper than handing the processor back, if the other end has a processor to itself: being woken costs either
     * thread 5 to 10 us on the virtual machines this was measured on.
     */
    private static final long SPIN_NS = 30_000;

    /** Looks at memory between two looks at the clock. */
    private static final int LOOKS_PER_TIME = 32;

    /** Waits between two tries whether spinning has begun to help. */
    private static final int PROBE_EVERY = 64;

    private static final int CREDIT_MAX = 16;

    private ScheduledExecutorService timer;
    private boolean closed;

    @Override
    public Vcpu vcpu(Domain domain) {
        return new LiveVcpu(domain);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public synchronized void later(long delayNs, Runnable action) {
        if (closed) {
            return;
        }
        if (timer == null) {
            timer = Executors.newSingleThreadScheduledExecutor(run -> {
                Thread thread = new Thread(run, "xen-later");
                thread.setDaemon(true);
                return thread;
            });
        }
        timer.schedule(action, delayNs, TimeUnit.NANOSECONDS);
    }

    /** What was put off does not happen any more; what is happening has happened when this returns. */
    @Override
    public void close() {
        ScheduledExecutorService running;
        synchronized (this) {
            closed = true;
            running = timer;
        }
        if (running == null) {
            return;
        }
        running.shutdownNow();
        try {
            running.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Blocks the thread that calls; there is one per domain. */
    private static final class LiveVcpu implements Vcpu {
        private final Domain domain;
        private volatile boolean kicked;
        private volatile Thread parked;
        /** How well spinning has done of late; where processors are scarce it only keeps the other end from running. */
        private int credit;

        private int waits;

        LiveVcpu(Domain domain) {
            this.domain = domain;
        }

        @Override
        public void block(long deadlineNs) {
            if (!wanted() && !spinIfWorthIt(deadlineNs)) {
                park(deadlineNs);
            }
            kicked = false;
        }

        private boolean wanted() {
            return kicked || domain.upcallPending();
        }

        private boolean spinIfWorthIt(long deadlineNs) {
            waits++;
            if (credit == 0 && waits % PROBE_EVERY != 0) {
                return false;
            }
            boolean helped = spin(deadlineNs);
            credit = helped ? Math.min(CREDIT_MAX, credit + 2) : Math.max(0, credit - 1);
            return helped;
        }

        private boolean spin(long deadlineNs) {
            long startNs = System.nanoTime();
            do {
                for (int look = 0; look < LOOKS_PER_TIME; look++) {
                    if (wanted()) {
                        return true;
                    }
                    Thread.onSpinWait();
                }
                if (passed(deadlineNs)) {
                    return true;
                }
            } while (System.nanoTime() - startNs < SPIN_NS);
            return false;
        }

        private static boolean passed(long deadlineNs) {
            return deadlineNs != EventLoop.NEVER && deadlineNs - System.nanoTime() <= 0;
        }

        private void park(long deadlineNs) {
            Thread me = Thread.currentThread();
            // Volatile, and before the look: whoever makes us wanted either sees it or is seen.
            parked = me;
            try {
                while (!wanted() && !me.isInterrupted()) {
                    if (deadlineNs == EventLoop.NEVER) {
                        LockSupport.park(this);
                    } else {
                        long leftNs = deadlineNs - System.nanoTime();
                        if (leftNs <= 0) {
                            return;
                        }
                        LockSupport.parkNanos(this, leftNs);
                    }
                }
            } finally {
                parked = null;
            }
        }

        @Override
        public void kick() {
            kicked = true;
            upcall();
        }

        @Override
        public void upcall() {
            Thread thread = parked;
            if (thread != null) {
                LockSupport.unpark(thread);
            }
        }

        /** The domain's own thread stops itself, in {@link SimDomain}; there is nothing else to stop. */
        @Override
        public void pause() {}

        @Override
        public void resume() {}
    }
}
