package org.xenpv.scenarios.rings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import jnr.ffi.LibraryLoader;
import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.SkipExecutionHook;

/** Compiles ring_oracle.c against the Xen headers of this machine, once, and loads it. */
final class RingOracle {

    private static final Path RING_H = Path.of("/usr/include/xen/io/ring.h");
    private static final Path SOURCE = Path.of("src", "test", "c", "ring_oracle.c");
    private static final Path LIBRARY = Path.of("target", "libring_oracle.so");

    private RingOracle() {}

    /** Skips the tests of a class, saying why, where there is no oracle. */
    static final class Needed implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            return missing().map(SkipResult::skip).orElse(SkipResult.doNotSkip());
        }
    }

    private static final class Holder {
        private static final RingMacros MACROS = load();
    }

    static RingMacros macros() {
        return Holder.MACROS;
    }

    /** Why there is no oracle on this machine, if there is none. */
    static Optional<String> missing() {
        if (!Files.exists(RING_H)) {
            return Optional.of("skipped: " + RING_H + " is missing (libxen-dev)");
        }
        String machine;
        try {
            machine = run("gcc", "-dumpmachine").strip();
        } catch (IOException e) {
            machine = "none";
        }
        return machine.startsWith("x86_64")
                ? Optional.empty()
                : Optional.of("skipped: needs gcc for x86_64, found " + machine);
    }

    private static RingMacros load() {
        Path module = Path.of(System.getProperty("basedir", "."));
        Path library = module.resolve(LIBRARY).toAbsolutePath();
        try {
            Files.createDirectories(library.getParent());
            String source = module.resolve(SOURCE).toString();
            run(
                    "gcc",
                    "-std=gnu11",
                    "-O2",
                    "-Wall",
                    "-Wextra",
                    "-Werror",
                    "-fPIC",
                    "-shared",
                    "-D__XEN_TOOLS__",
                    "-o",
                    library.toString(),
                    source);
        } catch (IOException e) {
            throw new IllegalStateException("cannot compile the ring oracle", e);
        }
        return LibraryLoader.create(RingMacros.class).failImmediately().load(library.toString());
    }

    private static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output;
        try (InputStream in = process.getInputStream()) {
            output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        try {
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + " failed:\n" + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return output;
    }
}
