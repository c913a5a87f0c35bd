package org.xenpv.xenbus;

import java.util.List;

/**
 * The handshake of a frontend: what it does when its backend's state, its own driver or the clock says something. Every
 * device driver runs this one machine; {@link XenbusFrontend} carries out its actions.
 *
 * <p>Before changing this class read xen/io/xenbus.h and the table below, which is the specification; one parameterised
 * test covers every cell. Pure: no clock, no I/O, no memory of its own.
 *
 * <p>Where the backends of a device wait for Connected ({@link FrontendDriver#publishedState}) that stands in our state instead of
 * Initialised, in the same phases.
 *
 * <p>Rows are our {@link Phase}, columns the backend's state as read from xenstore (UNKNOWN: its node is gone). An empty
 * cell is ignored.
 *
 * <pre>
 * phase (our state)        | UNKNOWN | INITIALISING | INIT_WAIT | INITIALISED | CONNECTED | CLOSING   | CLOSED
 * -------------------------+---------+--------------+-----------+-------------+-----------+-----------+----------
 * INIT (Initialising)      |         |              | publish   | reset       | reset     | over      |
 * PUBLISHING (Initialising)| gone    | again        |           |             |           | shut      | shut
 * PUBLISHED (Initialised)  | gone    | again        |           |             | connect   | shut      | shut
 * CONNECTING (Initialised) | gone    | again        | again     |             |           | shut      | shut
 * CONNECTED (Connected)    | gone    | again        | again     |             | refresh   | drain     | shut
 * DRAINING (Connected)     | gone    | again        | again     |             |           |           | shut
 * CLOSING (Closing)        | gone    | release      | release   |             |           | shut      | shut
 * RELEASING (Closed)       | gone    | release      | release   |             |           |           | release
 * CLOSED (Closed)          | gone    |              | reopen    |             |           |           |
 * ENDED                    |         |              |           |             |           |           |
 *
 * publish  PUBLISH; PUBLISHING                     connect  CONNECT; CONNECTING
 * reset    a stale connection of an earlier life: close it first: STATE_CLOSING; CLOSING, then start again
 * over     the same, but the backend is closing it already: STOP, STATE_CLOSED; RELEASING, then start again
 * again    the backend died and another took its place: STOP, RELEASE, STATE_INITIALISING; INIT
 * refresh  REFRESH: the backend announces a change (e.g. of the disk's size)
 * drain    DRAIN; DRAINING: no new requests, finish those in flight
 * shut     STOP, STATE_CLOSED; RELEASING           release  RELEASE; CLOSED, or ENDED, or INIT after a reset
 * gone     STOP, RELEASE, END; ENDED: nothing is written, the nodes may belong to a successor
 * reopen   STATE_INITIALISING; INIT, and the backend's state is looked at again
 * RECONFIGURING and RECONFIGURED are ignored everywhere: no device here has them.
 * </pre>
 *
 * <p>The other inputs: {@code PUBLISHED} and {@code CONNECTED_OK} end an action of ours; {@code DRAINED} as well.
 * {@code CLOSE} comes from the user; {@code FAULT} from the driver (protocol violation) or from a refused negotiation;
 * {@code REPLACED} when the toolstack re-created our device, which starts it anew unless it has to end; {@code REMOVED}
 * when it took it away; {@code RESUMED} after a suspend; {@code TIMEOUT} when a phase has lasted too long.
 */
public final class FrontendStateMachine {

    /** Where the handshake stands. */
    public enum Phase {
        INIT(XenbusState.INITIALISING),
        PUBLISHING(XenbusState.INITIALISING),
        PUBLISHED(XenbusState.INITIALISED),
        CONNECTING(XenbusState.INITIALISED),
        CONNECTED(XenbusState.CONNECTED),
        DRAINING(XenbusState.CONNECTED),
        CLOSING(XenbusState.CLOSING),
        RELEASING(XenbusState.CLOSED),
        CLOSED(XenbusState.CLOSED),
        ENDED(XenbusState.CLOSED);

        private final XenbusState ownState;

        Phase(XenbusState ownState) {
            this.ownState = ownState;
        }

        /** What stands in our {@code state} key. */
        public XenbusState ownState() {
            return ownState;
        }
    }

    /** What a closing device does when it is closed. */
    public enum Then {
        /** Stay, and connect again should the backend wait for us. */
        WAIT,
        /**
         * Connect again at once: a stale connection had to be closed first. Holds until it is connected: a backend that had begun anew of
         * itself may see our Closing only then, and close after all.
         */
        START,
        /** Nothing: the user closed it, or it is broken. */
        END
    }

    public enum Input {
        OTHEREND,
        PUBLISHED,
        CONNECTED_OK,
        DRAINED,
        CLOSE,
        FAULT,
        REPLACED,
        REMOVED,
        RESUMED,
        TIMEOUT
    }

    public enum Action {
        /** Read the backend's features, allocate rings, grants and ports, write our keys and Initialised. */
        PUBLISH,
        /** Read what the connected backend says of the device, go live, write Connected. */
        CONNECT,
        /** Read it again. */
        REFRESH,
        /** Take no new requests and tell when none is in flight. */
        DRAIN,
        /** Touch the ring no more. Requests in flight are kept or failed as the driver decides. */
        STOP,
        /** Revoke the grants (or quarantine them) and close the ports. */
        RELEASE,
        STATE_INITIALISING,
        STATE_CLOSING,
        STATE_CLOSED,
        /** Look at the backend's state again, as if it had changed. */
        LOOK,
        /** It is over: fail whatever is left, tell the user. */
        END
    }

    public record State(Phase phase, Then then) {}

    public record Step(State next, List<Action> actions) {}

    public static final State START = new State(Phase.INIT, Then.WAIT);

    private FrontendStateMachine() {}

    /**
     * @param otherend the backend's state as last read; what an OTHEREND input is about
     */
    public static Step step(State state, Input input, XenbusState otherend) {
        Phase phase = state.phase();
        if (phase == Phase.ENDED) {
            return stay(state);
        }
        return switch (input) {
            case OTHEREND -> onOtherend(state, otherend);
            case PUBLISHED -> phase == Phase.PUBLISHING ? to(state, Phase.PUBLISHED, Action.LOOK) : stay(state);
            case CONNECTED_OK -> phase == Phase.CONNECTING ? to(START, Phase.CONNECTED, Action.LOOK) : stay(state);
            case DRAINED -> phase == Phase.DRAINING ? drained(state, otherend) : stay(state);
            case CLOSE -> onClose(state, otherend);
            case FAULT -> onFault(state);
            case REPLACED -> onReplaced(state);
            case REMOVED -> gone(state);
            case RESUMED -> onResumed(state);
            case TIMEOUT -> onTimeout(state);
        };
    }

    private static Step onOtherend(State state, XenbusState otherend) {
        return switch (state.phase()) {
            case INIT ->
                switch (otherend) {
                    case INIT_WAIT -> to(state, Phase.PUBLISHING, Action.PUBLISH);
                    case INITIALISED, CONNECTED ->
                        to(new State(Phase.CLOSING, Then.START), Phase.CLOSING, Action.STATE_CLOSING);
                    case CLOSING -> shut(new State(Phase.INIT, Then.START));
                    default -> stay(state);
                };
            case PUBLISHING ->
                switch (otherend) {
                    case UNKNOWN -> gone(state);
                    case INITIALISING -> again(state);
                    case CLOSING, CLOSED -> shut(state);
                    default -> stay(state);
                };
            case PUBLISHED ->
                switch (otherend) {
                    case UNKNOWN -> gone(state);
                    case INITIALISING -> again(state);
                    case CONNECTED -> to(state, Phase.CONNECTING, Action.CONNECT);
                    case CLOSING, CLOSED -> shut(state);
                    default -> stay(state);
                };
            case CONNECTING ->
                switch (otherend) {
                    case UNKNOWN -> gone(state);
                    case INITIALISING, INIT_WAIT -> again(state);
                    case CLOSING, CLOSED -> shut(state);
                    default -> stay(state);
                };
            case CONNECTED ->
                switch (otherend) {
                    case UNKNOWN -> gone(state);
                    case INITIALISING, INIT_WAIT -> again(state);
                    case CONNECTED -> to(state, Phase.CONNECTED, Action.REFRESH);
                    case CLOSING -> to(state, Phase.DRAINING, Action.DRAIN);
                    case CLOSED -> shut(state);
                    default -> stay(state);
                };
            case DRAINING ->
                switch (otherend) {
                    case UNKNOWN -> gone(state);
                    case INITIALISING, INIT_WAIT -> state.then() == Then.END ? release(state) : again(state);
                    case CLOSED -> shut(state);
                    default -> stay(state);
                };
            case CLOSING ->
                switch (otherend) {
                    case UNKNOWN -> gone(state);
                    case INITIALISING, INIT_WAIT -> release(state);
                    case CLOSING, CLOSED -> shut(state);
                    default -> stay(state);
                };
            case RELEASING ->
                switch (otherend) {
                    case UNKNOWN -> gone(state);
                    case INITIALISING, INIT_WAIT, CLOSED -> release(state);
                    default -> stay(state);
                };
            case CLOSED ->
                switch (otherend) {
                    case UNKNOWN -> gone(state);
                    case INIT_WAIT -> to(START, Phase.INIT, Action.STATE_INITIALISING, Action.LOOK);
                    default -> stay(state);
                };
            case ENDED -> stay(state);
        };
    }

    private static Step drained(State state, XenbusState otherend) {
        if (otherend == XenbusState.CLOSING || otherend == XenbusState.CLOSED) {
            return shut(state);
        }
        return to(state, Phase.CLOSING, Action.STOP, Action.STATE_CLOSING);
    }

    private static Step onClose(State state, XenbusState otherend) {
        State ending = new State(state.phase(), Then.END);
        return switch (state.phase()) {
            case CONNECTED -> to(ending, Phase.DRAINING, Action.DRAIN);
            case DRAINING, CLOSING, RELEASING -> to(ending, state.phase());
            case CLOSED -> to(ending, Phase.ENDED, Action.END);
            case INIT -> to(ending, Phase.ENDED, Action.STOP, Action.RELEASE, Action.STATE_CLOSED, Action.END);
            default -> to(ending, Phase.CLOSING, Action.STOP, Action.STATE_CLOSING, Action.LOOK);
        };
    }

    private static Step onFault(State state) {
        State ending = new State(state.phase(), Then.END);
        return switch (state.phase()) {
            case INIT, PUBLISHING, PUBLISHED, CONNECTING, CONNECTED, DRAINING ->
                to(ending, Phase.CLOSING, Action.STOP, Action.STATE_CLOSING, Action.LOOK);
            case CLOSED -> to(ending, Phase.ENDED, Action.END);
            default -> to(ending, state.phase());
        };
    }

    private static Step onReplaced(State state) {
        if (state.then() == Then.END) {
            return gone(state);
        }
        return to(START, Phase.INIT, Action.STOP, Action.RELEASE, Action.LOOK);
    }

    private static Step onResumed(State state) {
        if (state.then() == Then.END) {
            return to(state, Phase.ENDED, Action.STOP, Action.RELEASE, Action.STATE_CLOSED, Action.END);
        }
        return to(START, Phase.INIT, Action.STOP, Action.RELEASE, Action.STATE_INITIALISING, Action.LOOK);
    }

    private static Step onTimeout(State state) {
        State ending = new State(state.phase(), Then.END);
        return switch (state.phase()) {
            case INIT, PUBLISHING, PUBLISHED, CONNECTING ->
                to(ending, Phase.CLOSING, Action.STOP, Action.STATE_CLOSING, Action.LOOK);
            case DRAINING -> to(state, Phase.CLOSING, Action.STOP, Action.STATE_CLOSING, Action.LOOK);
            case CLOSING -> to(state, Phase.RELEASING, Action.STATE_CLOSED);
            case RELEASING -> release(state);
            case CLOSED -> to(ending, Phase.ENDED, Action.END);
            default -> stay(state);
        };
    }

    private static Step again(State state) {
        return to(state, Phase.INIT, Action.STOP, Action.RELEASE, Action.STATE_INITIALISING, Action.LOOK);
    }

    private static Step shut(State state) {
        return to(state, Phase.RELEASING, Action.STOP, Action.STATE_CLOSED, Action.LOOK);
    }

    private static Step release(State state) {
        return switch (state.then()) {
            case WAIT -> to(state, Phase.CLOSED, Action.STOP, Action.RELEASE, Action.LOOK);
            case START -> to(state, Phase.INIT, Action.STOP, Action.RELEASE, Action.STATE_INITIALISING, Action.LOOK);
            case END -> to(state, Phase.ENDED, Action.STOP, Action.RELEASE, Action.STATE_CLOSED, Action.END);
        };
    }

    private static Step gone(State state) {
        return to(state, Phase.ENDED, Action.STOP, Action.RELEASE, Action.END);
    }

    private static Step stay(State state) {
        return new Step(state, List.of());
    }

    private static Step to(State from, Phase phase, Action... actions) {
        return new Step(new State(phase, from.then()), List.of(actions));
    }
}
