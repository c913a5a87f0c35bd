package org.xenpv.backends.block;

import java.util.List;
import org.xenpv.backends.ServedDevices;
import org.xenpv.xenbus.XenGuest;

/**
 * Serves every block device that the toolstack attaches to this domain: a {@link Blkback} for each {@code
 * backend/vbd/<frontend-id>/<vdev>}.
 *
 * <p>Owned by the thread of the domain's event loop.
 */
public final class BlkbackService implements AutoCloseable {

    /** Says how to serve a device before it is started. */
    @FunctionalInterface
    public interface Setup {
        void prepare(Blkback device);
    }

    private final ServedDevices<Blkback> served;

    public BlkbackService(XenGuest guest, StoreFactory stores, BlkbackConfig config) {
        this(guest, stores, config, device -> {});
    }

    public BlkbackService(XenGuest guest, StoreFactory stores, BlkbackConfig config, Setup setup) {
        this.served = new ServedDevices<>(guest, "vbd", nodename -> {
            Blkback device = new Blkback(guest, nodename, stores, config);
            setup.prepare(device);
            return device;
        });
    }

    public void start() {
        served.start();
    }

    /** Devices being served or waiting for their frontend, by directory. */
    public List<Blkback> devices() {
        return served.all();
    }

    /** @param nodename {@code backend/vbd/<frontend-id>/<vdev>} @return null if there is no such device */
    public Blkback device(String nodename) {
        return served.find(nodename);
    }

    /**
     * Kills a device and starts another in its place, as when a driver domain's backend crashes and is restarted.
     *
     * @throws IllegalArgumentException if there is no such device
     */
    public Blkback restart(String nodename) {
        return served.restart(nodename);
    }

    /** Kills every device and takes no more. Idempotent. */
    @Override
    public void close() {
        served.close();
    }
}
