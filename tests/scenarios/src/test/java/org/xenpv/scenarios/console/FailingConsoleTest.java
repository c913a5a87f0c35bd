package org.xenpv.scenarios.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.console.Consoled;
import org.xenpv.backends.console.ConsoledConfig;
import org.xenpv.backends.console.MemoryTerminals;
import org.xenpv.backends.console.ServedConsole;
import org.xenpv.console.ConsoleConfig;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.scenarios.hostile.FailingGuest;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** A console whose own guest, or whose own program, throws. */
class FailingConsoleTest {

    private static final ConsoleConfig CONFIG = ConsoleConfig.DEFAULT.deadlines(1_000_000_000L, 2_000_000_000L);

    /** The page, then the port. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void shouldEndWithTheCause_whenWhatItNeedsCannotBeHad(int call, SimulatedXen xen) {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        HandDaemon daemon = new HandDaemon(xen, guest);
        daemon.attach(1);
        IllegalStateException thrown = new IllegalStateException("call " + call);
        Watched console = Watched.xenbus(guest, new FailingGuest(guest.guest(), call, thrown), 1, CONFIG);
        daemon.state(XenbusState.INIT_WAIT);
        daemon.requireFront(XenbusState.CLOSING);
        assertThat(catchThrowable(() -> console.write(new byte[1]))).hasCause(thrown);
        daemon.state(XenbusState.CLOSED);
        console.awaitEnd();
        assertThat(console.reason).isInstanceOf(XenException.class).hasCause(thrown);
        assertThat(guest.guest().grants().ledger().entries()).isEmpty();
    }

    @SimulatedXenTest
    void shouldEndWithTheCause_whenNobodyTakesItsEvents(SimulatedXen xen) {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        HandDaemon daemon = new HandDaemon(xen, guest);
        daemon.attach(1);
        FailingGuest view = new FailingGuest(guest.guest(), Integer.MAX_VALUE, null).withPortsTakenFrom(0);
        Watched console = Watched.xenbus(guest, view, 1, CONFIG);
        daemon.state(XenbusState.INIT_WAIT);
        daemon.requireFront(XenbusState.INITIALISED);
        daemon.state(XenbusState.CONNECTED);
        daemon.requireFront(XenbusState.CLOSING);
        daemon.state(XenbusState.CLOSED);
        console.awaitEnd();
        assertThat(console.told).containsExactly("ended");
        assertThat(console.reason).hasCauseInstanceOf(IllegalArgumentException.class);
        xen.runFor(Duration.ofSeconds(2)); // the other is gone
    }

    @SimulatedXenTest
    void shouldEndWithTheCause_whenNobodyTakesThePrimarysEvents(SimulatedXen xen) {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        EventLoop.Registration other =
                guest.call(g -> g.loop().register(g.console().port(), "other", budget -> 0));
        Watched console = Watched.primary(guest, CONFIG);
        assertThat(console.told).containsExactly("ended");
        assertThat(console.reason).hasCauseInstanceOf(IllegalArgumentException.class);
        assertThat(catchThrowable(() -> console.write(new byte[1]))).isSameAs(console.reason);
        guest.run(g -> other.cancel());
    }

    /** The other half: a backend whose domain gives it no port, or no events of the one it gave. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void shouldLetGoOfThePage_whenTheDaemonCannotServeIt(boolean bound, SimulatedXen xen) {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        xen.dom0().start(dom0 -> {
            FailingGuest view = bound
                    ? new FailingGuest(dom0, Integer.MAX_VALUE, null).withPortsTakenFrom(1)
                    : new FailingGuest(dom0, 1, new IllegalStateException("no port")); // the primary's is the first
            Consoled consoled = new Consoled(view, new MemoryTerminals(), ConsoledConfig.DEFAULT);
            consoled.start();
            return consoled;
        });
        xen.runFor(Duration.ofMillis(50));
        SimDevice device = xen.toolstack().attachConsole(guest, xen.dom0(), 1);
        Watched console = Watched.xenbus(guest, 1, CONFIG);
        assertThat(xen.toolstack().awaitState(device.backendPath(), HandDaemon.SOON, XenbusState.CLOSED))
                .isTrue();
        assertThat(xen.toolstack().read("/local/domain/0/error/" + device.backendNodename() + "/error"))
                .contains("the driver threw");
        xen.runFor(Duration.ofSeconds(2)); // the other is gone
        console.close();
        console.awaitEnd();
        xen.dom0().stopServices();
    }

    /** The same of the first console, which has no states to say it with. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void shouldSayWhy_whenTheDaemonCannotServeThePrimary(boolean error, SimulatedXen xen) {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        IllegalStateException noPort = new IllegalStateException("no port");
        StackOverflowError noTerminal = new StackOverflowError("no terminal");
        Consoled daemon = xen.dom0().start(dom0 -> {
            Consoled consoled = error
                    ? new Consoled(
                            dom0,
                            (domid, number) -> {
                                throw noTerminal;
                            },
                            ConsoledConfig.DEFAULT)
                    : new Consoled(new FailingGuest(dom0, 0, noPort), new MemoryTerminals(), ConsoledConfig.DEFAULT);
            consoled.start();
            return consoled;
        });
        xen.runFor(Duration.ofMillis(50));
        ServedConsole console = xen.dom0().call(dom0 -> daemon.console(guest.domid(), 0));
        assertThat(console.isConnected()).isFalse();
        assertThat(console.reason()).isInstanceOf(XenException.class).hasCause(error ? noTerminal : noPort);
        assertThat(xen.dom0().errors()).hasSize(error ? 1 : 0);
        xen.dom0().clearErrors();
        xen.dom0().stopServices();
    }

    /** Told of anything, the program throws: the console works as if it had not. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void shouldCostTheConsoleNothing_whenItsListenerThrows(int number, SimulatedXen xen) {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        HandDaemon daemon = new HandDaemon(xen, guest);
        Watched console;
        if (number == 0) {
            daemon.primary();
            console = Watched.primary(guest, CONFIG, "listener");
        } else {
            daemon.attach(number);
            console = Watched.xenbus(guest, number, CONFIG, "listener");
            daemon.handshake();
        }
        byte[] line = "line".getBytes(StandardCharsets.US_ASCII);
        for (int round = 0; round < 3; round++) {
            console.write(new byte[3000]);
            assertThat(daemon.read(4096)).hasSize(2048);
            xen.runFor(Duration.ofMillis(5)); // not left to the watchdog
            assertThat(daemon.read(4096)).hasSize(3000 - 2048);
            daemon.type(line);
            assertThat(xen.runUntil(() -> console.device.readable() == line.length, HandDaemon.SOON))
                    .isTrue();
            assertThat(console.read(100)).isEqualTo(line);
        }
        console.close();
        if (number != 0) {
            daemon.state(XenbusState.CLOSED);
        }
        console.awaitEnd();
        assertThat(console.reason).isNull();
        assertThat(console.told).contains("connected", "readable", "writable", "ended");
        assertThat(guest.errors()).hasSameSizeAs(console.told).allMatch(error -> error.contains("listener"));
        guest.clearErrors();
        daemon.letGo();
    }
}
