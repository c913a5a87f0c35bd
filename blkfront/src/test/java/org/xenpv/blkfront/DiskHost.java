package org.xenpv.blkfront;

import java.util.List;
import java.util.Map;
import org.xenpv.backends.block.Blkback;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.BlockStore;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.fault.XenException;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/** A guest, a driver domain that serves a disk, of memory as a rule, and the disk attached. */
final class DiskHost implements AutoCloseable {

    static final String NODENAME = "device/vbd/51712";

    final SimulatedXen xen;
    final SimDomain guest;
    final SimDomain driverDomain;
    /** Null if what is served is not a disk of memory. */
    final MemoryStore store;

    private final BlockStore served;
    final BlkbackService.Setup setup;
    BlkbackService service;
    SimDevice device;

    DiskHost(SimulatedXen xen, MemoryStore store, BlkbackConfig config) {
        this(xen, store, config, back -> {});
    }

    DiskHost(SimulatedXen xen, MemoryStore store, BlkbackConfig config, BlkbackService.Setup setup) {
        this(xen, DomainConfig.named("guest"), store, config, setup);
    }

    DiskHost(
            SimulatedXen xen, DomainConfig guest, BlockStore served, BlkbackConfig config, BlkbackService.Setup setup) {
        this.xen = xen;
        this.served = served;
        this.store = served instanceof MemoryStore memory ? memory : null;
        this.guest = xen.createDomain(guest);
        this.driverDomain = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
        this.setup = setup;
        this.service = serve(config);
        this.device = attach("w");
    }

    private BlkbackService serve(BlkbackConfig config) {
        return driverDomain.start(domain -> {
            BlkbackService started = new BlkbackService(domain, (params, writable) -> served, config, setup);
            started.start();
            return started;
        });
    }

    /** The backend's process dies and another with other features takes its place. */
    void serveFrom(BlkbackConfig config) {
        driverDomain.run(domain -> service.close());
        xen.toolstack().writeBackend(device, "state", "1");
        service = serve(config);
    }

    /** The core of a disk of its own; how it ends is added to {@code ends}. */
    BlkfrontDevice device(BlkfrontConfig config, List<String> ends) {
        return new BlkfrontDevice(guest.guest(), NODENAME, config, new BlkfrontDevice.Listener() {
            @Override
            public void connected(BlkGeometry geometry) {}

            @Override
            public void resized(BlkGeometry geometry) {}

            @Override
            public void ended(XenException reason) {
                ends.add(reason == null ? "closed" : reason.toString());
            }
        });
    }

    /** The backend, which outlives the frontend, takes its hands off. */
    @Override
    public void close() {
        driverDomain.stopServices();
    }

    SimDevice attach(String mode) {
        return xen.toolstack().attachBlock(guest, driverDomain, "xvda", Map.of("params", "memory", "mode", mode));
    }

    Blkfront connect(BlkfrontConfig config) {
        return Blkfront.connect(guest.guest(), NODENAME, config);
    }

    Blkfront connect() {
        return connect(BlkfrontConfig.DEFAULT);
    }

    Blkback backend() {
        return service.devices().get(0);
    }
}
