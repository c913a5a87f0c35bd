package org.xenpv.simulator.xenstored;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import net.openhft.chronicle.core.OS;
import org.xenpv.memory.ChronicleMemory;

/** The C xenstored of Debian's xen-utils, running without Xen over our shim (src/test/c/xenstored-shim.c). */
final class RealXenstored implements AutoCloseable {

    private static final Path SHIM_SOURCE = Path.of("src/test/c/xenstored-shim.c");
    private static final int PAGE_BYTES = 4096;
    private static final int PORT_OF_DOM0 = 10;
    private static final int PORT_OF_VIRQ = 1;
    private static final long PATIENCE_NS = 20_000_000_000L;

    private final Path directory;
    private final Process process;
    private final OutputStream events;
    private final List<ChronicleMemory> pages = new ArrayList<>();

    private RealXenstored(Path directory, Process process, OutputStream events) {
        this.directory = directory;
        this.process = process;
        this.events = events;
    }

    /**
     * Skips the test where the daemon, a compiler or the headers are missing.
     *
     * @param domains how many domains beside domain 0 exist
     * @param options of the daemon
     */
    static RealXenstored start(Path directory, int domains, List<String> options) throws Exception {
        String daemon = find();
        assumeTrue(daemon != null, "xenstored is not installed (package xen-utils-4.17)");
        assumeTrue(Files.exists(Path.of("/usr/include/xenctrl.h")), "xenctrl.h is missing (package libxen-dev)");
        Path shim = directory.resolve("shim.so");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "gcc is not installed");
        run("gcc", "-Wall", "-Werror", "-shared", "-fPIC", "-o", shim.toString(), SHIM_SOURCE.toString());
        run(
                "mkfifo",
                directory.resolve("to-xenstored").toString(),
                directory.resolve("from-xenstored").toString());
        Files.writeString(directory.resolve("xsd_port"), PORT_OF_DOM0 + "\n");
        for (int domid = 0; domid <= domains; domid++) {
            Files.write(directory.resolve("ring-" + domid), new byte[PAGE_BYTES]);
            Files.write(directory.resolve("dom-" + domid), new byte[] {'r'});
        }
        List<String> command = new ArrayList<>(List.of(daemon, "--no-fork", "-F", directory.resolve("pid") + ""));
        command.addAll(options);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("LD_PRELOAD", shim.toString());
        builder.environment().put("XENSTORED_SHIM", directory.toString());
        builder.environment().put("XENSTORED_ROOTDIR", directory.toString());
        builder.environment().put("XENSTORED_RUNDIR", directory.toString());
        builder.environment().put("XENSTORED_PATH", directory.resolve("socket").toString());
        builder.redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile());
        Process process = builder.start();
        long deadlineNs = System.nanoTime() + PATIENCE_NS;
        while (!Files.exists(directory.resolve("socket"))) {
            if (!process.isAlive() || System.nanoTime() - deadlineNs > 0) {
                process.destroyForcibly();
                throw new AssertionError("xenstored does not start: " + Files.readString(directory.resolve("log")));
            }
            LockSupport.parkNanos(1_000_000);
        }
        drain(directory.resolve("from-xenstored"));
        return new RealXenstored(
                directory,
                process,
                new FileOutputStream(directory.resolve("to-xenstored").toFile()));
    }

    private static String find() throws IOException {
        try (Stream<Path> libraries = Files.list(Path.of("/usr/lib"))) {
            return libraries
                    .map(path -> path.resolve("bin/xenstored"))
                    .filter(path -> path.toString().startsWith("/usr/lib/xen-4.17/") && Files.isExecutable(path))
                    .map(Path::toString)
                    .findFirst()
                    .orElse(null);
        }
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(List.of(command) + ": " + output);
        }
    }

    /** Nobody here waits for events, but the pipe must not fill up. */
    private static void drain(Path fifo) throws IOException {
        InputStream in = new FileInputStream(fifo.toFile());
        Thread thread = new Thread(
                () -> {
                    try (in) {
                        in.transferTo(OutputStream.nullOutputStream());
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                },
                "drain-" + fifo.getFileName());
        thread.setDaemon(true);
        thread.start();
    }

    WireClient dom0() throws IOException {
        return WireClient.ofSocket(directory.resolve("socket"));
    }

    /** A client on the ring of a domain that has been introduced. */
    WireClient domain(int domid) throws Exception {
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("ring-" + domid).toFile(), "rw")) {
            long address = OS.map(file.getChannel(), MapMode.READ_WRITE, 0, PAGE_BYTES);
            ChronicleMemory page = ChronicleMemory.at(address, PAGE_BYTES, () -> unmap(address));
            pages.add(page);
            return WireClient.ofRing(page, () -> raise(PORT_OF_DOM0 + domid));
        }
    }

    private static void unmap(long address) {
        try {
            OS.unmap(address, PAGE_BYTES);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The domain is gone, as far as the hypervisor is concerned. */
    void destroy(int domid) throws IOException {
        Files.delete(directory.resolve("dom-" + domid));
        raise(PORT_OF_VIRQ);
    }

    /** The domain is shut down and still there. */
    void shutdown(int domid) throws IOException {
        Files.write(directory.resolve("dom-" + domid), new byte[] {'s'});
        raise(PORT_OF_VIRQ);
    }

    private void raise(int port) {
        try {
            events.write(new byte[] {(byte) port, 0, 0, 0});
            events.flush();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws Exception {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        events.close();
        for (ChronicleMemory page : pages) {
            page.close();
        }
    }
}
