package org.xenpv.benchmarks;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/** Keeps a number of frames in flight, judged by what has arrived: for a sender that nobody tells when there is room. */
final class Window {

    /** Sends a burst, visible at once. */
    interface Burst {
        void send(int count);
    }

    private final Arrivals arrivals;
    private final int size;
    private final Executor sender;
    private final Burst burst;
    private final Runnable fill = this::fill;
    private final AtomicBoolean full = new AtomicBoolean();
    private long before;
    private long sent;
    private long wanted;

    /** @param sender runs what it is given on the thread that sends */
    Window(Arrivals arrivals, int size, Executor sender, Burst burst) {
        this.arrivals = arrivals;
        this.size = size;
        this.sender = sender;
        this.burst = burst;
    }

    /** Sends so many and waits until they have arrived. */
    void send(long count) {
        long arrived = arrivals.expect(count);
        sender.execute(() -> {
            before = arrived;
            sent = 0;
            wanted = count;
            fill();
        });
        arrivals.await();
    }

    private void fill() {
        do {
            full.set(false);
            int room = (int) Math.min(wanted - sent, arrivals.published() - before + size - sent);
            if (room > 0) {
                sent += room;
                burst.send(room);
            }
            full.set(sent < wanted);
        } while (full.get() && isHalfFree()); // what arrived before the flag was set wakes nobody
    }

    private boolean isHalfFree() {
        return arrivals.published() - before + size - sent >= size / 2;
    }

    /** Frames have arrived and been published; from the thread that receives. */
    void arrived() {
        if (full.get() && full.compareAndSet(true, false)) {
            sender.execute(fill);
        }
    }
}
