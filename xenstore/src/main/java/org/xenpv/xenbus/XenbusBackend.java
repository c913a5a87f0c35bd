package org.xenpv.xenbus;

import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.Xenstore;
import org.xenpv.xenstore.XenstoreException;
import org.xenpv.xenstore.XenstoreOps;

/**
 * The backend's end of a device on xenbus.
 *
 * <p>Initialising: advertise, then InitWait. Frontend Initialised or Connected, as the device has it: map its rings, Connected. Frontend
 * Closing: Closing. Frontend Closed: unmap, Closed, and wait for it to start again if the toolstack keeps the device
 * online. Frontend Initialising while we are connected: it lost its memory (resume, crash): unmap and InitWait again.
 * Frontend's directory gone: unmap and end. Frontend Reconfiguring: look at its keys again, Reconfigured, and Connected again
 * when it is. A frontend that is Connected without having been in an
 * earlier state since we came is connected to a predecessor: our InitWait makes it begin anew.
 *
 * <p>Owned by the event loop's thread.
 */
public final class XenbusBackend {

    private final XenGuest guest;
    private final String nodename;
    private final BackendDriver driver;
    private final StoreRetry.Owner patience = new Patience();

    private final DeviceDirectory directory;
    private final StoreRetry looking;
    private final StoreRetry reading;
    private final StoreRetry writing;
    private final KeyReader keyReader;

    private XenbusState state = XenbusState.UNKNOWN;
    private String otherendPath;
    private int otherendId = -1;
    private HeldWatch otherendWatch;
    private HeldWatch onlineWatch;
    /** What is being written, until it is. */
    private KeySnapshot.Writer unwritten;

    private XenbusState unwrittenState;
    private int writes;
    /** The frontend had published its rings before we came, and has not begun anew yet. */
    private boolean stale;

    private boolean busy;
    private boolean again;
    private boolean ended;

    /** @param nodename our directory, relative to the domain's, e.g. {@code backend/vbd/1/51712} */
    public XenbusBackend(XenGuest guest, String nodename, BackendDriver driver) {
        this.guest = guest;
        this.nodename = nodename;
        this.driver = driver;
        this.directory = new DeviceDirectory(guest, nodename, "frontend", false);
        this.looking = new StoreRetry(guest, patience);
        this.reading = new StoreRetry(guest, patience);
        this.writing = new StoreRetry(guest, patience);
        this.keyReader = new KeyReader(guest, reading);
    }

    public String nodename() {
        return nodename;
    }

    public XenbusState state() {
        return state;
    }

    public int otherendId() {
        return otherendId;
    }

    public String otherendPath() {
        return otherendPath;
    }

    /** Begins to serve the device. */
    public void start() {
        guest.store()
                .readAll(
                        (found, error) -> {
                            if (ended) {
                                return;
                            }
                            if (error != null) {
                                looking.failed(error, this::start);
                                return;
                            }
                            looking.worked();
                            meet(found[0], found[1]);
                        },
                        nodename + "/frontend",
                        nodename + "/frontend-id");
    }

    private void meet(String frontend, String frontendId) {
        try {
            otherendId = (int) new KeySnapshot(new String[] {"frontend-id"}, new String[] {frontendId}, 0)
                    .number("frontend-id", 0, 0x7fef);
            if (frontend == null || !frontend.startsWith("/local/domain/" + otherendId + "/")) {
                throw new XenConfigException("frontend", frontend, "below /local/domain/" + otherendId + "/");
            }
        } catch (XenConfigException e) {
            end(e);
            return;
        }
        otherendPath = frontend;
        begin();
    }

    private void begin() {
        guest.store().read(otherendPath + "/state", (text, error) -> {
            if (ended) {
                return;
            }
            if (error != null && !StoreRetry.isGone(error)) {
                looking.failed(error, this::begin);
                return;
            }
            looking.worked();
            XenbusState found = XenbusState.parse(text);
            stale = found == XenbusState.INITIALISED || found == XenbusState.CONNECTED;
            advertise();
        });
    }

    /** Announces that {@link BackendDriver#advertise}d values changed while connected: rewrites keys and state. */
    public void announce(KeySnapshot.Writer keys) {
        write(keys, state);
    }

    /** Takes the backend down at once, as if its domain had died: unmaps, writes nothing. */
    public void kill() {
        if (!ended) {
            ended = true;
            cancelAll();
            driver.disconnect();
        }
    }

    /** Takes the device out of service and says why. */
    public void fail(XenException reason) {
        writeError(reason);
        if (ended) {
            return;
        }
        driver.disconnect();
        if (state != XenbusState.CLOSING && state != XenbusState.CLOSED) {
            switchTo(XenbusState.CLOSING);
            watch();
        }
    }

    private void writeError(XenException reason) {
        guest.store()
                .write(
                        "error/" + nodename + "/error",
                        XenConfigException.escape(reason.getMessage()),
                        (ok, error) -> {});
    }

    /** How long xenstore's failures are borne. There are no deadlines here: a frontend may come any time. */
    private final class Patience implements StoreRetry.Owner {

        @Override
        public boolean inService() {
            return directory.written() == XenbusState.CONNECTED;
        }

        @Override
        public boolean hasDeadline() {
            return false;
        }

        @Override
        public void gaveUp(XenException error) {
            if (!ended) {
                writeError(error);
                end(error);
            }
        }
    }

    /** Has the driver do something that can fail; whatever it throws takes the device out of service. */
    private boolean succeeds(Runnable step) {
        try {
            step.run();
            return true;
        } catch (XenException e) {
            fail(e);
        } catch (RuntimeException | Error thrown) {
            fail(new XenException(
                    nodename + ": the driver threw " + thrown.getClass().getName(), thrown));
            if (thrown instanceof Error) {
                guest.loop().report(nodename, thrown);
            }
        }
        return false;
    }

    private void advertise() {
        readKeys(nodename, driver.backendKeys(), keys -> {
            KeySnapshot.Writer writer = new KeySnapshot.Writer();
            if (!succeeds(() -> driver.advertise(otherendId, keys, writer))) {
                return;
            }
            state = XenbusState.INIT_WAIT;
            write(writer, state);
            watch();
        });
    }

    private void watch() {
        if (otherendWatch == null && otherendPath != null) {
            otherendWatch = new HeldWatch(guest, otherendPath + "/state", patience, this::otherendWrote).register();
            onlineWatch = new HeldWatch(guest, nodename + "/online", patience, this::look).register();
        }
    }

    /**
     * A frontend that is left from before us does not write its state: what was written after our InitWait stood there was written
     * by one that begins anew, even if its state is the same again by the time we look.
     */
    private void otherendWrote() {
        if (unwritten == null) {
            stale = false;
        }
        look();
    }

    private void look() {
        if (ended || looking.isPending()) {
            return;
        }
        if (busy) {
            again = true;
            return;
        }
        busy = true;
        again = false;
        guest.store()
                .readAll(
                        (found, error) -> {
                            busy = false;
                            if (ended) {
                                return;
                            }
                            if (error != null && !StoreRetry.isGone(error)) {
                                looking.failed(error, this::look);
                                return;
                            }
                            looking.worked();
                            if (error != null) {
                                // A frontend's directory that is gone, or has become somebody else's, can show as
                                // EACCES.
                                otherend(XenbusState.UNKNOWN, true);
                                return;
                            }
                            otherend(XenbusState.parse(found[0]), "0".equals(found[1]) || found[2] == null);
                            if (again && !ended) {
                                look();
                            }
                        },
                        otherendPath + "/state",
                        nodename + "/online",
                        nodename + "/state");
    }

    private void otherend(XenbusState otherend, boolean offline) {
        if (otherend != XenbusState.INITIALISED && otherend != XenbusState.CONNECTED) {
            stale = false;
        }
        switch (otherend) {
            case INITIALISING -> {
                if (isConnected() || state == XenbusState.CLOSING || state == XenbusState.CLOSED) {
                    if (state == XenbusState.CLOSED && offline) {
                        end(null);
                        return;
                    }
                    driver.disconnect();
                    advertise();
                }
            }
            case INITIALISED, CONNECTED -> {
                boolean before = stale && otherend == XenbusState.CONNECTED;
                if (state == XenbusState.INIT_WAIT && driver.isPublished(otherend) && !before) {
                    connect();
                } else if (isConnected() && offline) {
                    switchTo(XenbusState.CLOSING);
                } else if (state == XenbusState.RECONFIGURED && otherend == XenbusState.CONNECTED) {
                    reconfigure(XenbusState.CONNECTED);
                }
            }
            case RECONFIGURING -> {
                if (state == XenbusState.CONNECTED) {
                    reconfigure(XenbusState.RECONFIGURED);
                }
            }
            case CLOSING -> {
                if (state != XenbusState.CLOSING && state != XenbusState.CLOSED) {
                    switchTo(XenbusState.CLOSING);
                }
            }
            case CLOSED -> {
                driver.disconnect();
                if (offline) {
                    if (state != XenbusState.CLOSED || unwritten != null) {
                        sayClosed(true);
                    }
                    end(null);
                } else if (state != XenbusState.CLOSED) {
                    switchTo(XenbusState.CLOSED);
                }
            }
            case UNKNOWN -> {
                driver.disconnect();
                sayClosed(false);
                end(null);
            }
            default -> {}
        }
    }

    private void connect() {
        readKeys(otherendPath, driver.frontendKeys(), keys -> {
            if (state != XenbusState.INIT_WAIT) {
                return;
            }
            KeySnapshot.Writer writer = new KeySnapshot.Writer();
            if (!succeeds(() -> driver.connect(otherendId, keys, writer))) {
                return;
            }
            state = XenbusState.CONNECTED;
            write(writer, state);
        });
    }

    /** Connected, or connected and reconfigured and not told Connected again. */
    private boolean isConnected() {
        return state == XenbusState.CONNECTED || state == XenbusState.RECONFIGURED;
    }

    /** Linux's network frontend writes its key after Reconfiguring, so that it is looked at again at the end. */
    private void reconfigure(XenbusState next) {
        readKeys(otherendPath, driver.frontendKeys(), keys -> {
            if (!isConnected()) {
                return;
            }
            try {
                driver.reconfigured(otherendId, keys);
            } catch (XenException e) {
                fail(e);
                return;
            }
            switchTo(next);
        });
    }

    private interface Keys {
        void read(KeySnapshot keys);
    }

    private void readKeys(String below, String[] names, Keys then) {
        String[] paths = new String[names.length];
        for (int i = 0; i < names.length; i++) {
            paths[i] = below + "/" + names[i];
        }
        busy = true; // until they have been read, however often that is tried: the look comes after
        keyReader.read(paths, () -> !ended, found -> {
            busy = false;
            then.read(new KeySnapshot(names, found, 0));
            if (again && !ended) {
                look();
            }
        });
    }

    private void switchTo(XenbusState next) {
        state = next;
        write(new KeySnapshot.Writer(), next);
    }

    /**
     * The last word. The toolstack that has asked us to close waits for it; otherwise the directory may be our successor's:
     * it is left alone if the frontend went without a word, or if it is not certain any more that it is ours.
     *
     * @param agreed whether the frontend is closed
     */
    private void sayClosed(boolean agreed) {
        String path = nodename + "/state";
        guest.store()
                .transaction(
                        new Xenstore.TransactionBody<Void>() {
                            private boolean certain = agreed;

                            @Override
                            public void run(XenstoreOps tx, Result<Void> end) {
                                tx.read(path, (found, error) -> {
                                    if (error == null && (certain || XenbusState.parse(found) == XenbusState.CLOSING)) {
                                        tx.write(path, Integer.toString(XenbusState.CLOSED.value()), end);
                                    } else {
                                        end.accept(null, error);
                                    }
                                });
                            }

                            @Override
                            public boolean again() {
                                certain = false;
                                return true;
                            }
                        },
                        (ok, error) -> {});
    }

    /**
     * Writes keys and state together, unless the toolstack has removed the directory. What was to be written before and is
     * not yet goes with it; the newest state counts.
     */
    private void write(KeySnapshot.Writer keys, XenbusState next) {
        unwritten = unwritten == null ? keys : unwritten.and(keys);
        unwrittenState = next;
        writing.cancel();
        write(false);
    }

    private void write(boolean tried) {
        int now = ++writes;
        KeySnapshot.Writer keys = unwritten;
        directory.write(otherendPath, keys, unwrittenState, tried, again -> !ended && now == writes, (ok, error) -> {
            if (ended || now != writes) {
                return;
            }
            if (error == null) {
                unwritten = null;
                writing.worked();
            } else if (error instanceof XenstoreException refused && refused.is("ENOENT")) {
                end(null);
            } else {
                writing.failed(error, () -> write(true));
            }
        });
    }

    private void end(XenException reason) {
        if (!ended) {
            ended = true;
            cancelAll();
            driver.disconnect();
            driver.removed(reason);
        }
    }

    private void cancelAll() {
        looking.cancel();
        reading.cancel();
        writing.cancel();
        if (otherendWatch != null) {
            otherendWatch.cancel();
            onlineWatch.cancel();
        }
    }
}
