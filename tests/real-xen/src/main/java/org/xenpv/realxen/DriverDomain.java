package org.xenpv.realxen;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.xenpv.xenbus.linux.LinuxGuest;
import org.xenpv.xenstore.BlockingXenstore;

/**
 * What a scenario in dom0 has: dom0 itself, whose loop the calling thread runs, and a Linux guest with the kernel's frontends that does
 * as it is told. Whatever is waited for here, the loop runs meanwhile, and with it the backends.
 *
 * @param guest the guest's shell
 */
record DriverDomain(LinuxGuest xen, BlockingXenstore store, Shell guest) {

    /** Where dom0/guest writes which domain the guest is. */
    private static final Path DOMID = Path.of("/run/domid");

    /** The guest copies and digests files with two virtual processors on half a real one. */
    private static final long COMMAND_NS = 240_000_000_000L;

    private static final int PRINTED_MAX = 600;

    static DriverDomain of(LinuxGuest xen, BlockingXenstore store) throws IOException {
        return new DriverDomain(xen, store, new Shell(store, directory(), "guest", COMMAND_NS));
    }

    static int domid() throws IOException {
        return Integer.parseInt(Files.readString(DOMID).strip());
    }

    /** The guest's, with a slash behind it. */
    static String directory() throws IOException {
        return "/local/domain/" + domid() + "/";
    }

    /**
     * Runs a command here.
     *
     * @return what it printed, without the last newline
     * @throws AssertionError if it fails, or takes too long
     */
    String here(String command) throws IOException {
        File output = File.createTempFile("here", ".txt");
        try {
            Process process = new ProcessBuilder("/bin/sh", "-c", command)
                    .redirectErrorStream(true)
                    .redirectOutput(output)
                    .start();
            process.onExit().thenRun(() -> xen.loop().execute(() -> {})); // wakes the loop
            boolean ended = xen.loop().runUntil(() -> !process.isAlive(), System.nanoTime() + COMMAND_NS);
            String printed = Files.readString(output.toPath()).stripTrailing();
            if (!ended) {
                process.destroyForcibly();
            }
            System.out.println(
                    "here: " + command + ": " + printed.substring(0, Math.min(printed.length(), PRINTED_MAX)));
            RealGuest.check(ended, "\"" + command + "\" does not end, it printed \"" + printed + "\"");
            RealGuest.checkEqual(
                    process.exitValue(), 0, "\"" + command + "\" printed \"" + printed + "\", its exit status");
            return printed;
        } finally {
            Files.delete(output.toPath());
        }
    }

    void until(BooleanSupplier holds, String what) {
        boolean came = xen.loop().runUntil(holds, System.nanoTime() + RealGuest.PATIENCE_NS);
        RealGuest.check(came, what + " did not come");
    }
}
