package org.xenpv.xenbus;

import java.util.ArrayDeque;
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

/**
 * The frontend's end of a device on xenbus: runs {@link FrontendStateMachine} for a {@link FrontendDriver}, carrying out
 * its actions over xenstore, with a deadline on every wait.
 *
 * <p>What xenstore does not do is tried again ({@link StoreRetry}). Whatever the driver throws from {@link
 * FrontendDriver#publish}, {@link FrontendDriver#connected} or {@link FrontendDriver#refresh} fails the device.
 *
 * <p>Owned by the event loop's thread.
 */
public final class XenbusFrontend implements Lifecycle {

    /** How often a backend may come and go before it is refused. */
    private static final int RESTARTS_MAX = 64;

    private final XenGuest guest;
    private final String nodename;
    private final FrontendDriver driver;
    private final long phaseNs;
    private final PhaseDeadlines deadlines;
    private final Otherend otherend;
    private final DeviceDirectory directory;
    private final StoreRetry reading;
    private final StoreRetry writing;
    private final KeyReader keyReader;

    private State state = FrontendStateMachine.START;
    /** The backend's state as last read. */
    private XenbusState otherendState = XenbusState.UNKNOWN;

    private XenException reason;
    private int restarts;
    private boolean started;
    private boolean stepping;
    private final ArrayDeque<Input> waiting = new ArrayDeque<>();
    private boolean resuming;
    /** Counts connections: an answer to a question of an earlier one is dropped. */
    private int generation;
    /** Counts our directory's lives: nothing that was meant for an earlier one is written. */
    private int life;

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
        this.deadlines = new PhaseDeadlines(guest, phaseNs);
        Listening listening = new Listening();
        this.otherend = new Otherend(guest, nodename, listening);
        this.directory = new DeviceDirectory(guest, nodename, "backend", true);
        this.reading = new StoreRetry(guest, listening);
        this.writing = new StoreRetry(guest, listening);
        this.keyReader = new KeyReader(guest, reading);
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
        return otherend.id();
    }

    /** Where the backend keeps its keys, e.g. {@code /local/domain/0/backend/vbd/1/51712}; null before it is known. */
    public String otherendPath() {
        return otherend.path();
    }

    /** Begins the handshake; ends at once if something else in this domain drives the device. */
    public void start() {
        if (started) {
            throw new IllegalStateException(nodename + " has been started");
        }
        if (hasEnded()) {
            throw new IllegalStateException(nodename + " has been closed");
        }
        started = true;
        try {
            guest.claim(nodename);
        } catch (XenException taken) {
            reason = taken; // of a device that somebody else drives nothing is touched
            state = new State(Phase.ENDED, Then.END);
            driver.ended(taken);
            return;
        }
        otherend.watch();
        guest.addLifecycle(this);
        deadlines.started();
        armDeadline();
        perform(Action.STATE_INITIALISING, state.phase());
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
            String text = XenConfigException.escape(cause.getMessage());
            guest.store().write("error/" + nodename + "/error", text, (ok, error) -> {});
            try {
                driver.failed(cause);
            } catch (RuntimeException | Error thrown) {
                guest.loop().report(nodename, thrown);
            }
        }
    }

    /** Whatever came out of something that the device needs is why it fails. */
    private void failed(String doing, Throwable thrown) {
        if (thrown instanceof XenException known) {
            fail(known);
            return;
        }
        fail(new XenException(
                nodename + ": " + doing + " threw " + thrown.getClass().getName(), thrown));
        if (thrown instanceof Error) {
            guest.loop().report(nodename, thrown);
        }
    }

    private boolean hasEnded() {
        return state.phase() == Phase.ENDED;
    }

    @Override
    public void beforeSuspend() {}

    @Override
    public void afterResume(boolean cancelled) {
        if (!cancelled) {
            otherend.forget();
            otherendState = XenbusState.UNKNOWN;
            resuming = true;
            input(Input.RESUMED);
            resuming = false;
        }
    }

    /** What the looks at the other end, and what is tried over xenstore, tell us. */
    private final class Listening implements Otherend.Listener {

        @Override
        public XenbusState written() {
            return directory.written();
        }

        @Override
        public void replaced() {
            otherendState = XenbusState.UNKNOWN;
            input(Input.REPLACED);
        }

        @Override
        public void removed() {
            input(Input.REMOVED);
        }

        @Override
        public void found(XenbusState found, boolean reset) {
            otherendState = found;
            input(reset && state.then() != Then.END ? Input.REPLACED : Input.OTHEREND);
        }

        @Override
        public void refused(String doing, Throwable thrown) {
            failed(doing, thrown);
        }

        @Override
        public boolean hasEnded() {
            return XenbusFrontend.this.hasEnded();
        }

        /** Closing goes on by deadlines alone, so nothing is lost by trying again. */
        @Override
        public boolean inService() {
            return !deadlines.isConnecting(state.phase());
        }

        @Override
        public boolean hasDeadline() {
            return deadlines.isRunning();
        }

        /** With a dead connection we neither hear of the backend nor can tell it anything: there is nothing to wait for. */
        @Override
        public void gaveUp(XenException error) {
            if (XenbusFrontend.this.hasEnded()) {
                return;
            }
            if (guest.store().isDead()) {
                because(error);
                input(Input.REMOVED);
            } else {
                fail(error);
            }
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
        Step step = FrontendStateMachine.step(state, input, otherendState);
        state = step.next();
        if (before != state.phase()) {
            reading.cancel();
            armDeadline();
        }
        if (input == Input.REPLACED || input == Input.RESUMED || input == Input.REMOVED) {
            life++;
            directory.forget();
        }
        if (state.phase() == Phase.CONNECTED && before != Phase.CONNECTED) {
            deadlines.connected();
        }
        for (Action action : step.actions()) {
            try {
                perform(action, before);
            } catch (RuntimeException | Error thrown) {
                // Whatever one action runs into, the others are done.
                if (action == Action.PUBLISH || action == Action.CONNECT || action == Action.REFRESH) {
                    failed("the driver", thrown);
                } else {
                    guest.loop().report(nodename, thrown);
                }
            }
        }
    }

    private void perform(Action action, Phase before) {
        switch (action) {
            case PUBLISH -> publish();
            case CONNECT -> connect();
            case REFRESH -> snapshot(new String[0], (backend, none) -> driver.refresh(backend));
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
            case STATE_INITIALISING -> initialise();
            case STATE_CLOSING -> writeState(XenbusState.CLOSING);
            case STATE_CLOSED -> {
                // Closed stands there, or is being written, if we come from Releasing.
                if (before != Phase.RELEASING || !hasEnded() || resuming) {
                    writeState(XenbusState.CLOSED);
                }
            }
            case LOOK -> otherend.look();
            case END -> end();
        }
    }

    private void initialise() {
        if (resuming || deadlines.hasHeldLong()) {
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

    private void end() {
        guest.removeLifecycle(this);
        deadlines.cancel();
        otherend.close();
        writing.cancel();
        if (reason == null && state.then() != Then.END) {
            reason = new XenPeerGoneException(nodename + ": the device is gone");
        }
        driver.ended(reason);
    }

    private void armDeadline() {
        Phase phase = state.phase();
        boolean connecting = deadlines.isConnecting(phase);
        deadlines.arm(state, () -> {
            if (connecting) {
                because(noProgress(phase));
            }
            input(Input.TIMEOUT);
        });
    }

    private XenTimeoutException noProgress(Phase phase) {
        String message = otherend.path() == null
                ? nodename
                        + ": xenstore names no backend; attach the device first (xl block-attach, xl network-attach), if that is its number"
                : nodename + ": no progress in phase " + phase + " for " + phaseNs / 1_000_000 + " ms, backend "
                        + otherend.path() + " is " + otherendState;
        XenException trouble = otherend.trouble();
        if (trouble == null) {
            trouble = reading.trouble() != null ? reading.trouble() : writing.trouble();
        }
        return new XenTimeoutException(trouble == null ? message : message + "; " + trouble.getMessage());
    }

    private void publish() {
        int now = ++generation;
        snapshot(driver.frontendKeys(), (backend, frontend) -> {
            KeySnapshot.Writer keys = new KeySnapshot.Writer();
            driver.publish(otherend.id(), backend, frontend, keys);
            write(keys, driver.publishedState(), false, tried -> now == generation, () -> input(Input.PUBLISHED));
        });
    }

    private void connect() {
        snapshot(new String[0], (backend, none) -> {
            driver.connected(backend);
            if (state.phase() == Phase.CONNECTING) { // else it has been closed or has failed in there
                input(Input.CONNECTED_OK);
                if (driver.publishedState() != XenbusState.CONNECTED) {
                    writeState(XenbusState.CONNECTED);
                }
            }
        });
    }

    private interface Snapshot {
        void taken(KeySnapshot backend, KeySnapshot frontend);
    }

    private void snapshot(String[] frontendKeys, Snapshot snapshot) {
        int now = generation;
        String[] backendKeys = driver.backendKeys();
        String[] paths = new String[backendKeys.length + frontendKeys.length];
        for (int i = 0; i < backendKeys.length; i++) {
            paths[i] = otherend.path() + "/" + backendKeys[i];
        }
        for (int i = 0; i < frontendKeys.length; i++) {
            paths[backendKeys.length + i] = nodename + "/" + frontendKeys[i];
        }
        keyReader.read(paths, () -> now == generation && !hasEnded(), found -> {
            try {
                snapshot.taken(
                        new KeySnapshot(backendKeys, found, 0),
                        new KeySnapshot(frontendKeys, found, backendKeys.length));
            } catch (RuntimeException | Error thrown) {
                failed("the driver", thrown);
            }
        });
    }

    /**
     * Writes what stands in our {@code state} while the machine is where it is. After the end that is tried once: what
     * conflicts then may be the toolstack, which makes the device anew.
     */
    private void writeState(XenbusState value) {
        int now = life;
        KeySnapshot.Writer keys = new KeySnapshot.Writer();
        if (value == XenbusState.INITIALISING) {
            driver.begin(keys);
        }
        write(
                keys,
                value,
                false,
                tried -> now == life && state.phase().ownState() == value && !(tried && hasEnded()),
                otherend::look);
    }

    private void write(
            KeySnapshot.Writer keys,
            XenbusState value,
            boolean tried,
            DeviceDirectory.Purpose purpose,
            Runnable written) {
        if (!tried) {
            writing.cancel();
        }
        directory.write(otherend.path(), keys, value, tried, purpose, (ok, error) -> {
            if (hasEnded() || !purpose.stands(true)) {
                return;
            }
            if (error == null) {
                writing.worked();
                written.run();
            } else if (StoreRetry.isGone(error)) {
                otherend.look();
            } else {
                writing.failed(error, () -> write(keys, value, true, purpose, written));
            }
        });
    }
}
