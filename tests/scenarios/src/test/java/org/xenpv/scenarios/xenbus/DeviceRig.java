package org.xenpv.scenarios.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.HostConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.simulator.xenstored.XenstoredConfig;
import org.xenpv.xenbus.FrontendStateMachine.Phase;
import org.xenpv.xenbus.XenbusFrontend;
import org.xenpv.xenbus.XenbusState;

/** A guest with a {@link RecordingDriver}'s device, whose backend is the test, and a xenstored with {@link StoreTrouble}. */
final class DeviceRig implements AutoCloseable {

    static final long PHASE_NS = TimeUnit.SECONDS.toNanos(10);
    static final Duration SOON = Duration.ofMillis(50);
    static final Duration LONG = Duration.ofMinutes(10);

    private static final Map<String, String> FRONT = Map.of("state", "1");
    private static final Map<String, String> BACK = Map.of("state", "1", "online", "1");

    final StoreTrouble trouble = new StoreTrouble();
    final long seed;
    final SimulatedXen xen;
    final SimDomain guest;
    final SimDomain back;
    final RecordingDriver driver;
    final XenbusFrontend front;
    SimDevice device;

    DeviceRig(long seed) {
        this(seed, config -> config);
    }

    DeviceRig(long seed, UnaryOperator<XenstoredConfig> store) {
        this(seed, store, PHASE_NS);
    }

    DeviceRig(long seed, UnaryOperator<XenstoredConfig> store, long phaseNs) {
        this.seed = Long.getLong("sim.seed", seed);
        xen = SimulatedXen.deterministic(
                this.seed,
                HostConfig.defaults()
                        .withXenstored(config -> store.apply(config).withFaults(trouble)));
        back = xen.createDomain(DomainConfig.named("back").asDriverDomain());
        guest = xen.createDomain(DomainConfig.named("guest"));
        attach();
        trouble.of(guest.domid());
        driver = new RecordingDriver(guest.guest());
        front = new XenbusFrontend(guest.guest(), device.nodename(), driver, phaseNs);
    }

    private void attach() {
        Map<String, String> front = new LinkedHashMap<>(FRONT);
        front.put("backend-id", Integer.toString(back.domid()));
        Map<String, String> backend = new LinkedHashMap<>(BACK);
        backend.put("frontend-id", Integer.toString(guest.domid()));
        device = xen.toolstack().attach("vtest", 0, guest, back, front, backend);
    }

    /** The toolstack takes the device away and attaches it again, at the same paths. */
    void makeAnew() {
        xen.toolstack().forceDetach(device);
        attach();
    }

    void start() {
        guest.run(g -> front.start());
    }

    void closeDevice() {
        guest.run(g -> front.close());
    }

    void backend(XenbusState state) {
        xen.toolstack().writeBackend(device, "state", Integer.toString(state.value()));
    }

    DeviceRig connect() {
        start();
        backend(XenbusState.INIT_WAIT);
        await(Phase.PUBLISHED);
        backend(XenbusState.CONNECTED);
        await(Phase.CONNECTED);
        xen.runFor(SOON);
        assertThat(frontState()).isEqualTo(XenbusState.CONNECTED);
        return this;
    }

    XenbusState frontState() {
        return xen.toolstack().state(device.frontendPath());
    }

    String front(String key) {
        return xen.toolstack().read(device.frontendPath() + "/" + key);
    }

    /** The backend changes something and says so, as for an online resize. */
    void announce(String value) {
        xen.toolstack().writeBackend(device, RecordingDriver.KEY, value);
        backend(XenbusState.CONNECTED);
    }

    void await(Phase phase) {
        assertThat(xen.runUntil(() -> front.phase() == phase, Duration.ofSeconds(1)))
                .as("seed=%d, phase %s, is %s", seed, phase, front.phase())
                .isTrue();
    }

    /** @return after how many nanoseconds */
    long awaitEnd() {
        long startNs = xen.clock().nanoTime();
        assertThat(xen.runUntil(() -> driver.told.contains("ended"), LONG))
                .as("seed=%d, ended, phase is %s, told %s", seed, front.phase(), driver.told)
                .isTrue();
        return xen.clock().nanoTime() - startNs;
    }

    void assertNothingHeld() {
        assertThat(driver.holdsAnything()).as("seed=%d", seed).isFalse();
        xen.assertNothingLeaked();
    }

    @Override
    public void close() {
        xen.close();
    }
}
