package org.xenpv.scenarios.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenException;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.HostConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.XenbusBackend;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreException;

/** The backend's end when xenstore or its own driver fails; the frontend is the test. */
class BackendTroubleTest {

    private static final Duration SOON = Duration.ofMillis(50);
    private static final Duration A_WHILE = Duration.ofSeconds(12);

    private final StoreTrouble trouble = new StoreTrouble();
    private final SimulatedXen xen = SimulatedXen.deterministic(
            Long.getLong("sim.seed", 1), HostConfig.defaults().withXenstored(store -> store.withFaults(trouble)));
    private final SimDomain back = xen.createDomain(DomainConfig.named("back").asDriverDomain());
    private final SimDomain front = xen.createDomain(DomainConfig.named("front"));
    private final SimDevice device = xen.toolstack()
            .attach(
                    "vtest",
                    0,
                    front,
                    back,
                    Map.of("state", "1", "backend-id", Integer.toString(back.domid())),
                    Map.of("state", "1", "online", "1", "frontend-id", Integer.toString(front.domid())));
    private final RecordingBackend driver = new RecordingBackend();
    private final XenbusBackend backend = new XenbusBackend(back.guest(), device.backendNodename(), driver);

    BackendTroubleTest() {
        trouble.of(back.domid());
    }

    @AfterEach
    void end() {
        trouble.heal();
        back.run(domain -> backend.kill());
        try (xen) {
            xen.assertNothingLeaked();
        }
    }

    private void start() {
        back.run(domain -> backend.start());
        xen.runFor(SOON);
    }

    private void frontend(XenbusState state) {
        xen.toolstack().writeFrontend(device, "state", Integer.toString(state.value()));
        xen.runFor(SOON);
    }

    private void connect() {
        start();
        frontend(XenbusState.INITIALISED);
        frontend(XenbusState.CONNECTED);
        assertState(XenbusState.CONNECTED);
    }

    private void assertState(XenbusState state) {
        assertThat(xen.toolstack().state(device.backendPath())).isEqualTo(state);
        assertThat(backend.state()).isEqualTo(state);
    }

    private String written(String key) {
        return xen.toolstack().read(device.backendPath() + "/" + key);
    }

    private String errorNode() {
        return xen.toolstack().read(back.home() + "/error/" + device.backendNodename() + "/error");
    }

    @ParameterizedTest
    @ValueSource(strings = {"EAGAIN", "EIO", "EQUOTA", StoreTrouble.SILENCE})
    void shouldServeOn_whenLooksFailForAWhile(String errno) {
        connect();
        trouble.answers(errno, XsMessageType.READ);
        frontend(XenbusState.CONNECTED);
        xen.runFor(A_WHILE);
        assertThat(trouble.hits).isGreaterThan(1);
        assertThat(driver.told).doesNotContain("disconnect", "removed");
        trouble.heal();
        frontend(XenbusState.CLOSING);
        xen.runFor(A_WHILE);
        assertState(XenbusState.CLOSING);
    }

    @Test
    void shouldGiveUp_whenTheTriesAreOver() {
        connect();
        trouble.answers("EIO", XsMessageType.READ);
        frontend(XenbusState.CONNECTED);
        assertThat(xen.runUntil(() -> driver.told.contains("removed"), Duration.ofMinutes(1)))
                .isTrue();
        assertThat(driver.reason).isInstanceOf(XenstoreException.class).hasMessageEndingWith(": EIO");
        assertThat(driver.told).contains("disconnect");
    }

    @ParameterizedTest
    @CsvSource({"EAGAIN, READ", "EIO, READ", "EIO, WRITE", "silence, READ", "silence, WRITE"})
    void shouldServeInTheEnd_whenXenstoreFailsForAWhileBefore(String errno, XsMessageType type) {
        trouble.answers(errno, type);
        start();
        frontend(XenbusState.INITIALISED);
        xen.runFor(Duration.ofSeconds(4));
        assertThat(trouble.hits).isPositive();
        trouble.heal();
        xen.runFor(A_WHILE);
        assertState(XenbusState.CONNECTED);
        assertThat(driver.told).containsExactly("advertise", "connect");
        assertThat(written(RecordingBackend.FEATURE)).isEqualTo("1");
        assertThat(written(RecordingBackend.SIZE)).isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/state", "/online"})
    void shouldFailAtOnceWithXenstoresError_whenAWatchIsRefused(String path) {
        trouble.answersAbout(path, "EQUOTA", XsMessageType.WATCH);
        start();
        assertThat(driver.told).contains("removed");
        assertThat(driver.reason).isInstanceOf(XenstoreException.class).hasMessageEndingWith(path + ": EQUOTA");
        assertThat(errorNode()).contains("EQUOTA");
        trouble.heal();
        xen.toolstack().forceDetach(device);
        xen.toolstack().kill(back); // with the watch that was registered all the same
    }

    /** What connecting wrote must not be lost because an announcement comes while it is tried again. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldWriteEverything_whenTwoWritesWaitToBeTriedAgain(boolean conflict) {
        start();
        if (conflict) {
            trouble.conflicts();
        } else {
            trouble.answers("EIO", XsMessageType.WRITE);
        }
        xen.toolstack().writeFrontend(device, "state", "3");
        xen.runFor(Duration.ofSeconds(1));
        if (conflict) {
            trouble.heal(); // reading the keys conflicts as well
            xen.runUntil(() -> driver.told.contains("connect"), A_WHILE);
            trouble.conflicts();
            xen.runFor(SOON);
        }
        back.run(domain -> backend.announce(new KeySnapshot.Writer().put("other", 2)));
        xen.runFor(Duration.ofSeconds(1));
        back.run(domain -> backend.announce(new KeySnapshot.Writer().put(RecordingBackend.SIZE, 3)));
        xen.runFor(Duration.ofSeconds(1));
        trouble.heal();
        xen.runFor(A_WHILE);
        assertState(XenbusState.CONNECTED);
        assertThat(written("other")).isEqualTo("2");
        assertThat(written(RecordingBackend.SIZE)).isEqualTo("3");
    }

    @Test
    void shouldWriteNothingLate_whenKilled() {
        start();
        trouble.conflicts();
        frontend(XenbusState.CLOSING);
        back.run(domain -> backend.kill());
        trouble.heal();
        xen.runFor(A_WHILE);
        assertThat(xen.toolstack().state(device.backendPath())).isEqualTo(XenbusState.INIT_WAIT);
    }

    /** The toolstack waits for it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSayClosed_whenTheDeviceIsDetachedThoughThatConflictsForAWhile(boolean conflicts) {
        connect();
        xen.toolstack().requestDetach(device);
        xen.runFor(SOON);
        if (conflicts) {
            trouble.conflicts();
        }
        frontend(XenbusState.CLOSED);
        assertThat(driver.told).contains("removed");
        trouble.heal();
        xen.runFor(Duration.ofSeconds(2));
        assertThat(xen.toolstack().state(device.backendPath())).isEqualTo(XenbusState.CLOSED);
    }

    /** Or it does not, and has made the device anew. */
    @Test
    void shouldNotSayClosed_whenTheDeviceWasMadeAnewMeanwhile() {
        connect();
        xen.toolstack().requestDetach(device);
        xen.runFor(SOON);
        trouble.conflicts();
        frontend(XenbusState.CLOSED);
        assertThat(driver.told).contains("removed");
        xen.toolstack().writeBackend(device, "state", "1");
        trouble.heal();
        xen.runFor(Duration.ofSeconds(2));
        assertThat(xen.toolstack().state(device.backendPath())).isEqualTo(XenbusState.INITIALISING);
    }

    @ParameterizedTest
    @CsvSource({
        "advertise, own",
        "advertise, state",
        "advertise, error",
        "connect, own",
        "connect, state",
        "connect, error"
    })
    void shouldSayWhy_whenItsDriverThrows(String method, String kind) {
        Throwable thrown = kind.equals("own")
                ? new XenException("thrown")
                : kind.equals("state") ? new IllegalStateException("thrown") : new AssertionError("thrown");
        driver.throwAt(method, thrown);
        start();
        frontend(XenbusState.INITIALISED);
        assertState(XenbusState.CLOSING);
        assertThat(driver.told).last().isEqualTo("disconnect");
        assertThat(errorNode()).contains(kind.equals("own") ? "thrown" : "the driver threw java.lang.");
        assertThat(back.errors()).hasSize(kind.equals("error") ? driver.count(method) : 0);
        frontend(XenbusState.CLOSED);
        assertState(XenbusState.CLOSED);
    }
}
