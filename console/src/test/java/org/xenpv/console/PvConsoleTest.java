package org.xenpv.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** The console as a program on the JVM sees it: two streams, over an honest daemon. */
class PvConsoleTest {

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
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
        }
    }

    @SimulatedXenTest
    void shouldPrintAndRead_whenConsoleIsOnXenbus(SimulatedXen xen) throws IOException {
        try (ConsoleHost host = new ConsoleHost(xen)) {
            host.attach(12);
            try (PvConsole console = host.connect(12, ConsoleConfig.DEFAULT)) {
                MemoryTerminal terminal = host.terminal(12);
                console.output().write(bytes("hello\r\n"));
                assertThat(host.printed(terminal, "hello\r\n")).isTrue();

                terminal.type("yes");
                assertThat(console.input().readNBytes(3)).isEqualTo(bytes("yes"));
            }
        }
    }
}
