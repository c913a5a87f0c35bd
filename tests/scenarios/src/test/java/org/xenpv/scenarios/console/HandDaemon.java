package org.xenpv.scenarios.console;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.console.ConsoleKeys;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.xenbus.XenbusState;

/**
 * A console daemon in dom0 that does nothing by itself: a test maps, reads, types, scribbles, keeps and vanishes by hand,
 * on the guest's real page and port. For a deterministic host.
 */
final class HandDaemon implements AutoCloseable {

    static final Duration SOON = Duration.ofSeconds(5);

    private final SimulatedXen xen;
    private final SimDomain guest;
    private final SimDomain dom0;
    private SimDevice device;
    private final List<MappedPages> held = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();
    private final List<EventLoop.Registration> registrations = new ArrayList<>();

    private MappedPages page;
    private int port;
    private ByteRingConsumer out;
    private ByteRingProducer in;

    /** Events that have come from the guest. */
    int events;

    HandDaemon(SimulatedXen xen, SimDomain guest) {
        this.xen = xen;
        this.guest = guest;
        this.dom0 = xen.dom0();
    }

    /** Takes up the primary console. */
    HandDaemon primary() {
        open(0, guest.hypervisorDomain().startInfo().consolePort());
        return this;
    }

    /** Attaches a console on xenbus, in state Initialising. */
    HandDaemon attach(int number) {
        device = xen.toolstack().attachConsole(guest, dom0, number);
        return this;
    }

    /** The toolstack has attached our device anew. */
    void reattached() {
        List<SimDevice> devices = xen.toolstack().devices();
        device = devices.get(devices.size() - 1);
    }

    SimDevice device() {
        return device;
    }

    /** Goes through the handshake with a frontend that has been started. */
    void handshake() {
        advertise();
        take();
        connected();
    }

    void advertise() {
        state(XenbusState.INIT_WAIT);
        requireFront(XenbusState.INITIALISED);
    }

    /** Maps what the frontend has published. */
    void take() {
        open(Integer.parseInt(front(ConsoleKeys.RING_REF)), Integer.parseInt(front(ConsoleKeys.PORT)));
    }

    void connected() {
        state(XenbusState.CONNECTED);
        requireFront(XenbusState.CONNECTED);
    }

    private void open(int gref, int remotePort) {
        dom0.run(g -> {
            page = g.mapper().map(guest.domid(), new int[] {gref}, 1, GrantAccess.READ_WRITE);
            held.add(page);
            port = g.events().bindInterdomain(guest.domid(), remotePort);
            ports.add(port);
            int mine = port;
            registrations.add(g.loop().register(port, "by hand", new EventLoop.Handler() {
                private boolean first = true;

                @Override
                public int poll(int budget) {
                    events += first || mine != port ? 0 : 1;
                    first = false;
                    return 0;
                }
            }));
            out = ByteRingConsumer.attach(page.memory(), ByteRingLayout.CONSOLE_OUT);
            in = ByteRingProducer.attach(page.memory(), ByteRingLayout.CONSOLE_IN);
        });
    }

    SharedMemory page() {
        return page.memory();
    }

    /** What the guest has printed and this has not read yet; says so with an event. */
    byte[] read(int max) {
        byte[] bytes = new byte[max];
        byte[] got = Arrays.copyOf(bytes, Math.max(0, out.read(bytes, 0, max)));
        System.arraycopy(bytes, 0, got, 0, got.length);
        if (got.length > 0) {
            event();
        }
        return got;
    }

    /** Puts bytes on the ring; no event. */
    int typeSilently(byte[] bytes) {
        return in.write(bytes, 0, bytes.length);
    }

    int type(byte[] bytes) {
        int typed = typeSilently(bytes);
        event();
        return typed;
    }

    void put(int offset, int value) {
        page().putIntRelease(offset, value);
    }

    void event() {
        dom0.guest().events().send(port);
    }

    /** Sends an event every so often until the result is closed. */
    AutoCloseable storm(long periodNs, Runnable before) {
        boolean[] over = new boolean[1];
        Runnable[] send = new Runnable[1];
        send[0] = () -> {
            if (!over[0]) {
                before.run();
                event();
                EventLoop loop = dom0.guest().loop();
                loop.at(loop.clock().nanoTime() + periodNs, send[0]);
            }
        };
        dom0.run(g -> send[0].run());
        return () -> over[0] = true;
    }

    void state(XenbusState state) {
        xen.toolstack().writeBackend(device, "state", Integer.toString(state.value()));
    }

    String front(String key) {
        return xen.toolstack().read(device.frontendPath() + "/" + key);
    }

    void requireFront(XenbusState wanted) {
        if (!xen.toolstack().awaitState(device.frontendPath(), SOON, wanted)) {
            throw new AssertionError("frontend is " + front("state") + ", expected " + wanted);
        }
    }

    /** Lets go of every page and every port there has been. */
    void letGo() {
        dom0.run(g -> {
            registrations.forEach(EventLoop.Registration::cancel);
            ports.forEach(g.events()::close);
            held.forEach(MappedPages::close);
            registrations.clear();
            ports.clear();
            held.clear();
        });
    }

    @Override
    public void close() {
        letGo();
    }
}
