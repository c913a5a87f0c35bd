package org.xenpv.realxen;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.StoreFactory;
import org.xenpv.xenbus.XenGuests;
import org.xenpv.xenbus.linux.LinuxGuest;
import org.xenpv.xenstore.BlockingXenstore;

/** A program of its own in dom0 that serves disks until it is killed. */
public final class BackendProgram implements AutoCloseable {

    private static final String SERVING = "serving";

    private final Process process;

    private BackendProgram(Process process) {
        this.process = process;
    }

    /** @param args none */
    public static void main(String[] args) {
        LinuxGuest xen = XenGuests.linux(Main.options());
        new BlkbackService(xen, StoreFactory.RAW_IMAGES, BlkbackConfig.DEFAULT).start();
        Rehearsal.ofDisk(new BlockingXenstore(xen.store(), xen.loop(), RealGuest.PATIENCE_NS));
        System.out.println(SERVING);
        System.out.flush();
        xen.loop().runUntil(() -> false, Long.MAX_VALUE);
    }

    /** Returns when it serves. */
    static BackendProgram start() throws IOException {
        ProcessBuilder builder = new ProcessBuilder("/java").redirectErrorStream(true);
        builder.environment().put("MAIN", BackendProgram.class.getName());
        Process process = builder.start();
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        String line;
        do {
            line = lines.readLine();
            System.out.println("program: " + line);
        } while (line != null && !line.equals(SERVING));
        RealGuest.check(line != null, "the program that serves disks ended by itself");
        Thread echo = new Thread(() -> lines.lines().forEach(more -> System.out.println("program: " + more)), "echo");
        echo.setDaemon(true);
        echo.start();
        return new BackendProgram(process);
    }

    /** kill -9. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            RealGuest.check(process.waitFor(60, TimeUnit.SECONDS), "it does not die");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
