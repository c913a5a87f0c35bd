package org.xenpv.cli;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.console.ConsoleConfig;
import org.xenpv.console.ConsoleDevice;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;
import org.xenpv.xenbus.XenGuest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Example: a guest's console without threads, as a guest with no operating system has it. */
@Command(
        name = "console-echo",
        description = "A guest says back in capitals what is typed on its console: the lines given, or else those of"
                + " standard input.",
        mixinStandardHelpOptions = true)
final class ConsoleEcho implements Callable<Integer> {

    @Parameters(arity = "0..*", paramLabel = "LINE", description = "what to type")
    private List<String> lines;

    @Mixin
    private HostOptions options;

    @Spec
    private CommandSpec spec;

    private final InputStream in;

    ConsoleEcho() {
        this(System.in);
    }

    ConsoleEcho(InputStream in) {
        this.in = in;
    }

    /** The guest's program: everything happens on its loop, when there is something to read. */
    private static final class Echo implements ConsoleDevice.Listener {
        private final byte[] typed = new byte[256];
        private final ConsoleDevice console;

        Echo(XenGuest guest) {
            console = ConsoleDevice.primary(guest, ConsoleConfig.DEFAULT, this);
            console.start();
        }

        @Override
        public void readable() {
            int count;
            while ((count = console.read(typed, 0, typed.length)) > 0) {
                for (int i = 0; i < count; i++) {
                    typed[i] = typed[i] >= 'a' && typed[i] <= 'z' ? (byte) (typed[i] - 'a' + 'A') : typed[i];
                }
                console.write(typed, 0, count);
            }
        }

        @Override
        public void connected() {}

        @Override
        public void writable() {}

        @Override
        public void ended(XenException reason) {}
    }

    @Override
    public Integer call() {
        try (ExampleHost host = options.open()) {
            MemoryTerminal terminal = host.serveConsole();
            Echo echo = LoopFuture.ask(host.guest().loop(), () -> new Echo(host.guest()));
            Stream<String> typed = lines != null
                    ? lines.stream()
                    : new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).lines();
            typed.forEach(line -> spec.commandLine().getOut().println(host.type(terminal, line)));
            LoopFuture.ask(host.guest().loop(), () -> {
                echo.console.close();
                return null;
            });
            host.checkNothingLeft();
        }
        return 0;
    }
}
