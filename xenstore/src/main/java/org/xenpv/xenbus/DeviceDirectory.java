package org.xenpv.xenbus;

import org.xenpv.fault.XenException;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.Xenstore;
import org.xenpv.xenstore.XenstoreException;
import org.xenpv.xenstore.XenstoreOps;

/**
 * The directory of one end of a device, as far as that end writes there.
 *
 * <p>The toolstack may take the directory away or make it anew at any time, and must not find there what an earlier life
 * of the device writes late. So everything is written in a transaction that first makes sure that the directory is
 * still the one that is meant, and that is not tried again, nor begun, once what it would write is not wanted any more.
 */
final class DeviceDirectory {

    /** What a write is for. */
    interface Purpose {
        /** @param tried whether the same has been tried before, and may have failed because of somebody else */
        boolean stands(boolean tried);
    }

    private final XenGuest guest;
    private final String nodename;
    private final String link;
    private final boolean resets;

    /** What this end is known to have written last; UNKNOWN if that may be Initialising, or nothing. */
    private XenbusState written = XenbusState.UNKNOWN;

    private Write newest;

    /** Every state that may stand there because of us, a bit each: the last that we know of, and what was begun since. */
    private int ours;

    /** Whether we have written anything at all: until then what stands there is of an earlier life. */
    private boolean begun;

    /**
     * @param link the key that names the other end: {@code backend} or {@code frontend}
     * @param resets whether Initialising where we had written something else means that the directory is not ours any
     *     more; otherwise this end takes up one that was made anew
     */
    DeviceDirectory(XenGuest guest, String nodename, String link, boolean resets) {
        this.guest = guest;
        this.nodename = nodename;
        this.link = link;
        this.resets = resets;
    }

    /** The state that this end is known to have written last, if that is more than Initialising; else UNKNOWN. */
    XenbusState written() {
        return written;
    }

    /** Another life of the directory begins: what stands there is not ours. */
    void forget() {
        written = XenbusState.UNKNOWN;
        newest = null;
        ours = 0;
        begun = false;
    }

    /**
     * Writes keys and state.
     *
     * @param otherendPath what {@link #link} must say; null if that is not known yet
     * @param tried whether this is not the first try
     * @param purpose asked before each try and before anything is written
     * @param result ENOENT if the directory is gone or not ours any more
     */
    void write(
            String otherendPath,
            KeySnapshot.Writer keys,
            XenbusState state,
            boolean tried,
            Purpose purpose,
            Result<Void> result) {
        if (state == XenbusState.INITIALISING) {
            written = XenbusState.UNKNOWN;
        }
        boolean inDoubt = newest != null && newest.tried;
        Write write = new Write(otherendPath, keys, state, tried || inDoubt, purpose);
        newest = write;
        ours |= bit(state);
        guest.store().transaction(write, (ok, error) -> {
            write.tried = error != null;
            if (error == null && newest == write) {
                if (state != XenbusState.INITIALISING) {
                    written = state;
                }
                ours = bit(state);
                begun = true;
            }
            result.accept(null, error);
        });
    }

    private static int bit(XenbusState state) {
        return 1 << state.value();
    }

    private final class Write implements Xenstore.TransactionBody<Void> {

        private final String otherendPath;
        private final KeySnapshot.Writer keys;
        private final XenbusState state;
        private final Purpose purpose;
        /** Not for the first time, and without success so far. */
        private boolean tried;

        Write(String otherendPath, KeySnapshot.Writer keys, XenbusState state, boolean tried, Purpose purpose) {
            this.otherendPath = otherendPath;
            this.keys = keys;
            this.state = state;
            this.tried = tried;
            this.purpose = purpose;
        }

        @Override
        public boolean again() {
            tried = true;
            return purpose.stands(true);
        }

        @Override
        public void run(XenstoreOps tx, Result<Void> end) {
            if (!purpose.stands(tried)) {
                end.accept(null, over("ECANCELED"));
                return;
            }
            tx.readAll(
                    (found, error) -> {
                        if (error != null) {
                            end.accept(null, error);
                        } else if (!isOurs(found[0], found[1])) {
                            end.accept(null, over("ENOENT"));
                        } else if (!purpose.stands(tried)) {
                            end.accept(null, over("ECANCELED"));
                        } else {
                            keys.write(tx, nodename, state, end);
                        }
                    },
                    nodename + "/" + link,
                    nodename + "/state");
        }

        /**
         * Initialising, or no state at all, is what the toolstack leaves. It does not stand where we had written something
         * else. Where we had not, a closing device may write over it once; a try that failed did so because somebody else
         * was here. Any other state that is not ours is that of a device that has begun in a directory made anew.
         */
        private boolean isOurs(String otherend, String found) {
            if (otherend == null || otherendPath != null && !otherend.equals(otherendPath)) {
                return false;
            }
            if (!resets) {
                return found != null;
            }
            boolean fresh = found == null || XenbusState.parse(found) == XenbusState.INITIALISING;
            if (state == XenbusState.INITIALISING) {
                return true;
            }
            if (!fresh) {
                return !begun || (ours & bit(XenbusState.parse(found))) != 0;
            }
            boolean closing = state == XenbusState.CLOSING || state == XenbusState.CLOSED;
            return written == XenbusState.UNKNOWN && !(closing && tried);
        }

        private XenException over(String errno) {
            return new XenstoreException(errno, "write " + state + " below " + nodename);
        }
    }
}
