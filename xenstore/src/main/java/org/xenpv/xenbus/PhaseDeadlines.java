package org.xenpv.xenbus;

import org.xenpv.event.EventLoop;
import org.xenpv.xenbus.FrontendStateMachine.Phase;
import org.xenpv.xenbus.FrontendStateMachine.State;
import org.xenpv.xenbus.FrontendStateMachine.Then;

/**
 * How long a frontend may stay in each phase. Every wait ends within the deadline {@code phaseNs}; waiting for a backend
 * while in service, or closed and ready for another, ends never.
 *
 * <p>However often the backend begins anew, whoever waits for the first connection is answered: all attempts together,
 * closing what an earlier life left included, may take four deadlines, as many as there are phases on the way; and what
 * was never connected is closed and released within half a deadline more.
 */
final class PhaseDeadlines {

    private static final int FIRST_CONNECTION = 4;

    /** A connection that has held for so many deadlines makes what came before it forgotten. */
    private static final int FORGOTTEN = 6;

    /** 36 years; several of them do not overflow. */
    private static final long PHASE_MAX_NS = Long.MAX_VALUE / 8;

    private final XenGuest guest;
    private final long phaseNs;
    private long startedNs;
    private long connectedNs;
    private boolean everConnected;
    /** Of deadlines, since there was a connection. */
    private int renewals;

    private EventLoop.Timer timer;
    private long endNs;

    PhaseDeadlines(XenGuest guest, long phaseNs) {
        this.guest = guest;
        this.phaseNs = Math.min(phaseNs, PHASE_MAX_NS);
    }

    void started() {
        startedNs = guest.clock().nanoTime();
    }

    void connected() {
        everConnected = true;
        renewals = 0;
        connectedNs = guest.clock().nanoTime();
    }

    boolean hasHeldLong() {
        return everConnected && guest.clock().nanoTime() - connectedNs > FORGOTTEN * phaseNs;
    }

    /** Whether somebody waits for a connection in this phase. */
    boolean isConnecting(Phase phase) {
        return switch (phase) {
            case INIT, PUBLISHING, PUBLISHED, CONNECTING -> true;
            case CLOSED -> !everConnected;
            default -> false;
        };
    }

    /** A phase begins. */
    void arm(State state, Runnable passed) {
        if (timer != null) {
            stoodStill(guest.clock().nanoTime() - endNs); // what was there before the timer is looked at first
        }
        cancel();
        Phase phase = state.phase();
        boolean endless = phase == Phase.CONNECTED || phase == Phase.CLOSED && everConnected || phase == Phase.ENDED;
        if (!endless) {
            arm(endNs(state), passed);
        }
    }

    /** If this domain stood still it saw nothing of what the backend did, and the phase begins anew. */
    private void arm(long deadlineNs, Runnable passed) {
        endNs = deadlineNs;
        timer = guest.loop().at(deadlineNs, () -> {
            timer = null;
            long nowNs = guest.clock().nanoTime();
            if (stoodStill(nowNs - deadlineNs) && renewals < EventLoop.RENEWALS_MAX) {
                renewals++;
                arm(nowNs + phaseNs, passed);
            } else {
                passed.run();
            }
        });
    }

    /** Whether a deadline passed so long ago that nobody can have run the loop; that time counts for no first connection. */
    private boolean stoodStill(long lateNs) {
        if (lateNs <= EventLoop.STOOD_STILL_NS) {
            return false;
        }
        startedNs += lateNs;
        return true;
    }

    private long endNs(State state) {
        long nowNs = guest.clock().nanoTime();
        if (everConnected) {
            return nowNs + phaseNs;
        }
        if (state.then() == Then.END) {
            return nowNs + phaseNs / 4; // closing, then releasing
        }
        return nowNs + Math.max(0, Math.min(phaseNs, FIRST_CONNECTION * phaseNs - (nowNs - startedNs)));
    }

    boolean isRunning() {
        return timer != null;
    }

    void cancel() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}
