package org.xenpv.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.console.ConsoledConfig;
import org.xenpv.backends.console.ConsoledConfig.Overflow;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.Faults;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** The console as a program on the JVM sees it: two streams, over an honest daemon. */
class PvConsoleTest {

    private static final Duration A_WHILE = Duration.ofSeconds(5);
    private static final ConsoleConfig KEEP = ConsoleConfig.DEFAULT.whenFull(FullPolicy.KEEP);

    /** The daemon takes no more than the terminal does. */
    private static final ConsoledConfig UNHURRIED =
            ConsoledConfig.DEFAULT.overflow(Overflow.KEEP).limitBytes(ConsoledConfig.LIMIT_MIN);

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] random(int count, long seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @SimulatedXenTest
    void shouldPrintAndRead_whenConsoleIsPrimary(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen);
                PvConsole console = host.primary(ConsoleConfig.DEFAULT)) {
            MemoryTerminal terminal = host.terminal(0);
            console.output().write(bytes("hello\r\n"));
            assertThat(host.printed(terminal, "hello\r\n")).isTrue();

            terminal.type("yes");
            assertThat(console.input().read()).isEqualTo('y');
            assertThat(console.input().readNBytes(2)).isEqualTo(bytes("es"));
            assertThat(console.input().available()).isZero();
            assertThat(console.input().read(new byte[0])).isZero();
        }
    }

    @SimulatedXenTest
    void shouldServeEachItsOwn_whenThereAreManyConsoles(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            List<PvConsole> consoles = new ArrayList<>();
            for (int number : new int[] {1, 2, 10, 11, 100}) {
                host.attach(number);
                PvConsole console = host.connect(number, ConsoleConfig.DEFAULT);
                consoles.add(console);
                console.output().write(bytes("this is " + number));
            }
            for (int number : new int[] {1, 2, 10, 11, 100}) {
                assertThat(host.printed(host.terminal(number), "this is " + number))
                        .isTrue();
                host.terminal(number).type("for " + number);
            }
            int i = 0;
            for (int number : new int[] {1, 2, 10, 11, 100}) {
                byte[] expected = bytes("for " + number);
                assertThat(consoles.get(i++).input().readNBytes(expected.length))
                        .isEqualTo(expected);
            }
            consoles.forEach(PvConsole::close);
        }
    }

    /** Both ways at once, over an echo: what the guest reads it prints, xor 1. */
    private static void echo(SimulatedXen xen, ConsoleHost host, PvConsole console, MemoryTerminal terminal)
            throws IOException {
        byte[] typed = random(20_000, xen.seed());
        int given = 0;
        int read = 0;
        byte[] buffer = new byte[3000];
        while (read < typed.length) {
            given += terminal.type(Arrays.copyOfRange(typed, given, Math.min(typed.length, given + 3000)));
            int count = console.input().read(buffer);
            for (int i = 0; i < count; i++) {
                buffer[i] ^= 1;
            }
            console.output().write(buffer, 0, count);
            read += count;
        }
        assertThat(xen.runUntil(() -> terminal.outputBytes() == typed.length, A_WHILE))
                .isTrue();
        byte[] output = terminal.output();
        for (int i = 0; i < output.length; i++) {
            output[i] ^= 1;
        }
        assertThat(output).isEqualTo(typed);
    }

    @SimulatedXenTest
    void shouldCarryRandomBytesBothWays_whenThePrimaryRunsOver(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen);
                PvConsole console = host.primary(KEEP)) {
            echo(xen, host, console, host.terminal(0));
        }
    }

    @SimulatedXenTest
    void shouldCarryRandomBytesBothWays_whenEventsAreLateDoubledAndFalse(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            host.attach(1);
            try (PvConsole console = host.connect(1, KEEP)) {
                xen.inject(Faults.weather());
                echo(xen, host, console, host.terminal(1));
                xen.heal();
            }
        }
    }

    @SimulatedXenTest
    void shouldCarryRandomBytesBothWays_whenEventsAreLost(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            host.attach(1);
            try (PvConsole console = host.connect(1, KEEP)) {
                MemoryTerminal terminal = host.terminal(1);
                xen.inject(Faults.none().withEventsDropped(300));
                echo(xen, host, console, terminal);
                xen.heal();
            }
        }
    }

    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    @Test
    @Timeout(30)
    void shouldCarryRandomBytesBothWays_whenEveryDomainHasAThread(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            host.attach(3);
            try (PvConsole console = host.connect(3, KEEP);
                    PvConsole primary = host.primary(KEEP)) {
                echo(xen, host, console, host.terminal(3));
                echo(xen, host, primary, host.terminal(0));
            }
        }
    }

    @SimulatedXenTest
    void shouldWaitForRoom_whenKeepingAndTheTerminalIsSlow(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen, UNHURRIED);
                PvConsole console = host.primary(KEEP.buffers(100, 100))) {
            MemoryTerminal terminal = host.terminal(0);
            byte[] printed = random(20_000, xen.seed());
            terminal.room(0);
            host.guest.run(guest -> {
                for (int ms = 200; ms < 4000; ms += 200) {
                    guest.loop().at(guest.clock().nanoTime() + ms * 1_000_000L, () -> terminal.room(2000));
                }
            });
            long sinceNs = xen.clock().nanoTime();

            console.output().write(printed);

            assertThat(xen.clock().nanoTime() - sinceNs).isBetween(1_000_000_000L, 4_000_000_000L);
            terminal.room(Long.MAX_VALUE);
            assertThat(xen.runUntil(() -> terminal.outputBytes() == printed.length, A_WHILE))
                    .isTrue();
            assertThat(terminal.output()).isEqualTo(printed);
            assertThat(console.stats().bytesDropped()).isZero();
        }
    }

    @SimulatedXenTest
    void shouldGiveUpAtTheDeadline_whenKeepingAndNobodyTakes(SimulatedXen xen) {
        ConsoleConfig config = KEEP.buffers(100, 100).deadlines(3_000_000_000L, 1_000_000_000L);
        try (ConsoleHost host = new ConsoleHost(xen, UNHURRIED);
                PvConsole console = host.primary(config)) {
            host.terminal(0).room(0);
            long sinceNs = xen.clock().nanoTime();

            // The daemon's buffer, the ring, ours.
            assertThatThrownBy(() -> console.output().write(new byte[10_000]))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("took " + (2048 + 2048 + 100) + " of 10000 bytes in 3000 ms");
            assertThat(xen.clock().nanoTime() - sinceNs).isBetween(3_000_000_000L, 3_010_000_000L);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = FullPolicy.class,
            names = {"DROP_NEWEST", "DROP_OLDEST"})
    @OnSimulatedXen
    void shouldNeverWait_whenDroppingAndNobodyTakes(FullPolicy policy, SimulatedXen xen) throws IOException {
        ConsoleConfig config =
                ConsoleConfig.DEFAULT.whenFull(policy).buffers(1000, 100).deadlines(1, 1_000_000_000L);
        try (ConsoleHost host = new ConsoleHost(xen, UNHURRIED);
                PvConsole console = host.primary(config)) {
            host.terminal(0).room(0);
            long sinceNs = xen.clock().nanoTime();

            for (int i = 0; i < 100; i++) {
                console.output().write(new byte[1000]);
            }

            assertThat(xen.clock().nanoTime() - sinceNs).isLessThan(1_000_000L);
            assertThat(console.stats().bytesDropped()).isEqualTo(100_000 - 2048 - 1000);
        }
    }

    @SimulatedXenTest
    void shouldDeliverEverything_whenClosedRightAfterWriting(SimulatedXen xen) throws IOException {
        byte[] printed = random(60_000, xen.seed());
        try (ConsoleHost host = new ConsoleHost(xen)) {
            host.attach(1);
            MemoryTerminal terminal = host.terminal(1);
            try (PvConsole console = host.connect(1, KEEP)) {
                console.output().write(printed);
            }
            assertThat(terminal.output()).isEqualTo(printed);

            try (PvConsole console = host.primary(KEEP)) {
                console.output().write(printed);
            }
            assertThat(xen.runUntil(() -> host.terminal(0).outputBytes() == printed.length, A_WHILE))
                    .isTrue();
            assertThat(host.terminal(0).output()).isEqualTo(printed);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void shouldCloseInBoundedTimeAndCountWhatIsLost_whenNobodyTakes(int number, SimulatedXen xen) throws IOException {
        ConsoleConfig config = KEEP.deadlines(1_000_000_000L, 2_000_000_000L);
        try (ConsoleHost host = new ConsoleHost(xen, UNHURRIED)) {
            host.attach(1);
            PvConsole console = number == 0 ? host.primary(config) : host.connect(1, config);
            host.terminal(number).room(0);
            console.output().write(new byte[10_000]);
            long sinceNs = xen.clock().nanoTime();

            console.close();

            assertThat(xen.clock().nanoTime() - sinceNs).isBetween(2_000_000_000L, 2_100_000_000L);
            assertThat(console.stats().bytesDropped()).isGreaterThan(0);
        }
    }

    @SimulatedXenTest
    void shouldConnectAgain_whenClosedAndOpened(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            host.attach(1);
            for (int round = 0; round < 5; round++) {
                try (PvConsole console = host.connect(1, KEEP)) {
                    console.output().write('0' + round);
                }
                try (PvConsole console = host.primary(KEEP)) {
                    console.output().write('0' + round);
                }
            }
            assertThat(host.printed(host.terminal(0), "01234")).isTrue();
            assertThat(host.terminal(1).text()).isEqualTo("01234");
            assertThat(host.terminals.all()).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void shouldGoOn_whenTheDaemonIsKilledAndRestarted(int number, SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            host.attach(1);
            try (PvConsole console = number == 0 ? host.primary(KEEP) : host.connect(1, KEEP)) {
                MemoryTerminal first = host.terminal(number);
                console.output().write(bytes("one "));
                assertThat(host.printed(first, "one ")).isTrue();

                int domid = host.guest.domid();
                xen.dom0().run(dom0 -> host.daemon.console(domid, number).kill());
                console.output().write(bytes("two "));
                xen.dom0().run(dom0 -> host.daemon.restart(domid, number));
                console.output().write(bytes("three"));
                assertThat(xen.runUntil(() -> host.terminals.of(domid, number) != first, A_WHILE))
                        .isTrue();

                MemoryTerminal second = host.terminal(number);
                assertThat(host.printed(second, "two three")).isTrue();
                second.type("ok");
                assertThat(console.input().readNBytes(2)).isEqualTo(bytes("ok"));
                assertThat(first.isClosed()).isTrue();
            }
        }
    }

    @SimulatedXenTest
    void shouldGoOn_whenTheDriverDomainIsReplaced(SimulatedXen xen) throws IOException {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        SimDomain consoles = xen.createDomain(DomainConfig.named("consoles").asDriverDomain());
        ConsoleHost.Served first = ConsoleHost.serve(consoles);
        xen.toolstack().attachConsole(guest, consoles, 1);
        try (PvConsole console = PvConsole.connect(guest.guest(), "device/console/1", KEEP)) {
            console.output().write(bytes("one"));
            assertThat(xen.runUntil(() -> "one".equals(first.text(guest, 1)), A_WHILE))
                    .isTrue();
            AtomicReference<ConsoleHost.Served> second = new AtomicReference<>();

            SimDomain fresh = xen.toolstack().restartBackend(consoles, domain -> second.set(ConsoleHost.serve(domain)));
            console.output().write(bytes("two"));

            xen.runUntil(() -> "two".equals(second.get().text(guest, 1)), A_WHILE);
            assertThat(second.get().text(guest, 1)).isEqualTo("two");
            console.close();
            fresh.stopServices();
        }
    }

    @SimulatedXenTest
    void shouldGoOnWhereItWas_whenASuspendIsCancelled(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            host.attach(1);
            try (PvConsole primary = host.primary(KEEP);
                    PvConsole console = host.connect(1, KEEP)) {
                primary.output().write(bytes("before "));
                console.output().write(bytes("before "));

                xen.toolstack().suspend(host.guest);
                host.terminal(0).type("ok");
                xen.toolstack().resume(host.guest);
                primary.output().write(bytes("after"));
                console.output().write(bytes("after"));

                assertThat(host.printed(host.terminal(0), "before after")).isTrue();
                assertThat(host.printed(host.terminal(1), "before after")).isTrue();
                assertThat(primary.input().readNBytes(2)).isEqualTo(bytes("ok"));
            }
        }
    }

    @SimulatedXenTest
    void shouldGoOnInAnotherLife_whenTheDomainIsRestored(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            host.attach(1);
            try (PvConsole primary = host.primary(KEEP);
                    PvConsole console = host.connect(1, KEEP)) {
                primary.output().write(bytes("before"));
                console.output().write(bytes("before"));
                MemoryTerminal firstPrimary = host.terminal(0);
                MemoryTerminal first = host.terminal(1);

                xen.toolstack().suspend(host.guest);
                xen.toolstack().restore(host.guest);
                primary.output().write(bytes("after"));
                console.output().write(bytes("after"));

                assertThat(firstPrimary.text()).isEqualTo("before");
                assertThat(first.text()).isEqualTo("before");
                assertThat(firstPrimary.isClosed()).isTrue();
                assertThat(host.printed(host.terminal(0), "after")).isTrue();
                assertThat(host.printed(host.terminal(1), "after")).isTrue();
                host.terminal(0).type("ok");
                assertThat(primary.input().readNBytes(2)).isEqualTo(bytes("ok"));
            }
        }
    }

    @SimulatedXenTest
    void shouldEndWithAReason_whenTheDeviceIsDetached(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            SimDevice device = host.attach(1);
            PvConsole console = host.connect(1, KEEP);
            console.output().write(bytes("last words"));
            host.terminal(1).type("unread");
            assertThat(console.input().read()).isEqualTo('u');
            MemoryTerminal terminal = host.terminal(1);

            assertThat(xen.toolstack().detach(device)).isTrue();

            assertThat(terminal.text()).isEqualTo("last words");
            assertThat(console.input().readNBytes(5)).isEqualTo(bytes("nread"));
            assertThatThrownBy(() -> console.input().read())
                    .isInstanceOf(IOException.class)
                    .hasCauseInstanceOf(XenPeerGoneException.class);
            assertThatThrownBy(() -> console.output().write(1))
                    .isInstanceOf(IOException.class)
                    .hasCauseInstanceOf(XenPeerGoneException.class);
            console.close();

            host.attach(1);
            try (PvConsole again = host.connect(1, KEEP)) {
                again.output().write('x');
                assertThat(xen.runUntil(() -> host.terminal(1) != terminal, A_WHILE))
                        .isTrue();
                assertThat(host.printed(host.terminal(1), "x")).isTrue();
            }
        }
    }

    @SimulatedXenTest
    void shouldSayEndOfInputAndRefuseOutput_whenClosed(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            PvConsole console = host.primary(KEEP);
            console.close();
            console.close();

            assertThat(console.input().read()).isEqualTo(-1);
            assertThatThrownBy(() -> console.output().write(1))
                    .isInstanceOf(IOException.class)
                    .hasMessage("console is closed");
        }
    }

    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    @Test
    @Timeout(30)
    void shouldEndAWaitingRead_whenClosedByAnotherThread(SimulatedXen xen) throws Exception {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            PvConsole console = host.primary(KEEP);
            AtomicReference<Object> outcome = new AtomicReference<>();
            Thread reader = reader(console, outcome);

            console.close();

            reader.join(TimeUnit.SECONDS.toMillis(10));
            assertThat(outcome.get()).isEqualTo(-1);
        }
    }

    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    @Test
    @Timeout(30)
    void shouldEndAWaitingRead_whenInterrupted(SimulatedXen xen) throws Exception {
        try (ConsoleHost host = new ConsoleHost(xen);
                PvConsole console = host.primary(KEEP)) {
            AtomicReference<Object> outcome = new AtomicReference<>();
            Thread reader = reader(console, outcome);

            reader.interrupt();

            reader.join(TimeUnit.SECONDS.toMillis(10));
            assertThat(outcome.get()).isInstanceOf(InterruptedIOException.class);
        }
    }

    private static Thread reader(PvConsole console, AtomicReference<Object> outcome) {
        Thread reader = new Thread(() -> {
            try {
                outcome.set(console.input().read());
            } catch (IOException e) {
                outcome.set(e);
            }
        });
        reader.start();
        return reader;
    }

    @SimulatedXenTest
    void shouldTellWhetherADaemonServesIt(SimulatedXen xen) {
        try (ConsoleHost host = new ConsoleHost(xen);
                PvConsole console = host.primary(KEEP)) {
            int domid = host.guest.domid();
            assertThat(xen.runUntil(
                            () -> xen.dom0()
                                    .call(dom0 -> host.daemon.console(domid, 0) != null
                                            && host.daemon.console(domid, 0).isConnected()),
                            A_WHILE))
                    .isTrue();
            boolean served = host.guest.call(guest -> console.device().isServed());
            assertThat(served).isTrue();
            xen.toolstack().remove("/local/domain/" + domid + "/console/port");
            assertThat(host.guest.await(() -> !console.device().isServed(), A_WHILE))
                    .isTrue();
        }
    }

    @SimulatedXenTest
    void shouldNotWakeTheLoopForNothing_whenTypingOneKeyAtATime(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen);
                PvConsole console = host.primary(KEEP)) {
            MemoryTerminal terminal = host.terminal(0);
            long sinceNs = xen.clock().nanoTime();
            for (int i = 0; i < 200; i++) {
                console.output().write('o');
                int printed = i + 1;
                assertThat(xen.runUntil(() -> terminal.outputBytes() == printed, A_WHILE))
                        .isTrue();
                terminal.type("i");
                assertThat(console.input().read()).isEqualTo('i');
            }
            // An acknowledgement is not an event for nothing: it must not slow the port down.
            assertThat(xen.clock().nanoTime() - sinceNs).isLessThan(20_000_000L);
        }
    }

    @SimulatedXenTest
    void shouldRefuse_whenTheDomainHasNoConsole(SimulatedXen xen) {
        SimDomain mute = xen.createDomain(DomainConfig.named("mute").withConsole(false));
        assertThatThrownBy(() -> PvConsole.primary(mute.guest()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("domid=" + mute.domid() + " has no primary console");
    }

    @SimulatedXenTest
    void shouldTimeOut_whenNobodyServesTheDevice(SimulatedXen xen) {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        xen.toolstack().attachConsole(guest, xen.dom0(), 1);
        long sinceNs = xen.clock().nanoTime();

        assertThatThrownBy(
                        () -> PvConsole.connect(guest.guest(), "device/console/1", KEEP.deadlines(1, 3_000_000_000L)))
                .isInstanceOf(XenTimeoutException.class);
        assertThat(xen.clock().nanoTime() - sinceNs).isLessThan(10_000_000_000L);
    }

    @SimulatedXenTest
    void shouldNameValueAndLimit_whenArgumentsAreBad(SimulatedXen xen) {
        try (ConsoleHost host = new ConsoleHost(xen);
                PvConsole console = host.primary(KEEP)) {
            host.guest.run(guest -> {
                ConsoleDevice device = console.device();
                assertThatThrownBy(() -> device.write(new byte[4], 2, 3))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("at=2, lengthBytes=3, must lie within 4");
                assertThatThrownBy(() -> device.write(new byte[4], -1, 3)).isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> device.read(new byte[4], 0, -1)).isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(device::start).isInstanceOf(IllegalStateException.class);
            });
            assertThatThrownBy(() -> PvConsole.connect(host.guest.guest(), null, KEEP))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("nodename=null");
            assertThatThrownBy(() -> PvConsole.connect(host.guest.guest(), "/device/console/1", KEEP))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldNameValueAndLimit_whenTheConfigurationIsBad() {
        assertThatThrownBy(() -> KEEP.buffers(0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("outputBytes=0, must be 1 to 16777216");
        assertThatThrownBy(() -> KEEP.buffers((1 << 24) + 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> KEEP.buffers(1, 0)).hasMessageStartingWith("inputBytes=0");
        assertThatThrownBy(() -> KEEP.deadlines(0, 1)).hasMessageStartingWith("writeNs=0");
        assertThatThrownBy(() -> KEEP.deadlines(1, Long.MAX_VALUE)).hasMessageStartingWith("handshakeNs=");
        assertThatThrownBy(() -> KEEP.whenFull(null)).hasMessageStartingWith("whenFull=null");
        assertThat(KEEP.buffers(1, 1 << 24).inputBytes()).isEqualTo(1 << 24);
    }
}
