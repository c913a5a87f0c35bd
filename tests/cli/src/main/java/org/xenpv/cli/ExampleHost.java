package org.xenpv.cli;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.StoreFactory;
import org.xenpv.backends.console.Consoled;
import org.xenpv.backends.console.ConsoledConfig;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.backends.console.MemoryTerminals;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.Faults;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.xenbus.XenGuest;

/**
 * A guest, and on request the other ends of its devices. What an example does with the guest it could do on any Xen; only
 * the other ends are the simulated host's.
 */
final class ExampleHost implements AutoCloseable {

    private static final Duration A_WHILE = Duration.ofSeconds(10);

    private final SimulatedXen xen;
    private final SimDomain guest;

    ExampleHost(SimulatedXen xen) {
        this.xen = xen;
        this.guest = xen.createDomain(DomainConfig.named("guest"));
    }

    /** From now on the machine fails as these say, until {@link #checkNothingLeft}. */
    void inject(Faults faults) {
        xen.inject(faults);
    }

    XenGuest guest() {
        return guest.guest();
    }

    XenGuest dom0() {
        return xen.dom0().guest();
    }

    /**
     * Has a driver domain serve a disk.
     *
     * @param params tells the stores which medium to open
     * @return the directory of the guest's half
     */
    String attachDisk(StoreFactory stores, String params, boolean writable) {
        SimDomain driverDomain = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
        driverDomain.start(domain -> {
            BlkbackService service = new BlkbackService(domain, stores, BlkbackConfig.DEFAULT);
            service.start();
            return service;
        });
        Map<String, String> keys = Map.of("params", params, "mode", writable ? "w" : "r");
        return xen.toolstack().attachBlock(guest, driverDomain, "xvda", keys).nodename();
    }

    /** Has a daemon in dom0 serve the guest's primary console, and returns the terminal it ends on. */
    MemoryTerminal serveConsole() {
        MemoryTerminals terminals = new MemoryTerminals();
        xen.dom0().start(dom0 -> {
            Consoled daemon = new Consoled(dom0, terminals, ConsoledConfig.DEFAULT);
            daemon.start();
            return daemon;
        });
        if (!awaits(() -> terminals.of(guest.domid(), 0) != null)) {
            throw CommandFailure.failed("the console daemon does not serve the guest");
        }
        return terminals.of(guest.domid(), 0);
    }

    /**
     * Types a line.
     *
     * @return the answer, a line as long
     * @throws CommandFailure if none comes
     */
    String type(MemoryTerminal terminal, String line) {
        byte[] typed = (line + "\r\n").getBytes(StandardCharsets.UTF_8);
        int before = terminal.outputBytes();
        if (terminal.type(typed) < typed.length || !awaits(() -> terminal.outputBytes() >= before + typed.length)) {
            throw CommandFailure.failed("the guest did not answer \"" + line + "\"");
        }
        return new String(terminal.output(), before, typed.length - 2, StandardCharsets.UTF_8);
    }

    /** Lets the host run until something holds, for ten seconds at most. @return whether it does */
    private boolean awaits(BooleanSupplier condition) {
        return xen.runUntil(condition, A_WHILE);
    }

    /** The guest has closed its devices: nothing of them may be left. @throws CommandFailure naming what is */
    void checkNothingLeft() {
        xen.heal();
        for (SimDomain domain : xen.domains()) {
            domain.stopServices();
        }
        xen.dom0().stopServices();
        awaits(() -> xen.leaks().isEmpty());
        List<String> errors = xen.errors();
        List<String> left = errors.isEmpty() ? xen.leaks() : errors;
        if (!left.isEmpty()) {
            throw CommandFailure.failed("at the end there is what should not be: " + String.join("; ", left));
        }
    }

    @Override
    public void close() {
        xen.close();
    }
}
