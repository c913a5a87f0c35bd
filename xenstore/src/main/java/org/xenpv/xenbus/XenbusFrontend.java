package org.xenpv.xenbus;

import java.util.ArrayDeque;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.xenbus.FrontendStateMachine.Action;
import org.xenpv.xenbus.FrontendStateMachine.Input;
import org.xenpv.xenbus.FrontendStateMachine.Phase;
import org.xenpv.xenbus.FrontendStateMachine.State;
import org.xenpv.xenbus.FrontendStateMachine.Step;
import org.xenpv.xenbus.FrontendStateMachine.Then;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.XenstoreException;
import org.xenpv.xenstore.XenstoreOps;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * The frontend's end of a device on xenbus: runs {@link FrontendStateMachine} for a {@link FrontendDriver}, carrying out
 * its actions over xenstore, with a deadline on every wait.
 *
 * <p>Owned by the event loop's thread.
 */
public final class XenbusFrontend implements Lifecycle {

    /** How often a backend may come and go before it is refused. */
    private static final int RESTARTS_MAX = 64;

    /** A connection that has held for so many times the deadline of a phase makes what came before it forgotten. */
    private static final int RESTARTS_FORGOTTEN = 6;

    /** The first connection may take so many times the deadline of a phase, all attempts together. */
    private static final int CONNECT_PHASES = 4;

    private final XenGuest guest;
    private final String nodename;
    private final FrontendDriver driver;
    private final long phaseNs;

    private State state = FrontendStateMachine.START;
    private String otherendPath;
    private int otherendId = -1;
    private XenbusState otherend = XenbusState.UNKNOWN;
    private XenException reason;
    private int restarts;

    private XenstoreWatch otherendWatch;
    private XenstoreWatch deviceWatch;
    private EventLoop.Timer deadline;
    private boolean looking;
    private boolean lookAgain;
    private boolean started;
    private long startedNs;
    private boolean everConnected;
    private long connectedNs;
    private boolean stepping;
    private final ArrayDeque<Input> waiting = new ArrayDeque<>();
    private boolean resuming;
    /** Counts connections: an answer to a question of an earlier one is dropped. */
    private int generation;

    /**
     * @param nodename the device's directory, relative to the domain's, e.g. {@code device/vbd/51712}
     * @param phaseNs how long any step of the handshake may take
     */
    public XenbusFrontend(XenGuest guest, String nodename, FrontendDriver driver, long phaseNs) {
        if (nodename.isEmpty() || nodename.startsWith("/") || nodename.endsWith("/")) {
            throw new IllegalArgumentException("nodename=\"" + nodename + "\", must be like device/vbd/51712");
        }
        if (phaseNs <= 0) {
            throw new IllegalArgumentException("phaseNs=" + phaseNs + ", must be positive");
        }
        this.guest = guest;
        this.nodename = nodename;
        this.driver = driver;
        this.phaseNs = phaseNs;
    }

    public String nodename() {
        return nodename;
    }

    public Phase phase() {
        return state.phase();
    }

    /** Whether what goes on is because the domain is back from a suspend. */
    public boolean isResuming() {
        return resuming;
    }

    /** The domain that serves this device; -1 before it is known. */
    public int otherendId() {
        return otherendId;
    }

    /** Where the backend keeps its keys, e.g. {@code /local/domain/0/backend/vbd/1/51712}; null before it is known. */
    public String otherendPath() {
        return otherendPath;
    }

    /** Begins the handshake. */
    public void start() {
        if (started) {
            throw new IllegalStateException(nodename + " has been started");
        }
        if (state.phase() == Phase.ENDED) {
            throw new IllegalStateException(nodename + " has been closed");
        }
        started = true;
        startedNs = guest.clock().nanoTime();
        guest.addLifecycle(this);
        armDeadline();
        deviceWatch = guest.store().watch(nodename + "/backend", changed -> look());
        perform(Action.STATE_INITIALISING);
    }

    /** Closes the device in an orderly way; {@link FrontendDriver#ended} tells when it is done. Idempotent. */
    public void close() {
        input(Input.CLOSE);
    }

    /** BROKEN: the driver found that the backend violates the protocol, or that the device cannot be used. */
    public void fail(XenException cause) {
        because(cause);
        input(Input.FAULT);
    }

    /** The first reason counts. */
    private void because(XenException cause) {
        if (reason == null) {
            reason = cause;
            writeError(cause);
            driver.failed(cause);
        }
    }

    @Override
    public void beforeSuspend() {}

    @Override
    public void afterResume(boolean cancelled) {
        if (!cancelled) {
            forgetOtherend();
            resuming = true;
            input(Input.RESUMED);
            resuming = false;
        }
    }

    /** What we knew of the backend is of another life: the toolstack of this host has attached the device anew. */
    private void forgetOtherend() {
        otherendPath = null;
        otherendId = -1;
        otherend = XenbusState.UNKNOWN;
        if (otherendWatch != null) {
            otherendWatch.cancel();
            otherendWatch = null;
        }
    }

    /** One step at a time: what an action feeds back waits until the step's other actions are done. */
    private void input(Input input) {
        waiting.add(input);
        if (stepping) {
            return;
        }
        stepping = true;
        while (!waiting.isEmpty()) {
            step(waiting.remove());
        }
        stepping = false;
    }

    private void step(Input input) {
        Phase before = state.phase();
        Step step = FrontendStateMachine.step(state, input, otherend);
        state = step.next();
        if (before != state.phase()) {
            armDeadline();
        }
        if (state.phase() == Phase.CONNECTED && before != Phase.CONNECTED) {
            everConnected = true;
            connectedNs = guest.clock().nanoTime();
        }
        for (Action action : step.actions()) {
            try {
                perform(action);
            } catch (RuntimeException e) {
                guest.loop().report(nodename, e); // whatever one action runs into, the others are done
            }
        }
    }

    private void perform(Action action) {
        switch (action) {
            case PUBLISH -> publish();
            case CONNECT -> connect(false);
            case REFRESH -> connect(true);
            case DRAIN -> {
                int now = generation;
                driver.drain(() -> {
                    if (now == generation) {
                        input(Input.DRAINED);
                    }
                });
            }
            case STOP -> {
                generation++;
                driver.stop();
            }
            case RELEASE -> driver.release(resuming);
            case STATE_INITIALISING -> {
                if (resuming
                        || everConnected && guest.clock().nanoTime() - connectedNs > RESTARTS_FORGOTTEN * phaseNs) {
                    restarts = 0;
                }
                if (++restarts > RESTARTS_MAX) {
                    fail(new XenProtocolException(
                            PeerFault.ILLEGAL_STATE_CHANGE,
                            nodename + ": the backend came and went " + restarts + " times, limit " + RESTARTS_MAX));
                } else {
                    writeState(XenbusState.INITIALISING);
                }
            }
            case STATE_CLOSING -> writeState(XenbusState.CLOSING);
            case STATE_CLOSED -> writeState(XenbusState.CLOSED);
            case LOOK -> look();
            case END -> end();
        }
    }

    private void end() {
        guest.removeLifecycle(this);
        if (deadline != null) {
            deadline.cancel();
        }
        if (otherendWatch != null) {
            otherendWatch.cancel();
        }
        if (deviceWatch != null) {
            deviceWatch.cancel();
        }
        if (reason == null && state.then() != Then.END) {
            reason = new XenPeerGoneException(nodename + ": the device is gone");
        }
        driver.ended(reason);
    }

    private void armDeadline() {
        if (deadline != null) {
            deadline.cancel();
            deadline = null;
        }
        Phase phase = state.phase();
        if (phase == Phase.CONNECTED || phase == Phase.CLOSED && everConnected || phase == Phase.ENDED) {
            return;
        }
        boolean connecting = phase.compareTo(Phase.DRAINING) < 0 || phase == Phase.CLOSED;
        long at = guest.clock().nanoTime() + phaseNs;
        if (connecting && !everConnected) {
            // However often the backend begins anew, whoever waits for the first connection is answered.
            at = Math.min(at, startedNs + CONNECT_PHASES * phaseNs);
        }
        deadline = guest.loop().at(at, () -> {
            if (connecting) {
                because(new XenTimeoutException(nodename + ": no progress in phase " + phase + " for "
                        + phaseNs / 1_000_000 + " ms, backend " + otherendPath + " is " + otherend));
            }
            input(Input.TIMEOUT);
        });
    }

    /** Reads who the backend is and how it is, and feeds it to the machine. One look at a time. */
    private void look() {
        if (looking) {
            lookAgain = true;
            return;
        }
        looking = true;
        lookAgain = false;
        guest.store()
                .readAll(
                        (found, error) -> {
                            if (error != null) {
                                looked(() -> fail(error));
                            } else {
                                lookAtOtherend(found[0], found[1], XenbusState.parse(found[2]));
                            }
                        },
                        nodename + "/backend",
                        nodename + "/backend-id",
                        nodename + "/state");
    }

    private void lookAtOtherend(String backend, String backendId, XenbusState own) {
        if (backend == null || !backend.equals(otherendPath)) {
            looked(() -> adopt(backend, backendId));
            return;
        }
        guest.store().read(otherendPath + "/state", (text, error) -> {
            if (error == null) {
                foundOtherend(backend, XenbusState.parse(text), own);
            } else if (isGone(error)) {
                missedOtherend(backend, own);
            } else {
                looked(() -> fail(error));
            }
        });
    }

    /** The backend's node is gone: for good, or because another took its place after we had looked who it is. */
    private void missedOtherend(String backend, XenbusState own) {
        guest.store().read(nodename + "/backend", (path, error) -> {
            if (error == null && !path.equals(backend)) {
                lookAgain = true;
                looked(() -> {});
            } else {
                foundOtherend(backend, XenbusState.UNKNOWN, own);
            }
        });
    }

    private void foundOtherend(String backend, XenbusState found, XenbusState own) {
        looked(() -> {
            if (!backend.equals(otherendPath)) {
                return; // resumed meanwhile: another look is on its way
            }
            otherend = found;
            Phase phase = state.phase();
            boolean reset = own == XenbusState.INITIALISING
                    && (phase == Phase.CONNECTED || phase == Phase.DRAINING)
                    && state.then() != Then.END;
            input(reset ? Input.REPLACED : Input.OTHEREND);
        });
    }

    /** A node that does not exist, or that has become somebody else's. */
    private static boolean isGone(XenException error) {
        return error instanceof XenstoreException refused && (refused.is("ENOENT") || refused.is("EACCES"));
    }

    private void looked(Runnable conclusion) {
        looking = false;
        if (state.phase() != Phase.ENDED) {
            conclusion.run();
        }
        if (lookAgain && state.phase() != Phase.ENDED) {
            look();
        }
    }

    /** A backend we did not know: the first, one that the toolstack put in the place of another, or none any more. */
    private void adopt(String backend, String backendId) {
        if (backend == null) {
            if (otherendPath != null) {
                input(Input.REMOVED);
            }
            return; // not created yet: the deadline is running
        }
        boolean replaced = otherendPath != null;
        int id;
        try {
            id = (int) new KeySnapshot(new String[] {"backend-id"}, new String[] {backendId}, 0)
                    .number("backend-id", 0, 0x7fef);
            if (!backend.startsWith("/local/domain/" + id + "/backend/")) {
                throw new XenConfigException("backend", backend, "below /local/domain/" + id + "/backend/");
            }
        } catch (XenConfigException e) {
            fail(e);
            return;
        }
        otherendPath = backend;
        otherendId = id;
        otherend = XenbusState.UNKNOWN;
        if (otherendWatch != null) {
            otherendWatch.cancel();
        }
        if (replaced) {
            input(Input.REPLACED);
            if (state.phase() == Phase.ENDED) {
                return;
            }
        }
        otherendWatch = guest.store().watch(otherendPath + "/state", changed -> look());
    }

    private void publish() {
        int now = ++generation;
        String known = otherendPath;
        snapshot(driver.backendKeys(), driver.frontendKeys(), (backend, frontend) -> {
            KeySnapshot.Writer writer = new KeySnapshot.Writer();
            try {
                driver.publish(otherendId, backend, frontend, writer);
            } catch (XenException e) {
                fail(e);
                return;
            }
            guest.store()
                    .<Void>transaction(
                            (tx, done) -> ifStillOurs(
                                    known, tx, done, () -> writer.write(tx, nodename, XenbusState.INITIALISED, done)),
                            (ok, error) -> {
                                if (now != generation) {
                                    return;
                                }
                                if (error == null) {
                                    input(Input.PUBLISHED);
                                } else if (isGone(error)) {
                                    look();
                                } else {
                                    fail(error);
                                }
                            });
        });
    }

    /**
     * Goes on with a transaction if the device still has the backend we knew when it was begun. A toolstack that removes our directory, or
     * makes it anew for another backend, must not find there what we write late.
     */
    private void ifStillOurs(String known, XenstoreOps tx, Result<Void> done, Runnable write) {
        tx.read(nodename + "/backend", (backend, error) -> {
            if (error == null && known != null && !backend.equals(known)) {
                done.accept(null, new XenstoreException("ENOENT", "device of " + known));
            } else if (error != null) {
                done.accept(null, error);
            } else {
                write.run();
            }
        });
    }

    private void connect(boolean again) {
        snapshot(driver.backendKeys(), new String[0], (backend, none) -> {
            try {
                if (again) {
                    driver.refresh(backend);
                } else {
                    driver.connected(backend);
                    if (state.phase() == Phase.CONNECTING) { // else it has been closed or has failed in there
                        writeState(XenbusState.CONNECTED);
                        input(Input.CONNECTED_OK);
                    }
                }
            } catch (XenException e) {
                fail(e);
            }
        });
    }

    private interface Snapshot {
        void taken(KeySnapshot backend, KeySnapshot frontend);
    }

    /** Reads all keys at one moment: a backend that rewrites them cannot show a mixture. */
    private void snapshot(String[] backendKeys, String[] frontendKeys, Snapshot snapshot) {
        int now = generation;
        String[] paths = new String[backendKeys.length + frontendKeys.length];
        for (int i = 0; i < backendKeys.length; i++) {
            paths[i] = otherendPath + "/" + backendKeys[i];
        }
        for (int i = 0; i < frontendKeys.length; i++) {
            paths[backendKeys.length + i] = nodename + "/" + frontendKeys[i];
        }
        guest.store().<String[]>transaction((tx, done) -> tx.readAll(done, paths), (found, error) -> {
            if (now != generation || state.phase() == Phase.ENDED) {
                return;
            }
            if (error != null) {
                fail(error);
                return;
            }
            snapshot.taken(
                    new KeySnapshot(backendKeys, found, 0), new KeySnapshot(frontendKeys, found, backendKeys.length));
        });
    }

    private void writeState(XenbusState value) {
        String known = otherendPath;
        guest.store()
                .<Void>transaction(
                        (tx, done) -> ifStillOurs(
                                known,
                                tx,
                                done,
                                () -> tx.write(nodename + "/state", Integer.toString(value.value()), done)),
                        (ok, error) -> {
                            if (error != null && !isGone(error) && state.phase() != Phase.ENDED) {
                                fail(error);
                            } else {
                                look();
                            }
                        });
    }

    private void writeError(XenException cause) {
        String text = XenConfigException.escape(cause.getMessage());
        guest.store().write("error/" + nodename + "/error", text, (ok, error) -> {});
    }
}
