package org.xenpv.backends.block;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * Serves every block device that the toolstack attaches to this domain: watches {@code backend/vbd} and starts a {@link
 * Blkback} for each new {@code backend/vbd/<frontend-id>/<vdev>}.
 *
 * <p>Owned by the thread of the domain's event loop.
 */
public final class BlkbackService implements AutoCloseable {

    private static final String ROOT = "backend/vbd";

    /** Says how to serve a device before it is started. */
    @FunctionalInterface
    public interface Setup {
        void prepare(Blkback device);
    }

    private final XenGuest guest;
    private final StoreFactory stores;
    private final BlkbackConfig config;
    private final Setup setup;
    private final TreeMap<String, Blkback> devices = new TreeMap<>();
    private XenstoreWatch watch;
    private boolean scanning;
    private boolean again;
    private boolean closed;

    public BlkbackService(XenGuest guest, StoreFactory stores, BlkbackConfig config) {
        this(guest, stores, config, device -> {});
    }

    public BlkbackService(XenGuest guest, StoreFactory stores, BlkbackConfig config, Setup setup) {
        this.guest = guest;
        this.stores = stores;
        this.config = config;
        this.setup = setup;
    }

    public void start() {
        if (watch == null && !closed) {
            watch = guest.store().watch(ROOT, changed -> scan());
        }
    }

    /** Devices being served or waiting for their frontend, by directory. */
    public List<Blkback> devices() {
        return List.copyOf(devices.values());
    }

    /** @param nodename {@code backend/vbd/<frontend-id>/<vdev>} @return null if there is no such device */
    public Blkback device(String nodename) {
        return devices.get(nodename);
    }

    /**
     * Kills a device and starts another in its place, as when a driver domain's backend crashes and is restarted.
     *
     * @throws IllegalArgumentException if there is no such device
     */
    public Blkback restart(String nodename) {
        Blkback device = devices.get(nodename);
        if (device == null) {
            throw new IllegalArgumentException("nodename=" + nodename + ", must be one of " + devices.keySet());
        }
        device.kill();
        serve(nodename);
        return devices.get(nodename);
    }

    /** Kills every device and takes no more. Idempotent. */
    @Override
    public void close() {
        closed = true;
        if (watch != null) {
            watch.cancel();
        }
        for (Blkback device : devices()) {
            device.kill();
        }
        devices.clear();
    }

    /** One look at the tree at a time; events that come meanwhile cause one more. */
    private void scan() {
        if (closed) {
            return;
        }
        if (scanning) {
            again = true;
            return;
        }
        scanning = true;
        again = false;
        guest.store().directory(ROOT, (frontends, error) -> {
            Pending pending = new Pending();
            if (error == null) {
                for (String frontend : frontends) {
                    pending.count++;
                    guest.store().directory(ROOT + "/" + frontend, (vdevs, none) -> {
                        if (none == null) {
                            vdevs.forEach(vdev -> pending.found.add(ROOT + "/" + frontend + "/" + vdev));
                        }
                        pending.done();
                    });
                }
            }
            pending.done();
        });
    }

    /** Directories found by one scan, and how many answers are still to come. */
    private final class Pending {
        private final List<String> found = new ArrayList<>();
        private int count = 1;

        void done() {
            if (--count > 0) {
                return;
            }
            scanning = false;
            if (closed) {
                return;
            }
            devices.entrySet().removeIf(entry -> entry.getValue().isEnded() && !found.contains(entry.getKey()));
            for (String nodename : found) {
                Blkback device = devices.get(nodename);
                if (device == null) {
                    serve(nodename);
                } else if (device.isEnded()) {
                    serveIfNew(nodename);
                }
            }
            if (again) {
                scan();
            }
        }
    }

    /** A directory whose device has ended may have been made anew by the toolstack: then its state says so. */
    private void serveIfNew(String nodename) {
        guest.store().read(nodename + "/state", (state, error) -> {
            Blkback device = devices.get(nodename);
            boolean fresh = error == null && XenbusState.parse(state) == XenbusState.INITIALISING;
            if (fresh && !closed && device != null && device.isEnded()) {
                serve(nodename);
            }
        });
    }

    private void serve(String nodename) {
        Blkback device = new Blkback(guest, nodename, stores, config);
        setup.prepare(device);
        devices.put(nodename, device);
        device.start();
    }
}
