package org.xenpv.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.xenpv.simulator.hypervisor.Hypervisor;
import org.xenpv.simulator.hypervisor.StartInfo;
import org.xenpv.xenbus.XenbusState;

/**
 * What {@code xl} does: it makes, changes and removes what stands in xenstore for domains and devices, with the
 * permissions that libxl gives, and tells hypervisor and xenstored about domains.
 *
 * <p>It works from dom0 through an ordinary xenstore connection. Every method returns when xenstored has accepted what
 * it wrote; what drivers make of it takes its time, see {@link #awaitState}. Call it from the program, not from inside
 * a domain's handlers.
 */
public final class Toolstack {

    /** How long xl waits for a backend before it removes a device by force (LIBXL_DESTROY_TIMEOUT). */
    public static final Duration DETACH_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration SUSPEND_TIMEOUT = Duration.ofSeconds(60);

    private final SimulatedXen xen;
    private final SimDomain dom0;
    private final Dom0Store store;
    private final List<SimDevice> devices = new ArrayList<>();

    Toolstack(SimulatedXen xen, SimDomain dom0) {
        this.xen = xen;
        this.dom0 = dom0;
        this.store = new Dom0Store(dom0);
    }

    // ---- devices

    /**
     * Attaches a disk, as {@code xl block-attach} does.
     *
     * @param vdev {@code xvda} or a number
     * @param params entries of the backend's directory beside the usual ones, or instead of them: {@code params},
     *     {@code mode}, {@code device-type}, {@code removable}...
     */
    public SimDevice attachBlock(SimDomain frontend, SimDomain backend, String vdev, Map<String, String> params) {
        int devid = VirtualDisk.devid(vdev);
        Map<String, String> back = new LinkedHashMap<>();
        back.put("frontend-id", Integer.toString(frontend.domid()));
        back.put("online", "1");
        back.put("removable", "0");
        back.put("bootable", "1");
        back.put("state", Integer.toString(XenbusState.INITIALISING.value()));
        back.put("dev", vdev);
        back.put("type", "phy");
        back.put("mode", "w");
        back.put("device-type", "disk");
        back.put("discard-enable", "1");
        back.putAll(params);
        Map<String, String> front = new LinkedHashMap<>();
        front.put("backend-id", Integer.toString(backend.domid()));
        front.put("state", Integer.toString(XenbusState.INITIALISING.value()));
        front.put("virtual-device", Integer.toString(devid));
        front.put("device-type", back.get("device-type"));
        return attach("vbd", devid, frontend, backend, front, back);
    }

    /**
     * Attaches a network interface, as {@code xl network-attach} does.
     *
     * @param handle number of the interface, 0 or more
     * @param params entries of the backend's directory beside the usual ones, or instead of them: {@code mac}, {@code mtu}, {@code
     *     bridge}, {@code trusted}...; mac, mtu and trusted stand in the frontend's directory as well
     */
    public SimDevice attachNetwork(SimDomain frontend, SimDomain backend, int handle, Map<String, String> params) {
        if (handle < 0 || handle > 0xff) {
            throw new IllegalArgumentException("handle=" + handle + ", must be 0 to 255");
        }
        Map<String, String> back = new LinkedHashMap<>();
        back.put("frontend-id", Integer.toString(frontend.domid()));
        back.put("online", "1");
        back.put("state", Integer.toString(XenbusState.INITIALISING.value()));
        back.put("script", "/etc/xen/scripts/vif-bridge");
        back.put("mac", mac(frontend, handle));
        back.put("bridge", "xenbr0");
        back.put("handle", Integer.toString(handle));
        back.put("type", "vif");
        back.put("mtu", "1500");
        back.put("hotplug-status", "connected"); // what the script writes when it has done its work
        back.putAll(params);
        Map<String, String> front = new LinkedHashMap<>();
        front.put("backend-id", Integer.toString(backend.domid()));
        front.put("state", Integer.toString(XenbusState.INITIALISING.value()));
        front.put("handle", Integer.toString(handle));
        front.put("mac", back.get("mac"));
        front.put("mtu", back.get("mtu"));
        if (back.containsKey("trusted")) {
            front.put("trusted", back.get("trusted"));
        }
        return attach("vif", handle, frontend, backend, front, back);
    }

    /** In Xen's range of addresses (00:16:3e), from domain and interface. */
    private static String mac(SimDomain frontend, int handle) {
        StringBuilder text = new StringBuilder("00:16:3e");
        int[] rest = {frontend.domid() >>> 8 & 0x7f, frontend.domid() & 0xff, handle};
        for (int octet : rest) {
            text.append(':').append(Character.forDigit(octet >>> 4, 16)).append(Character.forDigit(octet & 15, 16));
        }
        return text.toString();
    }

    /**
     * Attaches a further console, which unlike the primary one connects over xenbus.
     *
     * @param number 1 or more
     */
    public SimDevice attachConsole(SimDomain frontend, SimDomain backend, int number) {
        if (number < 1) {
            throw new IllegalArgumentException("number=" + number + ", must be at least 1: 0 is the primary console");
        }
        Map<String, String> back = new LinkedHashMap<>();
        back.put("frontend-id", Integer.toString(frontend.domid()));
        back.put("online", "1");
        back.put("state", Integer.toString(XenbusState.INITIALISING.value()));
        back.put("protocol", "vt100");
        Map<String, String> front = new LinkedHashMap<>();
        front.put("backend-id", Integer.toString(backend.domid()));
        front.put("limit", "1048576");
        front.put("type", "xenconsoled");
        front.put("output", "pty");
        front.put("tty", "");
        front.put("state", Integer.toString(XenbusState.INITIALISING.value()));
        front.put("protocol", "vt100");
        return attach("console", number, frontend, backend, front, back);
    }

    /**
     * Attaches a device of any kind (libxl__device_generic_add): both directories in one transaction.
     *
     * @param front entries of the frontend's directory; {@code backend} is added
     * @param back entries of the backend's directory; {@code frontend} is added
     */
    public SimDevice attach(
            String kind,
            int devid,
            SimDomain frontend,
            SimDomain backend,
            Map<String, String> front,
            Map<String, String> back) {
        SimDevice device = new SimDevice(kind, devid, frontend, backend, frontend.domid(), backend.domid());
        if (find(device.frontendPath()) != null) {
            throw new IllegalArgumentException("device=" + device.frontendPath() + ", is attached already");
        }
        store.transact(DeviceNodes.attach(device, front, back));
        synchronized (devices) {
            devices.add(device);
        }
        return device;
    }

    private SimDevice find(String frontendPath) {
        synchronized (devices) {
            for (SimDevice device : devices) {
                if (device.frontendPath().equals(frontendPath)) {
                    return device;
                }
            }
            return null;
        }
    }

    /** Devices attached and not detached, in the order they were attached. */
    public List<SimDevice> devices() {
        synchronized (devices) {
            return List.copyOf(devices);
        }
    }

    /**
     * Detaches in an orderly way ({@code xl block-detach}): asks the backend to close, waits for it, removes the nodes.
     *
     * @return whether the backend closed within {@link #DETACH_TIMEOUT}; the nodes are gone in any case
     */
    public boolean detach(SimDevice device) {
        return detach(device, DETACH_TIMEOUT);
    }

    /** The same with a timeout of one's own. */
    public boolean detach(SimDevice device, Duration timeout) {
        requestDetach(device);
        boolean closed = awaitState(device.backendPath(), timeout, XenbusState.CLOSED, XenbusState.UNKNOWN);
        remove(device);
        return closed;
    }

    /** The first half of {@link #detach}: online=0 and Closing, unless the backend is closed already. */
    public void requestDetach(SimDevice device) {
        XenbusState state = state(device.backendPath());
        if (state != XenbusState.CLOSED && state != XenbusState.UNKNOWN) {
            store.transact(new NodeBatch()
                    .write(device.backendPath() + "/online", "0")
                    .write(device.backendPath() + "/state", Integer.toString(XenbusState.CLOSING.value())));
        }
    }

    /** Removes the nodes at once, whatever the drivers are doing ({@code xl block-detach --force}). */
    public void forceDetach(SimDevice device) {
        remove(device);
    }

    private void remove(SimDevice device) {
        store.transact(DeviceNodes.remove(device));
        synchronized (devices) {
            devices.remove(device);
        }
    }

    /** Writes into the backend's directory, as a hotplug script or an administrator may. */
    public void writeBackend(SimDevice device, String key, String value) {
        store.transact(new NodeBatch().write(device.backendPath() + "/" + key, value));
    }

    /** Writes into the frontend's directory. */
    public void writeFrontend(SimDevice device, String key, String value) {
        store.transact(new NodeBatch().write(device.frontendPath() + "/" + key, value));
    }

    /**
     * Announces another size of a connected disk in the way a backend does: {@code sectors}, and {@code state} written
     * again so that the frontend's watch fires. For scripted backends; a Blkback measures its medium itself.
     */
    public void resize(SimDevice device, long sectors) {
        if (sectors < 0) {
            throw new IllegalArgumentException("sectors=" + sectors + ", must not be negative");
        }
        store.transact(new NodeBatch()
                .write(device.backendPath() + "/sectors", Long.toString(sectors))
                .write(device.backendPath() + "/state", Integer.toString(XenbusState.CONNECTED.value())));
    }

    /** The state in a directory; UNKNOWN if there is none. */
    public XenbusState state(String directory) {
        return XenbusState.parse(read(directory + "/state"));
    }

    /**
     * Waits for one of some states in a directory.
     *
     * @return false if it did not come in time
     */
    public boolean awaitState(String directory, Duration timeout, XenbusState... wanted) {
        return dom0.await(() -> reached(directory, wanted), timeout);
    }

    private boolean reached(String directory, XenbusState... wanted) {
        XenbusState now = XenbusState.parse(xen.xenstored().value(directory + "/state"));
        for (XenbusState state : wanted) {
            if (now == state) {
                return true;
            }
        }
        return false;
    }

    /** A node's value, read over dom0's connection; null if there is none. */
    public String read(String path) {
        return store.read(path);
    }

    /** Writes a node as dom0. */
    public void write(String path, String value) {
        store.write(path, value);
    }

    /** Removes a node and what is below it, as dom0. */
    public void remove(String path) {
        store.remove(path);
    }

    // ---- domains

    /** Makes dom0's own nodes: nobody else does. */
    void startHost() {
        store.transact(DomainNodes.dom0());
    }

    /** Makes the nodes of a domain that has been built, and introduces it. */
    void introduce(DomainConfig config, int domid, StartInfo start) {
        store.transact(DomainNodes.create(config, domid, start));
        store.introduce(domid, start.storeGfn(), start.storePort());
    }

    /** Asks a guest through control/shutdown: {@code poweroff}, {@code reboot}, {@code halt}, {@code suspend}. */
    public void requestShutdown(SimDomain domain, String request) {
        write(domain.home() + "/control/shutdown", request);
    }

    /**
     * Stops a domain's processor where it is ({@code xl pause}); its clock and everybody else go on.
     *
     * @throws IllegalStateException in a live host, whose processors are threads
     */
    public void pause(SimDomain domain) {
        checkDeterministic();
        domain.hypervisorDomain().vcpu().pause();
    }

    /** Lets it run again ({@code xl unpause}). */
    public void unpause(SimDomain domain) {
        checkDeterministic();
        domain.hypervisorDomain().vcpu().resume();
    }

    private void checkDeterministic() {
        if (!xen.isDeterministic()) {
            throw new IllegalStateException("only a deterministic host's processors can be paused");
        }
    }

    /**
     * Suspends a domain through its guest, and returns when it has stopped.
     *
     * @throws IllegalStateException if the guest does not suspend within a minute
     */
    public void suspend(SimDomain domain) {
        requestShutdown(domain, "suspend");
        if (!dom0.await(domain::isSuspended, SUSPEND_TIMEOUT)) {
            throw new IllegalStateException(domain + " did not suspend within " + SUSPEND_TIMEOUT.toSeconds() + " s");
        }
        dom0.run(guest -> xen.xenstored().domainShutdown(domain.domid()));
        xen.hypervisor().raiseVirq(dom0.hypervisorDomain(), Hypervisor.VIRQ_DOM_EXC);
    }

    /** Lets a suspended domain go on where it was, as if nothing had happened: the suspend is cancelled. */
    public void resume(SimDomain domain) {
        checkSuspended(domain);
        store.resume(domain.domid());
        domain.suspendPoint().resume(true);
    }

    /**
     * Brings a suspended domain up as another host would, or the same one from a file ({@code xl restore}, {@code xl
     * migrate}): its devices are taken from the old domain and attached to a new one with another id, an empty grant
     * table and new ports; its memory is as it was.
     */
    public void restore(SimDomain domain) {
        checkSuspended(domain);
        List<SimDevice> moved = new ArrayList<>();
        for (SimDevice device : devices()) {
            if (device.frontend() == domain) {
                moved.add(device);
            }
        }
        List<Map<String, String>> fronts = new ArrayList<>();
        List<Map<String, String>> backs = new ArrayList<>();
        for (SimDevice device : moved) {
            Map<String, String> front = DeviceNodes.configured(xen, device.frontendPath());
            Map<String, String> back = DeviceNodes.configured(xen, device.backendPath());
            fronts.add(front);
            backs.add(back);
            takeFromBackend(device);
        }
        int oldDomid = domain.domid();
        store.release(oldDomid);
        store.transact(DomainNodes.destroy(oldDomid));
        xen.hypervisor().restore(domain.hypervisorDomain());
        introduce(domain.config(), domain.domid(), domain.hypervisorDomain().startInfo());
        for (int i = 0; i < moved.size(); i++) {
            SimDevice device = moved.get(i);
            backs.get(i).put("frontend-id", Integer.toString(domain.domid()));
            attach(device.kind(), device.devid(), domain, device.backend(), fronts.get(i), backs.get(i));
        }
        domain.suspendPoint().resume(false);
    }

    private static void checkSuspended(SimDomain domain) {
        if (!domain.isSuspended()) {
            throw new IllegalStateException(domain + " is not suspended");
        }
    }

    /**
     * Destroys a domain whose drivers have been closed: stops its services in an orderly way, then as {@link
     * #destroy}.
     */
    public void shutDown(SimDomain domain) {
        domain.shutDown();
        destroy(domain);
    }

    /**
     * Destroys a domain at once ({@code xl destroy}): nothing in it gets to close anything. As libxl does, it stops the
     * domain first, then has its backends close, then takes it off the host.
     */
    public void destroy(SimDomain domain) {
        int domid = domain.domid();
        domain.halt();
        for (SimDevice device : devices()) {
            if (device.frontend() == domain) {
                takeFromBackend(device);
            }
        }
        kill(domain);
        store.transact(DomainNodes.destroy(domid));
        xen.forget(domain);
    }

    /** The frontend does not run: asks the backend to close, lets it see that nobody is there, removes the nodes. */
    private void takeFromBackend(SimDevice device) {
        requestDetach(device);
        remove(device.frontendPath());
        awaitState(device.backendPath(), DETACH_TIMEOUT, XenbusState.CLOSED, XenbusState.UNKNOWN);
        remove(device);
    }

    /**
     * Lets a domain crash: it is gone from the hypervisor, xenstored lets go of it, and nobody tidies up. The nodes of
     * its devices stay where xenstored leaves them.
     */
    public void kill(SimDomain domain) {
        if (domain.isAlive()) {
            int domid = domain.domid();
            crash(domain);
            store.release(domid);
        }
    }

    /** Gone from the hypervisor; xenstored has not noticed yet. */
    private void crash(SimDomain domain) {
        domain.halt();
        xen.hypervisor().destroy(domain.hypervisorDomain());
        xen.hypervisor().raiseVirq(dom0.hypervisorDomain(), Hypervisor.VIRQ_DOM_EXC);
    }

    /**
     * Kills a driver domain if it still lives, creates another like it, and attaches its devices anew from there. Each
     * device's directories are replaced in one transaction, so a frontend sees another backend in the place of the old
     * one and never none; xenstored lets go of the old domain at the end.
     *
     * @param boot starts the backends in the new domain, before the devices appear
     */
    public SimDomain restartBackend(SimDomain backend, Consumer<SimDomain> boot) {
        List<SimDevice> served = new ArrayList<>();
        List<Map<String, String>> fronts = new ArrayList<>();
        List<Map<String, String>> backs = new ArrayList<>();
        for (SimDevice device : devices()) {
            if (device.backend() == backend) {
                served.add(device);
                fronts.add(DeviceNodes.configured(xen, device.frontendPath()));
                backs.add(DeviceNodes.configured(xen, device.backendPath()));
            }
        }
        int oldDomid = backend.domid();
        crash(backend);
        SimDomain fresh = xen.createDomain(backend.config());
        boot.accept(fresh);
        for (int i = 0; i < served.size(); i++) {
            SimDevice old = served.get(i);
            SimDevice device =
                    new SimDevice(old.kind(), old.devid(), old.frontend(), fresh, old.frontendId(), fresh.domid());
            fronts.get(i).put("backend-id", Integer.toString(fresh.domid()));
            store.transact(DeviceNodes.attach(device, fronts.get(i), backs.get(i)));
            synchronized (devices) {
                devices.set(devices.indexOf(old), device);
            }
        }
        store.release(oldDomid);
        store.transact(DomainNodes.destroy(oldDomid));
        xen.forget(backend);
        return fresh;
    }
}
