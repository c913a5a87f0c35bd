package org.xenpv.benchmarks;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.xenpv.memory.SharedMemory;

/** Our side of the ring benchmark; ring_loops.c is the other. Equal work gives equal checksums. */
final class RingLoops {

    private static final int SPINS_BEFORE_YIELD = 20_000;

    private RingLoops() {}

    /** Both ends by turns in one thread. */
    static long single(SharedMemory memory, long requests, int batch) {
        FrontLoop front = new FrontLoop(memory);
        BackLoop back = new BackLoop(memory);
        for (long done = 0; done < requests; done += batch) {
            turn(front, back, batch);
        }
        return front.sum() * 31 + back.sum() + front.notifications() + back.notifications();
    }

    static void turn(FrontLoop front, BackLoop back, int batch) {
        front.produce(batch);
        back.serve();
        back.finalCheck();
        front.complete();
        if (front.finalCheck()) {
            throw new IllegalStateException("a response was left over");
        }
    }

    /** Binds the calling thread to a processor. */
    interface Pin {
        void pin(int cpu);
    }

    /**
     * One end per thread, both polling; the front sends a batch and waits for all its answers.
     *
     * @param backCpu where the back is pinned, -1 for nowhere
     */
    static long pair(SharedMemory memory, long requests, int batch, Pin pin, int backCpu) {
        FrontLoop front = new FrontLoop(memory);
        AtomicBoolean ready = new AtomicBoolean();
        AtomicReference<BackLoop> served = new AtomicReference<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        if (backCpu >= 0) {
                            pin.pin(backCpu);
                        }
                        BackLoop back = new BackLoop(memory); // in this thread's own part of the heap
                        ready.set(true);
                        serve(back, requests);
                        served.set(back);
                    } catch (RuntimeException | Error e) {
                        failure.set(e);
                        ready.set(true);
                    }
                },
                "ring-benchmark-back");
        thread.start();
        int spins = 0;
        while (!ready.get()) {
            idle(++spins);
        }
        for (long done = 0; done < requests && failure.get() == null; done += batch) {
            front.produce(batch);
            awaitResponses(front, batch, failure);
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        if (failure.get() != null) {
            throw new IllegalStateException("the back failed", failure.get());
        }
        return front.sum() * 31 + served.get().sum();
    }

    private static void serve(BackLoop back, long requests) {
        int spins = 0;
        for (long done = 0; done < requests; ) {
            int count = back.serve();
            if (count == 0) {
                idle(++spins);
            }
            done += count;
        }
    }

    private static void awaitResponses(FrontLoop front, int batch, AtomicReference<Throwable> failure) {
        int spins = 0;
        for (int waiting = batch; waiting > 0; ) {
            int count = front.complete();
            if (count == 0) {
                idle(++spins);
                if (spins % SPINS_BEFORE_YIELD == 0 && failure.get() != null) {
                    return;
                }
            }
            waiting -= count;
        }
    }

    private static void idle(int spins) {
        if (spins % SPINS_BEFORE_YIELD == 0) {
            Thread.yield();
        } else {
            Thread.onSpinWait();
        }
    }
}
