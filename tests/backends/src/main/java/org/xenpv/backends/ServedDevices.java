package org.xenpv.backends;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * Every device of one kind that the toolstack attaches to this domain: watches {@code backend/<kind>} and starts a device for each
 * new {@code backend/<kind>/<frontend-id>/<devid>}.
 *
 * <p>Owned by the thread of the domain's event loop.
 */
public final class ServedDevices<D extends ServedDevice> implements AutoCloseable {

    private final XenGuest guest;
    private final String root;
    private final Function<String, D> factory;
    private final TreeMap<String, D> devices = new TreeMap<>();
    private XenstoreWatch watch;
    private boolean scanning;
    private boolean again;
    private boolean closed;

    /**
     * @param kind {@code vbd}, {@code vif}...
     * @param factory makes a device that has not been started, of its directory
     */
    public ServedDevices(XenGuest guest, String kind, Function<String, D> factory) {
        this.guest = guest;
        this.root = "backend/" + kind;
        this.factory = factory;
    }

    public void start() {
        if (watch == null && !closed) {
            watch = guest.store().watch(root, changed -> scan());
        }
    }

    /** Devices being served or waiting for their frontend, by directory. */
    public List<D> all() {
        return List.copyOf(devices.values());
    }

    /** @param nodename {@code backend/<kind>/<frontend-id>/<devid>} @return null if there is no such device */
    public D find(String nodename) {
        return devices.get(nodename);
    }

    /**
     * Kills a device and starts another in its place, as when a driver domain's backend crashes and is restarted.
     *
     * @throws IllegalArgumentException if there is no such device
     */
    public D restart(String nodename) {
        D device = devices.get(nodename);
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
        for (D device : all()) {
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
        guest.store().directory(root, (frontends, error) -> {
            Pending pending = new Pending();
            if (error == null) {
                for (String frontend : frontends) {
                    pending.count++;
                    guest.store().directory(root + "/" + frontend, (devids, none) -> {
                        if (none == null) {
                            devids.forEach(devid -> pending.found.add(root + "/" + frontend + "/" + devid));
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
                D device = devices.get(nodename);
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
            D device = devices.get(nodename);
            boolean fresh = error == null && XenbusState.parse(state) == XenbusState.INITIALISING;
            if (fresh && !closed && device != null && device.isEnded()) {
                serve(nodename);
            }
        });
    }

    private void serve(String nodename) {
        D device = factory.apply(nodename);
        devices.put(nodename, device);
        device.start();
    }
}
