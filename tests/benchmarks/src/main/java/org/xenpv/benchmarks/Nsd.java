package org.xenpv.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.xenpv.backends.net.linux.NetworkNamespace;

/** The name server NSD with one zone and no limit of rate, in a namespace of its own. Whatever it writes is in a directory of ours. */
final class Nsd implements AutoCloseable {

    static final int PORT = 53;

    private static final long START_NS = TimeUnit.SECONDS.toNanos(20);
    private static final long END_SECONDS = 10;
    private static final long LOOK_NS = 5_000_000;

    private final Process process;

    /** Starts it, and waits until it says that it has started. @param address at which it listens, of the namespace's */
    Nsd(NetworkNamespace home, String address, Path directory, String zone) throws IOException {
        Files.writeString(directory.resolve("example.test.zone"), zone);
        Path config = Files.writeString(directory.resolve("nsd.conf"), config(address, directory));
        Path log = directory.resolve("nsd.log");
        process = home.start(log, "nsd", "-d", "-c", config.toString());
        long deadline = System.nanoTime() + START_NS;
        while (!Files.readString(log).contains("nsd started")) {
            if (!process.isAlive() || System.nanoTime() - deadline > 0) {
                close();
                throw new IllegalStateException("nsd did not start:\n" + Files.readString(log));
            }
            LockSupport.parkNanos(LOOK_NS);
        }
    }

    private static String config(String address, Path directory) {
        return """
                server:
                  chroot: ""
                  username: root
                  database: ""
                  ip-address: %1$s@%2$d
                  do-ip6: no
                  server-count: 1
                  rrl-ratelimit: 0
                  rrl-whitelist-ratelimit: 0
                  zonesdir: "%3$s"
                  xfrdir: "%3$s"
                  pidfile: "%3$s/nsd.pid"
                  xfrdfile: "%3$s/xfrd.state"
                  zonelistfile: "%3$s/zone.list"
                remote-control:
                  control-enable: no
                zone:
                  name: "example.test"
                  zonefile: "example.test.zone"
                """.formatted(address, PORT, directory);
    }

    /** Asks it to end, and waits for that. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
