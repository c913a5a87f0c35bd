package org.xenpv.scenarios.xenstore;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import net.openhft.chronicle.core.OS;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.memory.ChronicleMemory;

/**
 * The C xenstored of Debian's xen-utils as a process of its own. Xen is played by the shim that the simulator's tests
 * use too (tests/simulator/src/test/c/xenstored-shim.c): rings are mapped files, event channels are pipes.
 */
final class CXenstored implements AutoCloseable {

    static final int DOMID = 1;
    static final int PORT = 11;

    private static final Path DAEMON = Path.of("/usr/lib/xen-4.17/bin/xenstored");
    private static final Path GCC = Path.of("/usr/bin/gcc");
    private static final Path HEADER = Path.of("/usr/include/xenctrl.h");
    private static final Path SHIM = Path.of("../simulator/src/test/c/xenstored-shim.c");
    private static final int PAGE_BYTES = 4096;
    private static final int PORT_OF_DOM0 = 10;
    private static final long PATIENCE_NS = 20_000_000_000L;

    private final Path directory;
    private final Process process;
    final FifoEvents events;
    private ChronicleMemory page;

    private CXenstored(Path directory, Process process) throws IOException {
        this.directory = directory;
        this.process = process;
        this.events = new FifoEvents(
                new FileInputStream(directory.resolve("from-xenstored").toFile()),
                new FileOutputStream(directory.resolve("to-xenstored").toFile()));
    }

    /** Skips the test, saying why, where something is missing. */
    static CXenstored start() throws Exception {
        assumeTrue(Files.isExecutable(DAEMON), DAEMON + " is missing (package xen-utils-4.17)");
        assumeTrue(Files.exists(HEADER), HEADER + " is missing (package libxen-dev)");
        assumeTrue(Files.isExecutable(GCC), "gcc is missing");
        Path directory = Files.createTempDirectory("xs");
        run("gcc", "-shared", "-fPIC", "-o", directory.resolve("shim.so").toString(), SHIM.toString());
        run(
                "mkfifo",
                directory.resolve("to-xenstored").toString(),
                directory.resolve("from-xenstored").toString());
        Files.writeString(directory.resolve("xsd_port"), PORT_OF_DOM0 + "\n");
        for (int domid = 0; domid <= DOMID; domid++) {
            Files.write(directory.resolve("ring-" + domid), new byte[PAGE_BYTES]);
            Files.write(directory.resolve("dom-" + domid), new byte[] {'r'});
        }
        ProcessBuilder builder = new ProcessBuilder(
                DAEMON.toString(), "--no-fork", "-F", directory.resolve("pid").toString());
        builder.environment().put("LD_PRELOAD", directory.resolve("shim.so").toString());
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
            LockSupport.parkNanos(1_000_000L);
        }
        return new CXenstored(directory, process);
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(List.of(command) + ": " + output);
        }
    }

    Path socket() {
        return directory.resolve("socket");
    }

    /** The page of domain 1, as the daemon maps it. */
    ChronicleMemory ringPage() throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("ring-" + DOMID).toFile(), "rw")) {
            long address = OS.map(file.getChannel(), MapMode.READ_WRITE, 0, PAGE_BYTES);
            page = ChronicleMemory.at(address, PAGE_BYTES, () -> unmap(address));
            return page;
        }
    }

    EventLoop loop() {
        return new EventLoop(events, System::nanoTime, new ConcurrentInbox());
    }

    private static void unmap(long address) {
        try {
            OS.unmap(address, PAGE_BYTES);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        if (page != null) {
            page.close();
        }
        SocketPair.delete(directory);
    }
}
