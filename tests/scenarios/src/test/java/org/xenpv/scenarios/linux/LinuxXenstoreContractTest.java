package org.xenpv.scenarios.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopThread;
import org.xenpv.event.linux.LinuxEventChannels;
import org.xenpv.simulator.xenstored.XenstoredConfig;
import org.xenpv.simulator.xenstored.XenstoredDaemon;
import org.xenpv.testkit.xenstore.XenstoreContract;
import org.xenpv.testkit.xenstore.XenstorePair;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.UnixSocketTransport;
import org.xenpv.xenstore.XenstoreClient;
import org.xenpv.xenstore.linux.XenbusDevTransport;

/** One connection through /dev/xen/xenbus, the other over the socket of the same simulated xenstored. */
class LinuxXenstoreContractTest extends XenstoreContract {

    private static final Clock CLOCK = System::nanoTime;
    private static final XenstoreClient.Options PATIENT =
            XenstoreClient.Options.DEFAULT.withRequestTimeoutNs(50_000_000_000L);

    @BeforeEach
    void forgetViolations() {
        FakeXenbus.violations = 0;
    }

    @AfterEach
    void shouldHaveKeptTheKernelsRules() {
        assertThat(FakeXenbus.violations).as("requests the kernel cannot take").isZero();
    }

    @Override
    protected XenstorePair open() throws IOException {
        Path directory = Files.createTempDirectory("xs");
        Path path = directory.resolve("socket");
        FakeXen xen = new FakeXen(1);
        FakeLinux linux = xen.boot(1, 0);
        linux.device("/dev/xen/xenbus", () -> new FakeXenbus(xen, path));
        LinuxEventChannels daemonEvents = LinuxEventChannels.open(linux, CLOCK);
        EventLoop daemonLoop = new EventLoop(daemonEvents, CLOCK, new ConcurrentInbox());
        XenstoredDaemon daemon = new XenstoredDaemon(daemonLoop, XenstoredConfig.defaults());
        daemon.listen(path);
        EventLoopThread thread = EventLoopThread.start(daemonLoop, "simulated-xenstored");

        LinuxEventChannels controlEvents = LinuxEventChannels.open(linux, CLOCK);
        EventLoop controlLoop = new EventLoop(controlEvents, CLOCK, new ConcurrentInbox());
        XenstoreClient control = new XenstoreClient(UnixSocketTransport.connect(path), controlLoop, PATIENT);
        LinuxEventChannels events = LinuxEventChannels.open(linux, CLOCK);
        EventLoop loop = new EventLoop(events, CLOCK, new ConcurrentInbox());
        XenstoreClient guest = new XenstoreClient(new XenbusDevTransport(linux, events), loop, PATIENT);
        new BlockingXenstore(control, controlLoop).mkdir("/contract");
        return new XenstorePair(control, controlLoop, guest, loop, 0, "/contract", 300, () -> {
            control.close();
            guest.close();
            linux.awaitXenbusClosed();
            thread.close();
            daemon.close();
            events.close();
            controlEvents.close();
            daemonEvents.close();
            assertThat(linux.openFiles()).isZero();
            xen.close();
            delete(path, directory);
        });
    }

    private static void delete(Path... paths) {
        for (Path path : paths) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
