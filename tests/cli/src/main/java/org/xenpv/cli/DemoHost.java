package org.xenpv.cli;

import java.util.List;
import java.util.Map;
import org.xenpv.backends.block.Blkback;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.BlkbackStats;
import org.xenpv.backends.block.StoreFactory;
import org.xenpv.backends.console.Consoled;
import org.xenpv.backends.console.ConsoledConfig;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.backends.console.MemoryTerminals;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.simulator.Toolstack;
import org.xenpv.xenbus.XenbusState;

/** A live simulated host with a console daemon in dom0, a driver domain that serves disk images, and a guest. */
final class DemoHost implements AutoCloseable {

    private final SimulatedXen xen = SimulatedXen.live();
    private final SimDomain driverDomain;
    private final SimDomain guest;
    private final BlkbackService disks;
    private final MemoryTerminals terminals = new MemoryTerminals();

    DemoHost(StoreFactory stores) {
        xen.dom0().start(dom0 -> {
            Consoled daemon = new Consoled(dom0, terminals, ConsoledConfig.DEFAULT);
            daemon.start();
            return daemon;
        });
        driverDomain = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
        guest = xen.createDomain(DomainConfig.named("guest"));
        disks = driverDomain.start(domain -> {
            BlkbackService service = new BlkbackService(domain, stores, BlkbackConfig.DEFAULT);
            service.start();
            return service;
        });
    }

    SimulatedXen xen() {
        return xen;
    }

    SimDomain guest() {
        return guest;
    }

    /** Where the guest's primary console ends; null until the console daemon has found it. */
    MemoryTerminal terminal() {
        return terminals.of(guest.domid(), 0);
    }

    Handshake watchDisk(int devid) {
        return Handshake.watch(
                xen.dom0(),
                guest.home() + "/device/vbd/" + devid,
                driverDomain.home() + "/backend/vbd/" + guest.domid() + "/" + devid);
    }

    /**
     * Attaches an image and waits until the driver domain offers it, as xl does.
     *
     * @throws CommandFailure with the driver domain's reason if it refuses the image
     */
    SimDevice attach(Image image, int devid, boolean writable) {
        Toolstack toolstack = xen.toolstack();
        SimDevice device = toolstack.attachBlock(
                guest,
                driverDomain,
                Integer.toString(devid),
                Map.of("params", image.path().toString(), "mode", writable ? "w" : "r"));
        toolstack.awaitState(
                device.backendPath(),
                Toolstack.DETACH_TIMEOUT,
                XenbusState.INIT_WAIT,
                XenbusState.CLOSING,
                XenbusState.CLOSED);
        String refusal = refusal(device);
        if (refusal != null) {
            throw CommandFailure.failed("the driver domain does not serve the disk: " + refusal);
        }
        return device;
    }

    boolean detach(SimDevice device) {
        return xen.toolstack().detach(device);
    }

    private String refusal(SimDevice device) {
        return driverDomain.call(domain -> {
            Blkback back = disks.device(device.backendNodename());
            return back == null || back.reason() == null ? null : back.reason().getMessage();
        });
    }

    BlkbackStats backendStats(SimDevice device) {
        return driverDomain.call(
                domain -> disks.device(device.backendNodename()).stats());
    }

    long grantsTotal() {
        return guest.call(domain -> domain.grants().ledger().grantsTotal());
    }

    /** What should not be: pages, ports or watches that were not given back, and exceptions out of handlers. */
    List<String> remains() {
        driverDomain.stopServices();
        xen.dom0().stopServices();
        List<String> errors = xen.errors();
        if (!errors.isEmpty()) {
            return errors;
        }
        try {
            xen.assertNothingLeaked();
            return List.of();
        } catch (AssertionError e) {
            return xen.leaks();
        }
    }

    @Override
    public void close() {
        xen.close();
    }
}
