package org.xenpv.backends.console;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * The console daemon of a domain: serves every console that the toolstack gives it, found by watching {@code
 * backend/console/<frontend-id>/<number>}. Number 0 is a domain's primary console, which only dom0 can serve; the others
 * are devices on xenbus.
 *
 * <p>Owned by the thread of the domain's event loop.
 */
public final class Consoled implements AutoCloseable {

    private static final String ROOT = "backend/console";
    private static final String RELEASED = "@releaseDomain";

    private final XenGuest guest;
    private final Terminal.Factory terminals;
    private final ConsoledConfig config;
    private final TreeMap<String, ServedConsole> consoles = new TreeMap<>();
    private XenstoreWatch watch;
    private XenstoreWatch released;
    private boolean scanning;
    private boolean again;
    private boolean closed;

    public Consoled(XenGuest guest, Terminal.Factory terminals, ConsoledConfig config) {
        if (terminals == null || config == null) {
            throw new IllegalArgumentException("terminals and config must not be null");
        }
        this.guest = guest;
        this.terminals = terminals;
        this.config = config;
    }

    public void start() {
        if (watch == null && !closed) {
            watch = guest.store().watch(ROOT, changed -> scan());
            released = guest.store().watch(RELEASED, changed -> lookWhoDied());
        }
    }

    /** Consoles being served or waiting for their frontend, by directory. */
    public List<ServedConsole> consoles() {
        return List.copyOf(consoles.values());
    }

    /** @return null if there is no such console */
    public ServedConsole console(int domid, int number) {
        return consoles.get(ROOT + "/" + domid + "/" + number);
    }

    /**
     * Kills what serves a console and starts anew in its place, as when the daemon crashes and is restarted.
     *
     * @throws IllegalArgumentException if there is no such console
     */
    public ServedConsole restart(int domid, int number) {
        ServedConsole console = console(domid, number);
        if (console == null) {
            throw new IllegalArgumentException(
                    "domid=" + domid + ", number=" + number + ", must be one of " + consoles.keySet());
        }
        console.kill();
        serve(console.nodename());
        return console(domid, number);
    }

    /** Kills every console and takes no more. Idempotent. */
    @Override
    public void close() {
        closed = true;
        if (watch != null) {
            watch.cancel();
            released.cancel();
        }
        for (ServedConsole console : consoles()) {
            console.kill();
        }
        consoles.clear();
    }

    private void lookWhoDied() {
        for (ServedConsole console : consoles()) {
            if (console instanceof PrimaryConsole primary) {
                primary.lookWhetherAlive();
            }
        }
    }

    /** One look at the tree at a time; events that come meanwhile cause one more. */
    private void scan() {
        if (closed) {
            return;
        }
        if (scanning) {
            again = true;
            return;
        }
        scanning = true;
        again = false;
        guest.store().directory(ROOT, (frontends, error) -> {
            Scan scan = new Scan();
            if (error == null) {
                for (String frontend : frontends) {
                    scan.awaited++;
                    String directory = ROOT + "/" + frontend;
                    guest.store().directory(directory, (numbers, none) -> {
                        if (none == null) {
                            numbers.forEach(number -> scan.found.add(directory + "/" + number));
                        }
                        scan.answered();
                    });
                }
            }
            scan.answered();
        });
    }

    /** Directories found by one scan, and how many answers are still to come. */
    private final class Scan {
        private final List<String> found = new ArrayList<>();
        private int awaited = 1;

        void answered() {
            if (--awaited > 0) {
                return;
            }
            scanning = false;
            if (closed) {
                return;
            }
            compare(found);
            if (again) {
                scan();
            }
        }
    }

    private void compare(List<String> found) {
        for (ServedConsole console : consoles()) {
            if (!found.contains(console.nodename())) {
                if (console instanceof PrimaryConsole primary) {
                    primary.end();
                }
                if (console.isEnded()) {
                    consoles.remove(console.nodename());
                }
            }
        }
        for (String nodename : found) {
            ServedConsole console = consoles.get(nodename);
            if (console == null) {
                serve(nodename);
            } else if (console.isEnded() && console instanceof XenbusConsole) {
                serveIfNew(nodename);
            }
        }
    }

    /** A directory whose device has ended may have been made anew by the toolstack: then its state says so. */
    private void serveIfNew(String nodename) {
        guest.store().read(nodename + "/state", (state, error) -> {
            ServedConsole console = consoles.get(nodename);
            boolean fresh = error == null && XenbusState.parse(state) == XenbusState.INITIALISING;
            if (fresh && !closed && console != null && console.isEnded()) {
                serve(nodename);
            }
        });
    }

    private void serve(String nodename) {
        int number = number(nodename.substring(nodename.lastIndexOf('/') + 1));
        if (number < 0) {
            return; // not a console's directory
        }
        if (number == 0) {
            PrimaryConsole console = new PrimaryConsole(guest, nodename, terminals, config);
            consoles.put(nodename, console);
            console.start();
        } else {
            XenbusConsole console = new XenbusConsole(guest, nodename, number, terminals, config);
            consoles.put(nodename, console);
            console.start();
        }
    }

    /** A decimal number of at most nine digits; -1 if it is none. */
    private static int number(String name) {
        if (name.isEmpty() || name.length() > 9) {
            return -1;
        }
        int number = 0;
        for (int i = 0; i < name.length(); i++) {
            int digit = name.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }
}
