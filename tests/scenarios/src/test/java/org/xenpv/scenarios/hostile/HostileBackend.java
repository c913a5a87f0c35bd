package org.xenpv.scenarios.hostile;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.memory.SharedMemory;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.xenbus.XenbusState;

/**
 * What a backend of any kind can do by hand: its keys and states in xenstore, the frontend's pages it maps and keeps, the ports it
 * binds.
 *
 * <p>For a deterministic host. Methods that only touch mapped memory or send events may be called from inside the frontend's
 * callbacks; the others from the test.
 */
abstract class HostileBackend {

    static final Duration SOON = Duration.ofSeconds(5);
    static final int PAGE = SharedMemory.PAGE_BYTES;

    private final SimDomain domain;
    private SimDevice device;
    /** What we map, with the references. */
    private final Map<MappedPages, int[]> held = new LinkedHashMap<>();

    private final List<Integer> ports = new ArrayList<>();

    HostileBackend(SimDomain domain, SimDevice device) {
        this.domain = domain;
        this.device = device;
    }

    /** The toolstack has attached another device in the place of ours. */
    void device(SimDevice other) {
        device = other;
    }

    SimDevice device() {
        return device;
    }

    SimDomain domain() {
        return domain;
    }

    // ---- xenstore

    /** Writes keys of our directory, all at once. */
    void write(String... pairs) {
        String[] absolute = pairs.clone();
        for (int i = 0; i < absolute.length; i += 2) {
            absolute[i] = device.backendPath() + "/" + absolute[i];
        }
        boolean[] done = new boolean[1];
        domain.run(guest -> guest.store().writeAll((ok, error) -> done[0] = error == null, absolute));
        if (!domain.await(() -> done[0], SOON)) {
            throw new AssertionError("not written: " + List.of(pairs));
        }
    }

    void state(XenbusState state) {
        write("state", Integer.toString(state.value()));
    }

    /** Writes our state over and over without waiting. */
    void stateStorm(int times, XenbusState... states) {
        domain.run(guest -> {
            for (int i = 0; i < times; i++) {
                String value = Integer.toString(states[i % states.length].value());
                guest.store().write(device.backendPath() + "/state", value, (ok, error) -> {});
            }
        });
    }

    String front(String key) {
        String[][] found = new String[1][];
        domain.run(guest ->
                guest.store().readAll((values, error) -> found[0] = values, device.frontendPath() + "/" + key));
        domain.await(() -> found[0] != null, SOON);
        return found[0][0];
    }

    boolean awaitFront(XenbusState wanted) {
        for (int look = 0; look < 1000; look++) {
            if (XenbusState.parse(front("state")) == wanted) {
                return true;
            }
            domain.await(() -> false, Duration.ofMillis(1));
        }
        return false;
    }

    void requireFront(XenbusState wanted) {
        if (!awaitFront(wanted)) {
            throw new AssertionError("frontend is " + front("state") + ", expected " + wanted);
        }
    }

    /** Advertises and waits for the frontend to publish its rings. */
    void advertise(String... keys) {
        write(keys);
        state(XenbusState.INIT_WAIT);
        requireFront(published());
    }

    /** What the frontend's state becomes when it has published its rings. */
    XenbusState published() {
        return XenbusState.INITIALISED;
    }

    /** Waits for what the frontend does to memory we share, whether or not it tells us. */
    boolean awaitShared(BooleanSupplier holds) {
        for (int look = 0; look < 1000; look++) {
            if (domain.await(holds, Duration.ofMillis(1))) {
                return true;
            }
        }
        return false;
    }

    // ---- pages and ports

    /** Binds the port that the frontend published under a key. */
    int bind(String key) {
        int remotePort = Integer.parseInt(front(key));
        int port = domain.call(guest -> guest.events().bindInterdomain(device.frontendId(), remotePort));
        ports.add(port);
        return port;
    }

    void sendEvent(int port) {
        domain.guest().events().send(port);
    }

    MappedPages map(int[] grefs, GrantAccess access) {
        MappedPages pages = domain.call(guest -> guest.mapper().map(device.frontendId(), grefs, grefs.length, access));
        held.put(pages, grefs);
        return pages;
    }

    void unmap(MappedPages pages) {
        held.remove(pages);
        domain.run(guest -> pages.close());
    }

    static void fill(MappedPages pages, int value) {
        for (int at = 0; at < pages.pages() * PAGE; at++) {
            pages.memory().putByte(at, (byte) value);
        }
    }

    static byte[] bytes(MappedPages pages) {
        byte[] bytes = new byte[pages.pages() * PAGE];
        pages.memory().copyOut(0, bytes, 0, bytes.length);
        return bytes;
    }

    /** Pages of the frontend that we map at present; one that is mapped twice counts once. */
    int heldPages() {
        Set<Integer> distinct = new HashSet<>();
        for (int[] grefs : held.values()) {
            for (int gref : grefs) {
                distinct.add(gref);
            }
        }
        return distinct.size();
    }

    /** Lets go of every page and every port. */
    void letGo() {
        domain.run(guest -> {
            held.keySet().forEach(MappedPages::close);
            held.clear();
            ports.forEach(guest.events()::close);
            ports.clear();
        });
    }
}
