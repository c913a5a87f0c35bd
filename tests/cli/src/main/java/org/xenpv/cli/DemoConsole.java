package org.xenpv.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.console.ConsoleStats;
import org.xenpv.console.PvConsole;

/** The guest's primary console: it says there how far it has come, and the host's console daemon must have received it. */
final class DemoConsole implements AutoCloseable {

    private static final Duration A_WHILE = Duration.ofSeconds(10);
    private static final String TYPED = "how far are you?\r";

    private final DemoHost host;
    private final PvConsole console;
    private final StringBuilder said = new StringBuilder();

    /**
     * What came of it.
     *
     * @param received by the console daemon, all of what the guest printed
     * @param typed at the console daemon and read by the guest
     */
    record Account(String received, String typed, ConsoleStats stats) {}

    DemoConsole(DemoHost host) {
        this.host = host;
        this.console = PvConsole.primary(host.guest().guest());
    }

    /** The guest prints a line. */
    void say(String line) {
        String text = line + "\r\n";
        try {
            console.output().write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw CommandFailure.failed("the guest's console takes nothing: " + e.getMessage(), e);
        }
        said.append(text);
    }

    /** Types a line for the guest, and compares what each end has received with what the other sent. */
    Account check() {
        byte[] typed = TYPED.getBytes(StandardCharsets.UTF_8);
        String expected = said.toString();
        if (!host.xen().runUntil(() -> received().equals(expected), A_WHILE)) {
            throw CommandFailure.failed(
                    "the console daemon received \"" + received() + "\", the guest printed \"" + expected + "\"");
        }
        host.terminal().type(typed);
        try {
            if (!host.xen().runUntil(() -> available() >= typed.length, A_WHILE)) {
                throw CommandFailure.failed(
                        "the guest got " + available() + " of " + typed.length + " bytes typed on its console");
            }
            byte[] read = console.input().readNBytes(typed.length);
            String line = new String(read, StandardCharsets.UTF_8);
            if (!line.equals(TYPED)) {
                throw CommandFailure.failed("the guest read \"" + line + "\" from its console, typed was " + TYPED);
            }
            return new Account(expected, line, console.stats());
        } catch (IOException e) {
            throw CommandFailure.failed("the guest cannot read its console: " + e.getMessage(), e);
        }
    }

    private String received() {
        MemoryTerminal terminal = host.terminal();
        return terminal == null ? "" : terminal.text();
    }

    private int available() {
        try {
            return console.input().available();
        } catch (IOException e) {
            return 0;
        }
    }

    @Override
    public void close() {
        console.close();
    }
}
