package org.xenpv.backends.net.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A network namespace without a name: it lives as long as a process in it that waits for this one to close its input. So it is gone when
 * this is closed, and also when the JVM is killed; nothing is left on the host, and two never meet.
 *
 * <p>Made with only a loopback interface, which is up. Interfaces moved into it are gone with it.
 */
public final class NetworkNamespace implements AutoCloseable {

    private static final long COMMAND_SECONDS = 60;
    private static final long END_SECONDS = 10;

    private final Process holder;
    private final List<Process> running = new ArrayList<>();
    private boolean closed;

    private NetworkNamespace(Process holder) {
        this.holder = holder;
    }

    /** @throws IllegalStateException with the reason, if it cannot be made */
    public static NetworkNamespace open() {
        try {
            Process holder = new ProcessBuilder("unshare", "--net", "sh", "-c", "echo ready && exec cat").start();
            NetworkNamespace opened = new NetworkNamespace(holder);
            byte[] ready = holder.getInputStream().readNBytes("ready\n".length());
            if (ready.length == 0) {
                String reason = new String(holder.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).strip();
                opened.close();
                throw new IllegalStateException("cannot make a network namespace: " + reason);
            }
            try {
                opened.run("ip", "link", "set", "lo", "up").orThrow();
            } catch (RuntimeException failed) {
                opened.close();
                throw failed;
            }
            return opened;
        } catch (IOException failed) {
            throw new IllegalStateException("cannot make a network namespace: " + failed.getMessage(), failed);
        }
    }

    /** Why namespaces cannot be made here; null if they can. */
    public static String whyNot() {
        for (String program : List.of("ip", "unshare", "nsenter")) {
            if (!isInstalled(program)) {
                return "the program " + program + " is missing (packages iproute2, util-linux)";
            }
        }
        try {
            NetworkNamespace.open().close();
            return null;
        } catch (IllegalStateException failed) {
            return failed.getMessage();
        }
    }

    /** Whether a program can be found by its name. */
    public static boolean isInstalled(String program) {
        String path = System.getenv("PATH");
        for (String directory : (path == null ? "/usr/bin:/bin:/usr/sbin:/sbin" : path).split(":", -1)) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }

    /** Moves an interface of our own namespace here, and brings it up. */
    public void adopt(String link) {
        take(link);
        run("ip", "link", "set", link, "up").orThrow();
    }

    /** The same, with an address. @param address like {@code 10.0.0.1/24} */
    public void adopt(String link, String address) {
        take(link);
        run("ip", "addr", "add", address, "dev", link).orThrow();
        run("ip", "link", "set", link, "up").orThrow();
    }

    /**
     * Joins it to another by a pair of veth devices, which are up.
     *
     * @param link the name of either end
     * @param address of our end, like {@code 10.0.0.1/24}
     * @param otherAddress of the other's
     */
    public void cable(NetworkNamespace other, String link, String address, String otherAddress) {
        String pid = Long.toString(other.holder.pid());
        run("ip", "link", "add", link, "type", "veth", "peer", "name", link, "netns", pid)
                .orThrow();
        run("ip", "addr", "add", address, "dev", link).orThrow();
        other.run("ip", "addr", "add", otherAddress, "dev", link).orThrow();
        other.run("ip", "link", "set", link, "up").orThrow();
        run("ip", "link", "set", link, "up").orThrow();
    }

    private void take(String link) {
        command(List.of("ip", "link", "set", link, "netns", Long.toString(holder.pid())))
                .orThrow();
    }

    /** Switches IPv6 off for interfaces that come later: no neighbour discovery and no router solicitations of their own. */
    public void withoutIpv6() {
        run("sh", "-c", "for f in all default; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6 || exit 1; done")
                .orThrow();
    }

    /** Runs a program in the namespace to its end, for a minute at most. */
    public CommandResult run(String... command) {
        return command(inside(command));
    }

    /**
     * Starts a program in the namespace; it is ended with the namespace at the latest.
     *
     * @param output where what it prints goes
     */
    public Process start(Path output, String... command) {
        if (closed) {
            throw new IllegalStateException("the namespace is closed");
        }
        try {
            Process process = new ProcessBuilder(inside(command))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            running.add(process);
            return process;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private List<String> inside(String... command) {
        List<String> words = new ArrayList<>(List.of("nsenter", "--net=/proc/" + holder.pid() + "/ns/net", "--"));
        words.addAll(List.of(command));
        return words;
    }

    private CommandResult command(List<String> words) {
        if (closed) {
            throw new IllegalStateException("the namespace is closed");
        }
        Path out = null;
        Path err = null;
        try {
            out = Files.createTempFile("xenpv", ".out");
            err = Files.createTempFile("xenpv", ".err");
            Process process = new ProcessBuilder(words)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS)) {
                end(process);
                throw new IllegalStateException(String.join(" ", words) + " did not end in " + COMMAND_SECONDS + " s\n"
                        + Files.readString(out));
            }
            return new CommandResult(words, process.exitValue(), Files.readString(out), Files.readString(err));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while running " + String.join(" ", words), interrupted);
        } finally {
            delete(out);
            delete(err);
        }
    }

    private static void delete(Path file) {
        if (file != null) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException ignored) {
                // A temporary file more is no reason to fail.
            }
        }
    }

    /** Ends what still runs in it, and gives it back with everything in it. Idempotent, never throws. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        running.forEach(NetworkNamespace::end);
        try {
            holder.getOutputStream().close();
            if (!holder.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                end(holder);
            }
        } catch (IOException failed) {
            end(holder);
        } catch (InterruptedException interrupted) {
            end(holder);
            Thread.currentThread().interrupt();
        }
    }

    private static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            process.waitFor(END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
