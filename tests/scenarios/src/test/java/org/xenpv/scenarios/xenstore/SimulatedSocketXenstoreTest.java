package org.xenpv.scenarios.xenstore;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopThread;
import org.xenpv.simulator.xenstored.XenstoredConfig;
import org.xenpv.simulator.xenstored.XenstoredDaemon;
import org.xenpv.testkit.xenstore.XenstoreContract;
import org.xenpv.testkit.xenstore.XenstorePair;

/** Two connections over a unix socket to the simulated xenstored. */
class SimulatedSocketXenstoreTest extends XenstoreContract {

    @Override
    protected XenstorePair open() throws IOException {
        // Not below the build's directory: a socket's path has at most 108 bytes.
        Path directory = Files.createTempDirectory("xs");
        Path socket = directory.resolve("socket");
        Clock clock = System::nanoTime;
        EventLoop loop = new EventLoop(new FifoEvents(null, null), clock, new ConcurrentInbox());
        XenstoredDaemon daemon = new XenstoredDaemon(loop, XenstoredConfig.defaults());
        daemon.listen(socket);
        EventLoopThread thread = EventLoopThread.start(loop, "simulated-xenstored");
        return SocketPair.connect(socket, () -> {
            thread.close();
            daemon.close();
            SocketPair.delete(directory);
        });
    }
}
