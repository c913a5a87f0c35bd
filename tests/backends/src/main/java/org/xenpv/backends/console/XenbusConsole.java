package org.xenpv.backends.console;

import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.io.console.ConsoleKeys;
import org.xenpv.xenbus.BackendDriver;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusBackend;

/** A further console of a domain: a device on xenbus, whose page the guest grants. */
final class XenbusConsole implements ServedConsole, BackendDriver {

    private static final long GREF_MAX = 0xffff_ffffL;

    private final XenGuest guest;
    private final int number;
    private final Terminal.Factory terminals;
    private final ConsoledConfig config;
    private final XenbusBackend xenbus;

    private ConsoleLine line;
    private XenException reason;
    private boolean ended;

    XenbusConsole(XenGuest guest, String nodename, int number, Terminal.Factory terminals, ConsoledConfig config) {
        this.guest = guest;
        this.number = number;
        this.terminals = terminals;
        this.config = config;
        this.xenbus = new XenbusBackend(guest, nodename, this);
    }

    void start() {
        xenbus.start();
    }

    @Override
    public String[] backendKeys() {
        return new String[0];
    }

    @Override
    public void advertise(int frontendId, KeySnapshot backend, KeySnapshot.Writer keys) {
        if (line == null) {
            try {
                line = new ConsoleLine(guest, nodename(), terminals.open(frontendId, number), config, this::broken);
            } catch (XenException e) {
                reason = e;
                throw e;
            }
            Tty.announce(guest, xenbus.otherendPath(), "backend", line.terminal());
        }
        if (line.terminal().tty() != null) {
            keys.put(ConsoleKeys.TTY, line.terminal().tty());
        }
    }

    @Override
    public String[] frontendKeys() {
        return new String[] {ConsoleKeys.RING_REF, ConsoleKeys.PORT, ConsoleKeys.LIMIT};
    }

    @Override
    public void connect(int frontendId, KeySnapshot frontend, KeySnapshot.Writer keys) {
        try {
            int gref = (int) frontend.number(ConsoleKeys.RING_REF, 0, GREF_MAX);
            int port = (int) frontend.number(ConsoleKeys.PORT, 1, Integer.MAX_VALUE);
            line.open(frontendId, gref, port, frontend.clamped(ConsoleKeys.LIMIT, ConsoledConfig.LIMIT_MAX));
            reason = null;
        } catch (XenException e) {
            reason = e;
            throw e;
        }
    }

    private void broken(PeerFault fault) {
        reason = new XenProtocolException(fault, nodename() + ": the frontend's index in the console page");
        xenbus.fail(reason);
    }

    @Override
    public void disconnect() {
        if (line != null && !ended) {
            line.close();
        }
    }

    @Override
    public void removed(XenException why) {
        if (why != null) {
            reason = why;
        }
        end();
    }

    private void end() {
        if (!ended) {
            ended = true;
            if (line != null) {
                line.kill();
                line.closeTerminal();
            }
        }
    }

    @Override
    public void kill() {
        if (!ended) {
            end();
            xenbus.kill();
        }
    }

    @Override
    public String nodename() {
        return xenbus.nodename();
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
