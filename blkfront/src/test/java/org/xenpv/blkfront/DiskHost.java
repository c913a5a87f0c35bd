package org.xenpv.blkfront;

import java.util.Map;
import org.xenpv.backends.block.Blkback;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/** A guest, a driver domain that serves a disk of memory, and the disk attached. */
final class DiskHost implements AutoCloseable {

    static final String NODENAME = "device/vbd/51712";

    final SimulatedXen xen;
    final SimDomain guest;
    final SimDomain driverDomain;
    final MemoryStore store;
    final BlkbackService service;
    SimDevice device;

    DiskHost(SimulatedXen xen, MemoryStore store, BlkbackConfig config) {
        this(xen, store, config, back -> {});
    }

    DiskHost(SimulatedXen xen, MemoryStore store, BlkbackConfig config, BlkbackService.Setup setup) {
        this.xen = xen;
        this.store = store;
        this.guest = xen.createDomain(DomainConfig.named("guest"));
        this.driverDomain = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
        this.service = driverDomain.start(domain -> {
            BlkbackService service = new BlkbackService(domain, (params, writable) -> store, config, setup);
            service.start();
            return service;
        });
        this.device = attach("w");
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
