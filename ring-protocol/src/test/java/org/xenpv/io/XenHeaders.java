package org.xenpv.io;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The C compiler and Xen's headers on this machine, for the tests that ask them. */
final class XenHeaders {

    private static final Path INCLUDE = Path.of("/usr/include/xen");

    private XenHeaders() {}

    /** Skips the test, saying why, where the two are missing. */
    static void assumeCompilerAndHeaders() throws Exception {
        assumeHeaders();
        String machine;
        try {
            machine = run("gcc", "-dumpmachine").strip();
        } catch (IOException e) {
            machine = "none";
        }
        assumeTrue(machine.startsWith("x86_64"), "skipped: needs gcc for x86_64, found " + machine);
    }

    static void assumeHeaders() {
        assumeTrue(Files.exists(INCLUDE.resolve("io/ring.h")), "skipped: " + INCLUDE + " is missing (libxen-dev)");
    }

    static String read(String header) throws IOException {
        return Files.readString(INCLUDE.resolve(header));
    }

    /** Runs a program to its end; its output, or an exception that holds it. */
    static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output;
        try (InputStream in = process.getInputStream()) {
            output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        if (process.waitFor() != 0) {
            throw new IllegalStateException(String.join(" ", command) + " failed:\n" + output);
        }
        return output;
    }
}
