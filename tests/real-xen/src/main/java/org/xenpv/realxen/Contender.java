package org.xenpv.realxen;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A program that does the same work as another one: a command a line, an answer of {@code key=value} words a line. */
final class Contender implements AutoCloseable {

    static final String READY = "READY";

    private static final Pattern ANSWER = Pattern.compile("\\w+=-?\\d+( \\w+=-?\\d+)*");

    private final String name;
    private final Process process;
    private final BufferedReader answers;
    private final BufferedWriter commands;

    private Contender(String name, ProcessBuilder builder) throws IOException {
        this.name = name;
        process = builder.redirectErrorStream(true).start();
        answers = process.inputReader(StandardCharsets.UTF_8);
        commands = process.outputWriter(StandardCharsets.UTF_8);
    }

    /** Starts a program, and waits until it says that it is ready. */
    static Contender start(String name, List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        Contender started = new Contender(name, builder);
        String line = started.line();
        while (!line.equals(READY)) {
            System.out.println(name + ": " + line);
            line = started.line();
        }
        return started;
    }

    /** A JVM with its full compiler, which the one that runs scenarios does without. */
    static Contender java(String name, Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("/java"));
        command.addAll(List.of(arguments));
        return start(name, command, Map.of("MAIN", main.getName(), "COMPILER", "-XX:TieredStopAtLevel=4"));
    }

    private String line() throws IOException {
        String line = answers.readLine();
        RealGuest.check(line != null, name + " has ended");
        return line;
    }

    /** Gives it a command that has no answer of its own. */
    void tell(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
    }

    /** @return its answer; anything that is none fails the scenario */
    String run(String command) throws IOException {
        tell(command);
        String line = line();
        if (!ANSWER.matcher(line).matches()) {
            System.out.println(name + ": " + line);
            for (String more = answers.readLine(); more != null; more = answers.readLine()) {
                System.out.println(name + ": " + more);
            }
            throw new AssertionError(name + " failed: " + line);
        }
        return line;
    }

    /** Processor time that it has used, in the kernel too; in hundredths of a second. */
    long cpuTicks() throws IOException {
        String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    @Override
    public void close() throws IOException {
        commands.close();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
