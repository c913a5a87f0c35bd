package org.xenpv.backends.console;

import org.xenpv.io.console.ConsoleKeys;
import org.xenpv.xenbus.XenGuest;

/** Tells where a terminal can be found, in the frontend's directory, where {@code xl console} looks. */
final class Tty {

    private Tty() {}

    /**
     * Does nothing if the directory has gone: it must not come to life again. That we may not write there, as in a driver
     * domain, is no error: our own directory says it too.
     *
     * @param present a key that stands there as long as the console does
     */
    static void announce(XenGuest guest, String directory, String present, Terminal terminal) {
        String tty = terminal.tty();
        if (tty == null) {
            return;
        }
        guest.store()
                .<Void>transaction(
                        (tx, end) -> tx.read(directory + "/" + present, (found, error) -> {
                            if (error != null) {
                                end.accept(null, error);
                            } else {
                                tx.write(directory + "/" + ConsoleKeys.TTY, tty, end);
                            }
                        }),
                        (done, error) -> {});
    }
}
