package org.xenpv.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import jnr.ffi.LibraryLoader;

/** Compiles ring_loops.c with {@code gcc -O3} against the Xen headers of this machine and loads it. */
public final class NativeRing {

    private static final String SOURCE = "ring_loops.c";
    private static final Path RING_H = Path.of("/usr/include/xen/io/ring.h");

    /** The functions of ring_loops.c. Addresses are {@code long}; none has exactly six integer arguments. */
    public interface Loops {

        long c_single(long page, int bytes, long requests, int batch);

        long c_pair(long page, int bytes, long requests, int batch, int backCpu);

        int pin_thread(int cpu);
    }

    private NativeRing() {}

    /** Why the C side cannot be built here, if so. */
    public static Optional<String> missing() {
        if (!Files.exists(RING_H)) {
            return Optional.of(RING_H + " is missing (Debian package libxen-dev)");
        }
        String machine;
        try {
            machine = run("gcc", "-dumpmachine").strip();
        } catch (IOException e) {
            machine = "none";
        }
        return machine.startsWith("x86_64") ? Optional.empty() : Optional.of("needs gcc for x86_64, found " + machine);
    }

    /** What {@code gcc --version} calls itself. */
    public static String compiler() {
        try {
            return "gcc " + run("gcc", "-dumpfullversion").strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Loops load() {
        try {
            Path folder = Files.createTempDirectory("xenpv-ring-benchmark");
            Path source = folder.resolve(SOURCE);
            Path library = folder.resolve("libring_loops.so");
            try (InputStream in = NativeRing.class.getResourceAsStream(SOURCE)) {
                Files.copy(in, source, StandardCopyOption.REPLACE_EXISTING);
            }
            run(
                    "gcc",
                    "-std=gnu11",
                    "-O3",
                    "-Wall",
                    "-Wextra",
                    "-Werror",
                    "-fPIC",
                    "-shared",
                    "-D__XEN_TOOLS__",
                    "-o",
                    library.toString(),
                    source.toString(),
                    "-lpthread");
            Loops loops = LibraryLoader.create(Loops.class).failImmediately().load(library.toString());
            Files.delete(source);
            library.toFile().deleteOnExit();
            folder.toFile().deleteOnExit();
            return loops;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot compile " + SOURCE, e);
        }
    }

    private static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output;
        try (InputStream in = process.getInputStream()) {
            output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        try {
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + " failed:\n" + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return output;
    }
}
