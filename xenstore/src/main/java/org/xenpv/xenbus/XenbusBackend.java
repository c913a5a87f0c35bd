package org.xenpv.xenbus;

import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.xenstore.XenstoreException;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * The backend's end of a device on xenbus.
 *
 * <p>Initialising: advertise, then InitWait. Frontend Initialised or Connected: map its rings, Connected. Frontend
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

    private XenbusState state = XenbusState.UNKNOWN;
    private String otherendPath;
    private int otherendId = -1;
    private XenstoreWatch otherendWatch;
    private XenstoreWatch onlineWatch;
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
        snapshotOwn("frontend", "frontend-id", (frontend, frontendId) -> {
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
            guest.store().read(otherendPath + "/state", (text, error) -> {
                if (!ended) {
                    XenbusState found = XenbusState.parse(text);
                    stale = found == XenbusState.INITIALISED || found == XenbusState.CONNECTED;
                    advertise();
                }
            });
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
            cancelWatches();
            driver.disconnect();
        }
    }

    /** Takes the device out of service and says why. */
    public void fail(XenException reason) {
        guest.store()
                .write(
                        "error/" + nodename + "/error",
                        XenConfigException.escape(reason.getMessage()),
                        (ok, error) -> {});
        if (!ended && state != XenbusState.CLOSING && state != XenbusState.CLOSED) {
            driver.disconnect();
            switchTo(XenbusState.CLOSING);
            watch();
        }
    }

    private interface Pair {
        void read(String first, String second);
    }

    private void snapshotOwn(String first, String second, Pair pair) {
        guest.store()
                .readAll(
                        (found, error) -> {
                            if (ended) {
                                return;
                            }
                            if (error != null) {
                                end(error);
                            } else {
                                pair.read(found[0], found[1]);
                            }
                        },
                        nodename + "/" + first,
                        nodename + "/" + second);
    }

    private void advertise() {
        readKeys(nodename, driver.backendKeys(), keys -> {
            KeySnapshot.Writer writer = new KeySnapshot.Writer();
            try {
                driver.advertise(otherendId, keys, writer);
            } catch (XenException e) {
                fail(e);
                return;
            }
            state = XenbusState.INIT_WAIT;
            write(writer, state);
            watch();
        });
    }

    private void watch() {
        if (otherendWatch == null && otherendPath != null) {
            otherendWatch = guest.store().watch(otherendPath + "/state", changed -> look());
            onlineWatch = guest.store().watch(nodename + "/online", changed -> look());
        }
    }

    private void look() {
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
                            if (error != null) {
                                lost(error);
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

    /** A frontend's directory that is gone, or has become somebody else's, can show as EACCES. */
    private void lost(XenException error) {
        if (error instanceof XenstoreException refused && (refused.is("EACCES") || refused.is("ENOENT"))) {
            otherend(XenbusState.UNKNOWN, true);
        } else {
            end(error);
        }
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
                if (state == XenbusState.INIT_WAIT && !(stale && otherend == XenbusState.CONNECTED)) {
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
                if (state != XenbusState.CLOSED) {
                    switchTo(XenbusState.CLOSED);
                }
                if (offline) {
                    end(null);
                }
            }
            case UNKNOWN -> {
                driver.disconnect();
                sayClosed();
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
            try {
                driver.connect(otherendId, keys, writer);
            } catch (XenException e) {
                fail(e);
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

    private void readKeys(String directory, String[] names, Keys then) {
        String[] paths = new String[names.length];
        for (int i = 0; i < names.length; i++) {
            paths[i] = directory + "/" + names[i];
        }
        busy = true;
        guest.store().<String[]>transaction((tx, done) -> tx.readAll(done, paths), (found, error) -> {
            busy = false;
            if (ended) {
                return;
            }
            if (error != null) {
                end(error);
                return;
            }
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
     * The frontend went without a word. If the toolstack has asked us to close, it waits for our Closed; otherwise the
     * directory is left alone, for it may be our successor's.
     */
    private void sayClosed() {
        String path = nodename + "/state";
        guest.store()
                .<Void>transaction(
                        (tx, done) -> tx.read(path, (found, error) -> {
                            if (error != null || XenbusState.parse(found) != XenbusState.CLOSING) {
                                done.accept(null, error);
                            } else {
                                tx.write(path, Integer.toString(XenbusState.CLOSED.value()), done);
                            }
                        }),
                        (ok, error) -> {});
    }

    /** Writes keys and state together, unless the toolstack has removed the directory. */
    private void write(KeySnapshot.Writer keys, XenbusState next) {
        guest.store()
                .<Void>transaction(
                        (tx, done) -> tx.read(nodename + "/state", (old, error) -> {
                            if (error != null) {
                                done.accept(null, error);
                            } else {
                                keys.write(tx, nodename, next, done);
                            }
                        }),
                        (ok, error) -> {
                            boolean removed = error instanceof XenstoreException refused && refused.is("ENOENT");
                            if (error != null && !ended) {
                                end(removed ? null : error);
                            }
                        });
    }

    private void end(XenException reason) {
        if (!ended) {
            ended = true;
            cancelWatches();
            driver.disconnect();
            driver.removed(reason);
        }
    }

    private void cancelWatches() {
        if (otherendWatch != null) {
            otherendWatch.cancel();
            onlineWatch.cancel();
        }
    }
}
