package org.xenpv.simulator;

import org.xenpv.event.EventLoop;
import org.xenpv.simulator.hypervisor.Vcpu;
import org.xenpv.xenbus.BarePlatform;

/**
 * SCHEDOP_shutdown with SHUTDOWN_suspend, from both sides: where a guest stops, and where the toolstack finds it and
 * lets it go on.
 *
 * <p>A guest with a thread stays inside the call; in a deterministic host the virtual CPU is taken off the schedule and
 * the rest of the call becomes the first thing of its next turn.
 */
final class SuspendPoint {

    private final Vcpu vcpu;
    private final boolean threads;
    private EventLoop loop;
    private BarePlatform.Suspended waiting;
    private boolean suspended;
    private boolean resumed;
    private boolean cancelled;
    private boolean gone;

    SuspendPoint(Vcpu vcpu, boolean threads) {
        this.vcpu = vcpu;
        this.threads = threads;
    }

    void boot(EventLoop guestLoop) {
        loop = guestLoop;
    }

    /** The guest's side. */
    void suspend(BarePlatform.Suspended after) {
        boolean wasCancelled;
        synchronized (this) {
            suspended = true;
            resumed = false;
            if (!threads) {
                waiting = after;
                vcpu.pause();
                return;
            }
            boolean interrupted = false;
            while (!resumed && !gone) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            if (gone) {
                return;
            }
            wasCancelled = cancelled;
        }
        after.resumed(wasCancelled);
    }

    synchronized boolean isSuspended() {
        return suspended;
    }

    /** The toolstack's side; the hypervisor has done its part. */
    synchronized void resume(boolean wasCancelled) {
        if (!suspended) {
            throw new IllegalStateException("the domain is not suspended");
        }
        suspended = false;
        resumed = true;
        cancelled = wasCancelled;
        if (threads) {
            notifyAll();
        } else {
            BarePlatform.Suspended after = waiting;
            waiting = null;
            loop.execute(() -> after.resumed(wasCancelled));
            vcpu.resume();
        }
    }

    /** The domain is destroyed: a guest that waits here ends. */
    synchronized void destroy() {
        gone = true;
        notifyAll();
    }
}
