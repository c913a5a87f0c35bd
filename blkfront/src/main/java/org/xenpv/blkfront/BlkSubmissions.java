package org.xenpv.blkfront;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopClosedException;
import org.xenpv.fault.XenException;

/**
 * The way of a {@link Blkfront}'s operations from any thread to the loop: in the order of the calls, at once if the
 * caller may have the loop. One limit, {@link BlkfrontConfig#operationsMax}, holds from the call until an operation has
 * left the device. JVM only.
 */
final class BlkSubmissions implements EventLoop.Source {

    private static final int TAKEN_PER_TURN = 256;

    private final EventLoop loop;
    private final BlkfrontDevice device;
    private final int limit;
    private final AtomicInteger operations = new AtomicInteger();
    private final Queue<BlkFuture<?>> queue = new ConcurrentLinkedQueue<>();

    /** Why nothing is taken any more. Set before the queue is emptied for the last time by the loop. */
    private volatile XenException over;

    BlkSubmissions(EventLoop loop, BlkfrontDevice device, BlkfrontConfig config) {
        this.loop = loop;
        this.device = device;
        this.limit = config.operationsMax();
    }

    String nodename() {
        return device.nodename();
    }

    /** Any thread. What is wrong with it, and that there are too many, is said through the future. */
    void submit(BlkFuture<?> future) {
        int before = operations.getAndUpdate(count -> Math.min(count + 1, limit));
        if (before >= limit) {
            future.refuse(new XenException(nodename() + ": operations=" + before + " waiting, limit " + limit));
        } else if (loop.isClosed()) {
            operations.getAndDecrement();
            future.refuse(new LoopClosedException());
        } else {
            handOver(future);
        }
    }

    /** Any thread. The future's caller has let go of it. */
    void withdraw(BlkFuture<?> future) {
        handOver(future);
    }

    private void handOver(BlkFuture<?> future) {
        queue.add(future);
        if (over != null) {
            refuseAll();
        } else if (!loop.tryRun(this::poll)) {
            loop.events().wake();
        }
    }

    /** An operation has left the device, or never reached it. */
    void finished() {
        operations.getAndDecrement();
    }

    @Override
    public boolean poll() {
        return take(TAKEN_PER_TURN) > 0;
    }

    /** Takes what has been handed over so far, at least. */
    void takeAll() {
        take(2 * limit); // each is handed over twice at most
    }

    private int take(int max) {
        int taken = 0;
        for (; taken < max; taken++) {
            BlkFuture<?> next = queue.poll();
            if (next == null) {
                break;
            }
            next.taken(device);
        }
        return taken;
    }

    /** The device has ended and answered what it had; nothing will be taken any more. */
    void end(XenException reason) {
        over = reason;
        refuseAll();
    }

    private void refuseAll() {
        for (BlkFuture<?> next = queue.poll(); next != null; next = queue.poll()) {
            next.takenTooLate(over);
        }
    }
}
