package org.xenpv.scenarios.net;

import java.util.LinkedHashMap;
import java.util.Map;
import org.xenpv.backends.net.LearningSwitch;
import org.xenpv.backends.net.Netback;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackService;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/** A driver domain with a switch, and guests plugged into it. */
final class NetHost implements AutoCloseable {

    static final String NODENAME = "device/vif/0";

    final SimulatedXen xen;
    final SimDomain driverDomain;
    LearningSwitch fabric;
    NetbackService service;

    NetHost(SimulatedXen xen, NetbackConfig config) {
        this.xen = xen;
        driverDomain = xen.createDomain(DomainConfig.named("nets").asDriverDomain());
        service = driverDomain.start(domain -> {
            fabric = new LearningSwitch(domain.clock(), domain.mapper());
            NetbackService started = new NetbackService(domain, fabric, config);
            started.start();
            return started;
        });
    }

    SimDomain guest(String name) {
        return xen.createDomain(DomainConfig.named(name));
    }

    SimDevice attach(SimDomain guest, String... params) {
        Map<String, String> keys = new LinkedHashMap<>();
        for (int i = 0; i < params.length; i += 2) {
            keys.put(params[i], params[i + 1]);
        }
        return xen.toolstack().attachNetwork(guest, driverDomain, 0, keys);
    }

    Netfront connect(SimDomain guest, NetfrontConfig config, String... params) {
        attach(guest, params);
        return Netfront.connect(guest.guest(), NODENAME, config);
    }

    Netback backend(SimDevice device) {
        return service.device(device.backendNodename());
    }

    @Override
    public void close() {
        driverDomain.run(domain -> fabric.close());
        driverDomain.stopServices();
    }
}
