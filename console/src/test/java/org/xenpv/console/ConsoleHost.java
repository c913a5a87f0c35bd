package org.xenpv.console;

import java.time.Duration;
import org.xenpv.backends.console.Consoled;
import org.xenpv.backends.console.ConsoledConfig;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.backends.console.MemoryTerminals;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/** A guest, and a console daemon in dom0 that serves all its consoles from memory. */
final class ConsoleHost implements AutoCloseable {

    private static final Duration A_WHILE = Duration.ofSeconds(5);

    final SimulatedXen xen;
    final SimDomain guest;
    final MemoryTerminals terminals = new MemoryTerminals();
    final Consoled daemon;

    ConsoleHost(SimulatedXen xen) {
        this(xen, ConsoledConfig.DEFAULT);
    }

    ConsoleHost(SimulatedXen xen, ConsoledConfig config) {
        this.xen = xen;
        this.guest = xen.createDomain(DomainConfig.named("guest"));
        this.daemon = start(xen.dom0(), terminals, config);
    }

    private static Consoled start(SimDomain domain, MemoryTerminals terminals, ConsoledConfig config) {
        return domain.start(guest -> {
            Consoled consoled = new Consoled(guest, terminals, config);
            consoled.start();
            return consoled;
        });
    }

    /** The consoles of a driver domain. */
    record Served(MemoryTerminals terminals) {
        /** What a guest has printed there; null if its console is not served yet. */
        String text(SimDomain guest, int number) {
            MemoryTerminal terminal = terminals.of(guest.domid(), number);
            return terminal == null ? null : terminal.text();
        }
    }

    static Served serve(SimDomain domain) {
        MemoryTerminals terminals = new MemoryTerminals();
        start(domain, terminals, ConsoledConfig.DEFAULT);
        return new Served(terminals);
    }

    /** The backend, which outlives the frontend, takes its hands off. */
    @Override
    public void close() {
        xen.dom0().stopServices();
    }

    SimDevice attach(int number) {
        return xen.toolstack().attachConsole(guest, xen.dom0(), number);
    }

    /** The terminal of one of the guest's consoles; waits until the daemon has opened it. */
    MemoryTerminal terminal(int number) {
        int domid = guest.domid();
        if (!xen.runUntil(() -> terminals.of(domid, number) != null, A_WHILE)) {
            throw new AssertionError("console " + number + " is not served");
        }
        return terminals.of(domid, number);
    }

    PvConsole primary(ConsoleConfig config) {
        return PvConsole.primary(guest.guest(), config);
    }

    PvConsole connect(int number, ConsoleConfig config) {
        return PvConsole.connect(guest.guest(), "device/console/" + number, config);
    }

    /** Waits until the guest's output has come out at a terminal. */
    boolean printed(MemoryTerminal terminal, String text) {
        return xen.runUntil(() -> terminal.text().equals(text), A_WHILE);
    }
}
