package org.xenpv.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.backends.console.PseudoTerminal;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;

/** A person at a real pseudo terminal, attached to a console of a live host. The person is the master's side. */
@Timeout(60)
class RawTerminalTest {

    private static final int WAIT_SECONDS = 20;

    /** The person: presses keys, looks at the screen. */
    private static final class Person implements AutoCloseable {
        final PseudoTerminal pty = new PseudoTerminal();
        private final StringBuilder screen = new StringBuilder();

        Person() {
            pty.start(this::look);
        }

        private synchronized void look() {
            byte[] bytes = new byte[4096];
            int got = pty.read(bytes, 0, bytes.length);
            screen.append(new String(bytes, 0, got, StandardCharsets.ISO_8859_1));
            notifyAll();
        }

        void press(String keys) {
            byte[] bytes = keys.getBytes(StandardCharsets.ISO_8859_1);
            assertThat(pty.write(bytes, 0, bytes.length)).isEqualTo(bytes.length);
        }

        synchronized void awaitScreen(String wanted) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
            while (!screen.toString().equals(wanted) && deadline - System.nanoTime() > 0) {
                wait(100);
            }
            assertThat(screen.toString()).isEqualTo(wanted);
        }

        @Override
        public void close() {
            pty.close();
        }
    }

    private static CompletableFuture<RawTerminal.Left> attach(RawTerminal terminal, PvConsole console) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return terminal.attach(console.input(), console.output());
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static String mode(Path tty) throws Exception {
        Process stty = new ProcessBuilder("stty", "-g")
                .redirectInput(tty.toFile())
                .redirectErrorStream(true)
                .start();
        assertThat(stty.waitFor()).isZero();
        return new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }

    private static void needsTerminals() {
        assumeTrue(
                PseudoTerminal.isSupported() && Files.exists(Path.of("/usr/bin/stty")), "no pseudo terminals, no stty");
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldJoinKeysAndScreen_untilTheEscapeKey(SimulatedXen xen) throws Exception {
        needsTerminals();
        try (ConsoleHost host = new ConsoleHost(xen);
                PvConsole console = host.primary(ConsoleConfig.DEFAULT);
                Person person = new Person()) {
            MemoryTerminal far = host.terminal(0);
            Path tty = Path.of(person.pty.tty());
            String before = mode(tty);
            try (RawTerminal terminal = RawTerminal.open(tty)) {
                assertThat(mode(tty)).isNotEqualTo(before);
                CompletableFuture<RawTerminal.Left> left = attach(terminal, console);
                far.type("login: ");
                person.awaitScreen("login: ");
                person.press("root\r\u0003");
                assertThat(host.printed(far, "root\r\u0003")).isTrue();
                person.press("x\u001dy");
                assertThat(left.get(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(RawTerminal.Left.ESCAPE);
                assertThat(host.printed(far, "root\r\u0003x")).isTrue();

                // The console is still there, and can be attached again.
                left = attach(terminal, console);
                far.type("again");
                person.awaitScreen("login: again");
                person.press("\u001d");
                assertThat(left.get(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(RawTerminal.Left.ESCAPE);
            }
            assertThat(mode(tty)).isEqualTo(before);
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldLeave_whenTheConsoleOrTheTerminalEnds(SimulatedXen xen) throws Exception {
        needsTerminals();
        try (ConsoleHost host = new ConsoleHost(xen);
                Person person = new Person()) {
            PvConsole console = host.primary(ConsoleConfig.DEFAULT);
            try (RawTerminal terminal = RawTerminal.open(Path.of(person.pty.tty()))) {
                CompletableFuture<RawTerminal.Left> left = attach(terminal, console);
                console.close();
                assertThat(left.get(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(RawTerminal.Left.CONSOLE_ENDED);

                try (PvConsole second = host.primary(ConsoleConfig.DEFAULT)) {
                    left = attach(terminal, second);
                    terminal.close();
                    assertThat(left.get(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(RawTerminal.Left.TERMINAL_GONE);
                }
            }
            try (RawTerminal terminal = RawTerminal.open(Path.of(person.pty.tty()));
                    PvConsole third = host.primary(ConsoleConfig.DEFAULT)) {
                CompletableFuture<RawTerminal.Left> left = attach(terminal, third);
                person.close();
                assertThat(left.get(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(RawTerminal.Left.TERMINAL_GONE);
            }
        }
    }

    @Test
    void shouldSayThatThereIsNoTerminal(@TempDir Path directory) throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertThatThrownBy(() -> RawTerminal.open(directory.resolve("none")))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("no terminal to attach: ");
        assertThat(directory.resolve("none")).doesNotExist();
        assertThatThrownBy(() -> RawTerminal.open(file))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("no terminal to attach: ");
    }
}
