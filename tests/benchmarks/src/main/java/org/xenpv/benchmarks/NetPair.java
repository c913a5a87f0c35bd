package org.xenpv.benchmarks;

import java.util.Map;
import org.xenpv.backends.net.Netback;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackService;
import org.xenpv.backends.net.NetbackStats;
import org.xenpv.netfront.NetStats;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/** A guest with a network interface, and a driver domain that is the other end of its cable. */
final class NetPair implements AutoCloseable {

    private static final String NODENAME = "device/vif/0";

    private final SimDomain guest;
    private final SimDomain driver;
    private final NetbackService service;
    private final SimDevice device;
    private final Netfront net;
    private final FrameCounter cable;

    /** @param name of the guest; the driver domain's is that with {@code -back} */
    NetPair(SimulatedXen xen, String name, NetfrontConfig config, Arrivals toBackend) {
        driver = xen.createDomain(DomainConfig.named(name + "-back").asDriverDomain());
        guest = xen.createDomain(DomainConfig.named(name));
        cable = new FrameCounter(toBackend);
        service = driver.start(domain -> {
            NetbackService started = new NetbackService(domain, cable, NetbackConfig.DEFAULT);
            started.start();
            return started;
        });
        device = xen.toolstack().attachNetwork(guest, driver, 0, Map.of());
        net = Netfront.connect(guest.guest(), NODENAME, config);
    }

    SimDomain guest() {
        return guest;
    }

    SimDomain driver() {
        return driver;
    }

    Netfront net() {
        return net;
    }

    FrameCounter cable() {
        return cable;
    }

    NetStats front() {
        return net.stats();
    }

    NetbackStats back() {
        return driver.call(domain -> {
            Netback back = service.device(device.backendNodename());
            return back.stats();
        });
    }

    /** Pages the guest ever granted. */
    long grants() {
        return guest.call(domain -> domain.grants().ledger().grantsTotal());
    }

    @Override
    public void close() {
        net.close();
        driver.stopServices();
    }
}
