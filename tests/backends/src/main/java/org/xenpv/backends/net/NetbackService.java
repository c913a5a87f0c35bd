package org.xenpv.backends.net;

import java.util.List;
import org.xenpv.backends.ServedDevices;
import org.xenpv.xenbus.XenGuest;

/**
 * Serves every network interface that the toolstack attaches to this domain, and plugs it into a fabric: a {@link Netback} for
 * each {@code backend/vif/<frontend-id>/<handle>}.
 *
 * <p>Owned by the thread of the domain's event loop.
 */
public final class NetbackService implements AutoCloseable {

    /** Says how to serve an interface before it is started. */
    @FunctionalInterface
    public interface Setup {
        void prepare(Netback netback);
    }

    private final XenGuest guest;
    private final NetworkFabric fabric;
    private final NetbackConfig config;
    private final Setup setup;
    private final ServedDevices<Netback> served;

    public NetbackService(XenGuest guest, NetworkFabric fabric, NetbackConfig config) {
        this(guest, fabric, config, netback -> {});
    }

    public NetbackService(XenGuest guest, NetworkFabric fabric, NetbackConfig config, Setup setup) {
        this.guest = guest;
        this.fabric = fabric;
        this.config = config;
        this.setup = setup;
        this.served = new ServedDevices<>(guest, "vif", this::create);
    }

    private Netback create(String nodename) {
        Netback netback = new Netback(guest, nodename, config);
        netback.onEnded(() -> fabric.detach(netback));
        setup.prepare(netback);
        fabric.attach(netback);
        return netback;
    }

    public void start() {
        served.start();
    }

    /** Interfaces being served or waiting for their frontend, by directory. */
    public List<Netback> devices() {
        return served.all();
    }

    /** @param nodename {@code backend/vif/<frontend-id>/<handle>} @return null if there is no such interface */
    public Netback device(String nodename) {
        return served.find(nodename);
    }

    /**
     * Kills an interface and starts another in its place, as when a driver domain's backend crashes and is restarted.
     *
     * @throws IllegalArgumentException if there is no such interface
     */
    public Netback restart(String nodename) {
        return served.restart(nodename);
    }

    /** Kills every interface and takes no more. Idempotent. */
    @Override
    public void close() {
        served.close();
    }
}
