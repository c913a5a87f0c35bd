package org.xenpv.simulator.xenstored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The tools that come with Xen, as processes, against our unix socket. */
@Timeout(120)
class RealToolsTest {

    private static final long PATIENCE_S = 60;

    @TempDir
    Path directory;

    private SocketDaemon server;

    record Outcome(int exit, String output) {}

    @BeforeEach
    void start() throws IOException {
        server = new SocketDaemon(directory.resolve("socket"), XenstoredConfig.defaults());
    }

    @AfterEach
    void stop() {
        assertThat(server.on(server.daemon::check)).isNull();
        server.close();
    }

    private static String tool(String name) {
        List<Path> places = new ArrayList<>(List.of(Path.of("/usr/bin"), Path.of("/usr/sbin")));
        try (Stream<Path> libraries = Files.list(Path.of("/usr/lib"))) {
            libraries
                    .filter(path -> path.getFileName().toString().startsWith("xen-"))
                    .sorted()
                    .forEach(path -> places.add(path.resolve("bin")));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        Path found = places.stream()
                .map(place -> place.resolve(name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        assumeTrue(found != null, name + " is not installed (packages xenstore-utils, xen-utils-4.17)");
        return found.toString();
    }

    private Process launch(String... command) throws IOException {
        List<String> words = new ArrayList<>(List.of(command));
        words.set(0, tool(words.get(0)));
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.redirectErrorStream(true);
        builder.environment().put("XENSTORED_PATH", server.path.toString());
        return builder.start();
    }

    private Outcome run(String... command) throws Exception {
        Process process = launch(command);
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(List.of(command) + " does not end; so far: " + output);
        }
        return new Outcome(process.exitValue(), output);
    }

    private void succeed(String... command) throws Exception {
        Outcome outcome = run(command);
        assertThat(outcome.exit())
                .as("%s: %s", List.of(command), outcome.output())
                .isZero();
    }

    /** xenstore-ls, without the dots it fills its lines with. */
    private String list(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("xenstore-ls"));
        command.addAll(List.of(arguments));
        Outcome outcome = run(command.toArray(String[]::new));
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        return outcome.output().replaceAll("  [. ]+\\(", "  (");
    }

    @Test
    void shouldListTheInitialTree() throws Exception {
        assertThat(list("-p")).isEqualTo("""
                        tool = ""  (n0)
                         xenstored = ""  (n0)
                        """);
    }

    @Test
    void shouldReadWhatWasWritten() throws Exception {
        succeed("xenstore-write", "/a/b", "one", "/a/c", "two words");
        assertThat(run("xenstore-read", "/a/b", "/a/c")).isEqualTo(new Outcome(0, "one\ntwo words\n"));
        assertThat(run("xenstore-list", "/a")).isEqualTo(new Outcome(0, "b\nc\n"));
        assertThat(server.on(() -> server.daemon.value("/a/c"))).isEqualTo("two words");
    }

    @Test
    void shouldFail_whenTheNodeIsMissing() throws Exception {
        Outcome outcome = run("xenstore-read", "/nothing");
        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.output()).contains("couldn't read path /nothing");
        assertThat(run("xenstore-exists", "/nothing").exit()).isNotZero();
        assertThat(run("xenstore-exists", "/tool").exit()).isZero();
    }

    @Test
    void shouldRemoveSubtrees() throws Exception {
        succeed("xenstore-write", "/a/b/c", "x");
        succeed("xenstore-rm", "/a/b");
        assertThat(run("xenstore-exists", "/a/b/c").exit()).isNotZero();
        assertThat(run("xenstore-exists", "/a").exit()).isZero();
        succeed("xenstore-rm", "-t", "/a");
        assertThat(server.on(() -> server.daemon.children("/"))).containsExactly("tool");
    }

    @Test
    void shouldChangePermissions() throws Exception {
        succeed("xenstore-write", "/a/b", "x");
        succeed("xenstore-chmod", "-r", "/a", "n3", "r4", "b5");
        assertThat(server.on(() -> server.daemon.permissions("/a/b"))).containsExactly("n3", "r4", "b5");
        assertThat(list("-p", "/a")).isEqualTo("b = \"x\"  (n3,r4,b5)\n");
    }

    @Test
    void shouldListDirectoriesLongerThanAMessage() throws Exception {
        List<String> command = new ArrayList<>(List.of("xenstore-write"));
        for (int i = 0; i < 300; i++) {
            command.add("/long/a-rather-long-name-for-a-child-" + i);
            command.add("");
        }
        succeed(command.toArray(String[]::new));
        Outcome outcome = run("xenstore-list", "/long");
        assertThat(outcome.exit()).isZero();
        assertThat(outcome.output().length()).isGreaterThan(4096);
        assertThat(outcome.output().lines().count()).isEqualTo(300);
    }

    @Test
    void shouldTellAWatcherOfChanges() throws Exception {
        tool("xenstore-write");
        Process watcher = launch("xenstore-watch", "-n", "3", "/watched");
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(watcher.getInputStream(), StandardCharsets.ISO_8859_1))) {
            assertThat(lines.readLine()).isEqualTo("/watched");
            succeed("xenstore-write", "/watched/a", "1");
            assertThat(lines.readLine()).isEqualTo("/watched/a");
            succeed("xenstore-write", "/elsewhere", "1");
            succeed("xenstore-rm", "/watched");
            assertThat(lines.readLine()).isEqualTo("/watched");
            assertThat(watcher.waitFor(PATIENCE_S, TimeUnit.SECONDS)).isTrue();
            assertThat(watcher.exitValue()).isZero();
        } finally {
            watcher.destroyForcibly();
        }
        assertThat(run("xenstore-exists", "/watched").exit()).isNotZero();
    }

    @Test
    void shouldPassXensOwnTests() throws Exception {
        Outcome outcome = run("test-xenstore", "-i", "100");
        assertThat(outcome.output()).doesNotContain("failed");
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        // Every one of its tests prints one line; 4.17 has twelve.
        assertThat(outcome.output()
                        .lines()
                        .filter(line -> line.contains("avg:"))
                        .count())
                .as(outcome.output())
                .isGreaterThanOrEqualTo(12);
    }

    @Test
    void shouldPassXensOwnRandomTest() throws Exception {
        Outcome outcome = run("test-xenstore", "-r", "2");
        assertThat(outcome.exit()).as(outcome.output()).isZero();
    }
}
