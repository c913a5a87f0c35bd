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
    private EventLoop.Timer timer;

    PhaseDeadlines(XenGuest guest, long phaseNs) {
        this.guest = guest;
        this.phaseNs = Math.min(phaseNs, PHASE_MAX_NS);
    }

    void started() {
        startedNs = guest.clock().nanoTime();
    }

    void connected() {
        everConnected = true;
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
        cancel();
        Phase phase = state.phase();
        boolean endless = phase == Phase.CONNECTED || phase == Phase.CLOSED && everConnected || phase == Phase.ENDED;
        if (!endless) {
            arm(endNs(state), EventLoop.RENEWALS_MAX, passed);
        }
    }

    private void arm(long endNs, int renewals, Runnable passed) {
        timer = guest.loop().at(endNs, () -> {
            long nowNs = guest.clock().nanoTime();
            if (renewals > 0 && nowNs - endNs > EventLoop.STOOD_STILL_NS) {
                arm(
                        nowNs + phaseNs,
                        renewals - 1,
                        passed); // this domain stood still, and saw nothing of what the backend did
            } else {
                passed.run();
            }
        });
    }

    private long endNs(State state) {
        long nowNs = guest.clock().nanoTime();
        if (everConnected) {
            return nowNs + phaseNs;
        }
        if (state.then() == Then.END) {
            return nowNs + phaseNs / 4; // closing, then releasing
        }
        return nowNs + Math.min(phaseNs, FIRST_CONNECTION * phaseNs - (nowNs - startedNs));
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
