package org.xenpv.backends.console;

import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.io.console.ConsoleKeys;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * A domain's first console. It has no states: the toolstack made page and port before the domain ran, and put them into
 * {@code /local/domain/<domid>/console}. The page is mapped through the domain's reserved grant 0.
 */
final class PrimaryConsole implements ServedConsole {

    /** GNTTAB_RESERVED_CONSOLE (xen/grant_table.h). */
    private static final int CONSOLE_GREF = 0;

    private static final String[] KEYS = {ConsoleKeys.PORT, ConsoleKeys.TYPE, ConsoleKeys.LIMIT};
    private static final String XENCONSOLED = "xenconsoled";
    private static final int DOMID_MAX = 0x7fef;

    private final XenGuest guest;
    private final String nodename;
    private final Terminal.Factory terminals;
    private final ConsoledConfig config;

    private int domid = -1;
    private String frontend;
    private ConsoleLine line;
    private XenstoreWatch watch;
    private int port = -1;
    private XenException reason;
    private boolean looking;
    private boolean again;
    private boolean ended;

    PrimaryConsole(XenGuest guest, String nodename, Terminal.Factory terminals, ConsoledConfig config) {
        this.guest = guest;
        this.nodename = nodename;
        this.terminals = terminals;
        this.config = config;
    }

    void start() {
        guest.store()
                .readAll(
                        (found, error) -> {
                            if (!ended) {
                                begin(found, error);
                            }
                        },
                        nodename + "/frontend",
                        nodename + "/frontend-id");
    }

    private void begin(String[] found, XenException error) {
        if (error != null) {
            reason = error;
            return;
        }
        try {
            domid = (int) KeySnapshot.of(new String[] {"frontend-id"}, found[1]).number("frontend-id", 0, DOMID_MAX);
            String home = "/local/domain/" + domid + "/" + ConsoleKeys.CONSOLE;
            if (!home.equals(found[0])) {
                throw new XenConfigException("frontend", found[0], home);
            }
            frontend = home;
            line = new ConsoleLine(guest, nodename, terminals.open(domid, 0), config, this::broken);
        } catch (RuntimeException | Error e) {
            failed(e);
            return;
        }
        Tty.announce(guest, frontend, ConsoleKeys.PORT, line.terminal());
        watch = guest.store().watch(frontend, changed -> look());
    }

    /** Reads the page's and port's keys; one look at a time. */
    private void look() {
        if (looking) {
            again = true;
            return;
        }
        looking = true;
        again = false;
        String[] paths = new String[KEYS.length];
        for (int i = 0; i < paths.length; i++) {
            paths[i] = frontend + "/" + KEYS[i];
        }
        guest.store()
                .readAll(
                        (found, error) -> {
                            looking = false;
                            if (ended) {
                                return;
                            }
                            if (error == null) {
                                looked(KeySnapshot.of(KEYS, found));
                            } else {
                                reason = error;
                            }
                            if (again) {
                                look();
                            }
                        },
                        paths);
    }

    private void looked(KeySnapshot keys) {
        try {
            String type = keys.text(ConsoleKeys.TYPE);
            if (!keys.has(ConsoleKeys.PORT) || type != null && !type.equals(XENCONSOLED)) {
                line.close();
                port = -1;
                return;
            }
            int found = (int) keys.number(ConsoleKeys.PORT, 1, Integer.MAX_VALUE);
            if (found == port) {
                return; // connected, or refused and nothing has changed since
            }
            port = found;
            line.open(domid, CONSOLE_GREF, port, keys.clamped(ConsoleKeys.LIMIT, ConsoledConfig.LIMIT_MAX));
            reason = null;
        } catch (RuntimeException | Error e) {
            failed(e);
        }
    }

    /** Whatever was thrown is why this console is not served. */
    private void failed(Throwable thrown) {
        reason = thrown instanceof XenException known
                ? known
                : new XenException(nodename + ": threw " + thrown.getClass().getName(), thrown);
        if (thrown instanceof Error) {
            guest.loop().report(nodename, thrown);
        }
    }

    /** A domain was released: perhaps ours. A dead domain's page must not stay mapped. */
    void lookWhetherAlive() {
        if (domid >= 0 && !ended) {
            guest.store().isDomainIntroduced(domid, (introduced, error) -> {
                if (error == null && !introduced) {
                    end();
                }
            });
        }
    }

    private void broken(PeerFault fault) {
        reason = new XenProtocolException(fault, nodename + ": the guest's index in the console page");
        line.close();
    }

    /** The device is gone: the last output is taken. */
    void end() {
        if (line != null && !ended) {
            line.close();
        }
        kill();
    }

    @Override
    public void kill() {
        if (!ended) {
            ended = true;
            if (watch != null) {
                watch.cancel();
            }
            if (line != null) {
                line.kill();
                line.closeTerminal();
            }
        }
    }

    @Override
    public String nodename() {
        return nodename;
    }

    @Override
    public boolean isConnected() {
        return line != null && line.isOpen();
    }

    @Override
    public XenException reason() {
        return reason;
    }

    @Override
    public boolean isEnded() {
        return ended;
    }

    @Override
    public Terminal terminal() {
        return line == null ? null : line.terminal();
    }

    @Override
    public ConsoledStats stats() {
        return line == null ? ConsoledStats.NONE : line.stats();
    }
}
