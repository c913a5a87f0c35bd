package org.xenpv.scenarios.xenstore;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.testkit.xenstore.XenstorePair;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.UnixSocketTransport;
import org.xenpv.xenstore.XenstoreClient;

/** Two connections of the control domain over one socket. */
final class SocketPair {

    /** Real time passes here, on machines that may be busy: nothing may fail for being slow. */
    static final XenstoreClient.Options PATIENT = XenstoreClient.Options.DEFAULT.withRequestTimeoutNs(50_000_000_000L);

    private static final Clock CLOCK = System::nanoTime;

    private SocketPair() {}

    static XenstorePair connect(Path socket, Runnable close) {
        EventLoop firstLoop = loop();
        EventLoop secondLoop = loop();
        XenstoreClient first = client(socket, firstLoop);
        XenstoreClient second = client(socket, secondLoop);
        new BlockingXenstore(first, firstLoop).mkdir("/contract");
        return new XenstorePair(first, firstLoop, second, secondLoop, 0, "/contract", 300, () -> {
            first.close();
            second.close();
            close.run();
        });
    }

    static XenstoreClient client(Path socket, EventLoop loop) {
        return new XenstoreClient(UnixSocketTransport.connect(socket), loop, PATIENT);
    }

    static EventLoop loop() {
        return new EventLoop(new FifoEvents(null, null), CLOCK, new ConcurrentInbox());
    }

    static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : all) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
