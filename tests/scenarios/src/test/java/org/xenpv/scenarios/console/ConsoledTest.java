package org.xenpv.scenarios.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.console.Consoled;
import org.xenpv.backends.console.ConsoledConfig;
import org.xenpv.backends.console.ConsoledConfig.Overflow;
import org.xenpv.backends.console.ConsoledStats;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.backends.console.MemoryTerminals;
import org.xenpv.backends.console.ServedConsole;
import org.xenpv.backends.console.Terminal;
import org.xenpv.console.ConsoleConfig;
import org.xenpv.console.FullPolicy;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantMapException;
import org.xenpv.io.console.XenconsInterface;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.Faults;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** The console daemon against guests, honest and not: what it serves, keeps, drops, refuses and lets go of. */
class ConsoledTest {

    private static final Duration SOON = Duration.ofSeconds(5);
    private static final ConsoleConfig KEEP = ConsoleConfig.DEFAULT.whenFull(FullPolicy.KEEP);

    /** A daemon in dom0, and one guest. */
    private static final class Host implements AutoCloseable {
        final SimulatedXen xen;
        final MemoryTerminals terminals = new MemoryTerminals();
        final SimDomain guest;
        final Consoled daemon;

        Host(SimulatedXen xen, ConsoledConfig config) {
            this(xen, null, config);
        }

        Host(SimulatedXen xen, Terminal.Factory factory, ConsoledConfig config) {
            this.xen = xen;
            this.guest = xen.createDomain(DomainConfig.named("guest"));
            this.daemon = xen.dom0().start(dom0 -> {
                Consoled consoled = new Consoled(dom0, factory == null ? terminals : factory, config);
                consoled.start();
                return consoled;
            });
        }

        ServedConsole console(int number) {
            int domid = guest.domid();
            return xen.dom0().call(dom0 -> daemon.console(domid, number));
        }

        ServedConsole awaitConnected(int number) {
            assertThat(xen.runUntil(
                            () -> console(number) != null && console(number).isConnected(), SOON))
                    .as("console %d is connected", number)
                    .isTrue();
            return console(number);
        }

        ConsoledStats stats(int number) {
            return console(number).stats();
        }

        MemoryTerminal terminal(int number) {
            return terminals.of(guest.domid(), number);
        }

        /** Bytes that have come out of a domain's primary console. */
        int printed(SimDomain domain) {
            MemoryTerminal terminal = terminals.of(domain.domid(), 0);
            return terminal == null ? 0 : terminal.outputBytes();
        }

        /** The guest's own view of its primary page. */
        SharedMemory page() {
            return guest.guest().console().memory();
        }

        /** Tells the daemon that the guest did something. */
        void event() {
            guest.run(g -> g.events().send(g.console().port()));
        }

        @Override
        public void close() {
            xen.dom0().stopServices();
        }
    }

    private static byte[] pattern(int count, long seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @SimulatedXenTest
    void shouldCollectWhatWasPrintedBeforeItCame(SimulatedXen xen) {
        SimDomain early = xen.createDomain(DomainConfig.named("early"));
        Watched console = Watched.primary(early, KEEP);
        console.write(pattern(3000, 1));
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            assertThat(xen.runUntil(() -> host.printed(early) == 3000, SOON)).isTrue();
            assertThat(host.terminals.of(early.domid(), 0).output()).isEqualTo(pattern(3000, 1));
        }
    }

    @SimulatedXenTest
    void shouldSayWhetherItListens_inTheConnectionByte(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            XenconsInterface.putConnection(host.page(), 7);
            xen.dom0().run(dom0 -> host.daemon.restart(host.guest.domid(), 0));
            host.awaitConnected(0);
            assertThat(XenconsInterface.connection(host.page())).isEqualTo(XenconsInterface.XENCONSOLE_CONNECTED);

            xen.toolstack().remove(host.guest.home() + "/console/port");
            assertThat(xen.runUntil(() -> !host.console(0).isConnected(), SOON)).isTrue();
            assertThat(XenconsInterface.connection(host.page())).isEqualTo(XenconsInterface.XENCONSOLE_DISCONNECTED);
        }
    }

    @SimulatedXenTest
    void shouldDiscardTheOldest_whenTheTerminalTakesNoneAndTheGuestShallNotWait(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT.limitBytes(4096))) {
            host.awaitConnected(0);
            host.terminal(0).room(0);
            Watched console = Watched.primary(host.guest, KEEP);
            byte[] printed = pattern(20_000, 1);
            assertThat(console.write(printed)).isEqualTo(20_000);
            assertThat(xen.runUntil(() -> host.stats(0).bytesOut() == 20_000, SOON))
                    .isTrue();

            assertThat(host.stats(0).bytesDiscarded()).isEqualTo(20_000 - 4096);
            host.terminal(0).room(Long.MAX_VALUE);
            assertThat(xen.runUntil(() -> host.terminal(0).outputBytes() == 4096, SOON))
                    .isTrue();
            assertThat(host.terminal(0).output()).isEqualTo(Arrays.copyOfRange(printed, 20_000 - 4096, 20_000));
        }
    }

    @SimulatedXenTest
    void shouldLeaveItOnTheRing_whenTheTerminalTakesNoneAndNothingShallBeLost(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT.limitBytes(4096).overflow(Overflow.KEEP))) {
            host.awaitConnected(0);
            host.terminal(0).room(0);
            Watched console = Watched.primary(host.guest, KEEP);
            byte[] printed = pattern(20_000, 1);
            console.write(printed);
            xen.runFor(Duration.ofMillis(500));
            assertThat(host.stats(0).bytesOut()).isEqualTo(4096);

            host.terminal(0).room(Long.MAX_VALUE);
            assertThat(xen.runUntil(() -> host.terminal(0).outputBytes() == 20_000, SOON))
                    .isTrue();
            assertThat(host.terminal(0).output()).isEqualTo(printed);
            assertThat(host.stats(0).bytesDiscarded()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"3000", "1", "999999999999999999999"})
    @OnSimulatedXen
    void shouldKeepItsLimitsWhateverTheKeySays(String limit, SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT.limitBytes(4096))) {
            xen.toolstack().attachConsole(host.guest, xen.dom0(), 1);
            host.guest.run(guest -> guest.store().write("device/console/1/limit", limit, (ok, error) -> {}));
            Watched console = Watched.xenbus(host.guest, 1, KEEP);
            host.awaitConnected(1);
            host.terminal(1).room(0);
            console.write(new byte[20_000]);
            assertThat(xen.runUntil(() -> host.stats(1).bytesOut() == 20_000, SOON))
                    .isTrue();
            int kept = limit.equals("3000") ? 3000 : limit.equals("1") ? ConsoledConfig.LIMIT_MIN : 4096;
            assertThat(host.stats(1).bytesDiscarded()).isEqualTo(20_000 - kept);
            console.close();
            console.awaitEnd();
        }
    }

    @SimulatedXenTest
    void shouldHoldInputBack_whenTheGuestDoesNotRead(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            byte[] typed = pattern(10_000, 1);
            host.terminal(0).type(typed);
            xen.runFor(Duration.ofMillis(50));
            assertThat(host.stats(0).bytesIn()).isEqualTo(1024);
            assertThat(host.terminal(0).untaken()).isEqualTo(10_000 - 2048); // a ring's worth is on its way

            Watched console = Watched.primary(host.guest, KEEP.buffers(100, 20_000));
            assertThat(xen.runUntil(() -> console.device.readable() == 10_000, SOON))
                    .isTrue();
            assertThat(console.read(20_000)).isEqualTo(typed);
        }
    }

    @SimulatedXenTest
    void shouldSendItsEventAgain_whenInputLiesThereAndNothingIsHeard(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            xen.inject(Faults.none().withEventsDropped(1000));
            host.terminal(0).type("x");
            xen.runFor(Duration.ofMillis(50));
            assertThat(host.stats(0).nudges()).isZero();
            xen.heal();
            xen.runFor(Duration.ofMillis(250));
            assertThat(host.stats(0).nudges()).isPositive();
        }
    }

    @SimulatedXenTest
    void shouldFindOutputWithoutItsEvent(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            ByteRingProducer.attach(host.page(), ByteRingLayout.CONSOLE_OUT).write(pattern(10, 1), 0, 10);
            assertThat(xen.runUntil(() -> host.terminal(0).outputBytes() == 10, Duration.ofMillis(250)))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2049, Integer.MIN_VALUE, -1})
    @OnSimulatedXen
    void shouldCloseTheConsoleAndOnlyThat_whenAGuestsOutProdIsImpossible(int prod, SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            SimDomain other = xen.createDomain(DomainConfig.named("other"));
            host.awaitConnected(0);
            host.page().putIntRelease(XenconsInterface.OUT_PROD_OFFSET, prod);
            host.event();

            assertThat(xen.runUntil(() -> !host.console(0).isConnected(), SOON)).isTrue();
            assertThat(host.console(0).reason()).isInstanceOf(XenProtocolException.class);
            assertThat(host.terminal(0).outputBytes()).isZero();
            Watched.primary(other, KEEP).write(pattern(10, 1));
            assertThat(xen.runUntil(() -> host.printed(other) == 10, SOON)).isTrue();
        }
    }

    @SimulatedXenTest
    void shouldCloseTheConsole_whenAGuestsInConsIsImpossible(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            host.page().putIntRelease(XenconsInterface.IN_CONS_OFFSET, 1);
            host.event();
            assertThat(xen.runUntil(() -> !host.console(0).isConnected(), SOON)).isTrue();
            assertThat(host.console(0).reason()).isInstanceOf(XenProtocolException.class);
        }
    }

    @SimulatedXenTest
    void shouldGoOnWithItsOwnIndices_whenAGuestEditsThem(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            ByteRingProducer guest = ByteRingProducer.attach(host.page(), ByteRingLayout.CONSOLE_OUT);
            guest.write(pattern(100, 1), 0, 100);
            host.event();
            assertThat(xen.runUntil(() -> host.terminal(0).outputBytes() == 100, SOON))
                    .isTrue();
            host.page().putIntRelease(XenconsInterface.OUT_CONS_OFFSET, 50); // print the half again, please
            host.page().putIntRelease(XenconsInterface.OUT_PROD_OFFSET, 110);
            host.event();
            assertThat(xen.runUntil(() -> host.terminal(0).outputBytes() > 100, SOON))
                    .isTrue();
            xen.runFor(Duration.ofMillis(5));
            assertThat(host.terminal(0).outputBytes()).isEqualTo(110);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "0x10", "99999999999", "1 "})
    @OnSimulatedXen
    void shouldRefuseAXenbusConsole_whenItsKeysAreNonsense(String port, SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            SimDevice device = xen.toolstack().attachConsole(host.guest, xen.dom0(), 1);
            Map<String, String> keys = new LinkedHashMap<>();
            keys.put("ring-ref", "8");
            keys.put("port", port);
            keys.put("state", "3");
            host.guest.run(guest ->
                    keys.forEach((key, value) -> guest.store().write("device/console/1/" + key, value, (ok, e) -> {})));

            assertThat(xen.runUntil(
                            () -> host.console(1) != null && host.console(1).reason() != null, SOON))
                    .isTrue();
            assertThat(host.console(1).isConnected()).isFalse();
            xen.toolstack().forceDetach(device);
        }
    }

    @SimulatedXenTest
    void shouldRefuseAXenbusConsole_whenItsPageIsNotGranted(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            SimDevice device = xen.toolstack().attachConsole(host.guest, xen.dom0(), 1);
            host.guest.run(guest -> {
                guest.store().write("device/console/1/ring-ref", "77", (ok, e) -> {});
                guest.store().write("device/console/1/port", "9", (ok, e) -> {});
                guest.store().write("device/console/1/state", "3", (ok, e) -> {});
            });
            assertThat(xen.runUntil(
                            () -> host.console(1) != null && host.console(1).reason() != null, SOON))
                    .isTrue();
            assertThat(host.console(1).reason()).isInstanceOf(GrantMapException.class);
            xen.toolstack().forceDetach(device);
        }
    }

    @SimulatedXenTest
    void shouldLetGoOfADeadDomainsPage_andKeepItsLastWords(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            Watched.primary(host.guest, KEEP).write("panic".getBytes(StandardCharsets.US_ASCII));
            MemoryTerminal terminal = host.terminal(0);
            ServedConsole console = host.console(0);
            assertThat(host.guest.hypervisorDomain().pinnedGrants()).isEqualTo(2); // store and console

            xen.toolstack().kill(host.guest);

            assertThat(xen.runUntil(terminal::isClosed, SOON)).isTrue();
            assertThat(terminal.text()).isEqualTo("panic");
            assertThat(console.isEnded()).isTrue();
            assertThat(host.guest.hypervisorDomain().pinnedGrants()).isZero();
        }
    }

    @SimulatedXenTest
    void shouldForgetADestroyedDomain(SimulatedXen xen) {
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            xen.toolstack().destroy(host.guest);
            assertThat(xen.runUntil(
                            () -> xen.dom0().call(dom0 -> host.daemon.consoles().isEmpty()), SOON))
                    .isTrue();
        }
    }

    @SimulatedXenTest
    void shouldLeaveConsolesOfAnotherDaemonAlone(SimulatedXen xen) {
        SimDomain guest = xen.createDomain(DomainConfig.named("ioemu"));
        xen.toolstack().write(guest.home() + "/console/type", "ioemu");
        try (Host host = new Host(xen, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            boolean connected = xen.dom0()
                    .call(dom0 -> host.daemon.console(guest.domid(), 0).isConnected());
            assertThat(connected).isFalse();
        }
    }

    /** A terminal that people can attach to. */
    private static Terminal named(String tty, Terminal behind) {
        return new Terminal() {
            @Override
            public void start(Runnable ready) {
                behind.start(ready);
            }

            @Override
            public int write(byte[] bytes, int at, int lengthBytes) {
                return behind.write(bytes, at, lengthBytes);
            }

            @Override
            public int read(byte[] target, int at, int lengthBytes) {
                return behind.read(target, at, lengthBytes);
            }

            @Override
            public String tty() {
                return tty;
            }

            @Override
            public void close() {
                behind.close();
            }
        };
    }

    @SimulatedXenTest
    void shouldSayWhereItsTerminalIs_wherePeopleLookForIt(SimulatedXen xen) {
        Terminal.Factory ptys = (domid, number) -> named("/dev/pts/" + number, new MemoryTerminal());
        try (Host host = new Host(xen, ptys, ConsoledConfig.DEFAULT)) {
            host.awaitConnected(0);
            SimDevice device = xen.toolstack().attachConsole(host.guest, xen.dom0(), 3);
            Watched console = Watched.xenbus(host.guest, 3, KEEP);
            host.awaitConnected(3);

            assertThat(xen.toolstack().read(host.guest.home() + "/console/tty")).isEqualTo("/dev/pts/0");
            assertThat(xen.toolstack().read(device.frontendPath() + "/tty")).isEqualTo("/dev/pts/3");
            assertThat(xen.toolstack().read(device.backendPath() + "/tty")).isEqualTo("/dev/pts/3");
            console.close();
            console.awaitEnd();
        }
    }

    @SimulatedXenTest
    void shouldServeTheOthers_whenATerminalCannotBeMade(SimulatedXen xen) {
        MemoryTerminals terminals = new MemoryTerminals();
        Terminal.Factory scarce = (domid, number) -> {
            if (number == 1) {
                throw new XenException("no terminals left");
            }
            return terminals.open(domid, number);
        };
        try (Host host = new Host(xen, scarce, ConsoledConfig.DEFAULT)) {
            SimDevice device = xen.toolstack().attachConsole(host.guest, xen.dom0(), 1);
            host.awaitConnected(0);
            assertThat(xen.runUntil(
                            () -> host.console(1) != null && host.console(1).reason() != null, SOON))
                    .isTrue();
            assertThat(xen.toolstack().read("/local/domain/0/error/" + device.backendNodename() + "/error"))
                    .isEqualTo("no terminals left");
            xen.toolstack().forceDetach(device);
        }
    }
}
