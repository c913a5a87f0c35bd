package org.xenpv.scenarios.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopThread;
import org.xenpv.event.linux.LinuxEventChannels;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenOpException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.simulator.xenstored.XenstoredConfig;
import org.xenpv.simulator.xenstored.XenstoredDaemon;
import org.xenpv.xenbus.linux.KernelDrivers;
import org.xenpv.xenbus.linux.LinuxGuest;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.XenstoreClient;

/** The whole guest over the fake kernel, with a simulated xenstored behind its /dev/xen/xenbus. */
class LinuxGuestTest {

    private static final Clock CLOCK = System::nanoTime;

    @TempDir
    Path folder;

    private final FakeXen xen = new FakeXen(2048);
    private final FakeLinux linux = xen.boot(0, 1024);
    private EventLoop daemonLoop;
    private XenstoredDaemon daemon;
    private EventLoopThread daemonThread;
    private LinuxEventChannels daemonEvents;
    private BlockingXenstore dom0;

    @BeforeEach
    void startXenstored() throws IOException {
        Path socket = folder.resolve("s");
        FakeXenbus.violations = 0;
        daemonEvents = LinuxEventChannels.open(xen.boot(9, 0), CLOCK);
        daemonLoop = new EventLoop(daemonEvents, CLOCK, new ConcurrentInbox());
        daemon = new XenstoredDaemon(daemonLoop, XenstoredConfig.defaults());
        daemon.listen(socket);
        daemonThread = EventLoopThread.start(daemonLoop, "simulated-xenstored");
        dom0 = BlockingXenstore.connect(socket);
        dom0.write("/local/domain/0/domid", "0");
        linux.device("/dev/xen/xenbus", () -> new FakeXenbus(xen, socket));
    }

    @AfterEach
    void stopXenstored() {
        linux.awaitXenbusClosed();
        dom0.close();
        daemonThread.close();
        daemon.close();
        daemonEvents.close();
        assertThat(linux.openFiles()).as("files left open").isZero();
        assertThat(linux.gntallocPages).as("pages left granted").isZero();
        assertThat(FakeXenbus.violations).as("requests the kernel cannot take").isZero();
        xen.close();
    }

    private LinuxGuest open(LinuxGuest.Options options) {
        return LinuxGuest.open(linux, new KernelDrivers(folder.resolve("bus")), options);
    }

    @Test
    void shouldKnowItsDomainAndGiveEverythingBack() {
        try (LinuxGuest guest = open(LinuxGuest.Options.DEFAULT)) {
            assertThat(guest.domid()).isZero();
            assertThat(guest.console()).isNull();
            assertThat(guest.grants().pagesLeft()).isGreaterThan(0);
            guest.grants().grant(1, 3, GrantAccess.READ_WRITE, "left to the end");
            guest.mapper();
            assertThat(guest.ownPages(2).memory().getLong(4096)).isZero();
        }
    }

    @Test
    void shouldKeepWatchesOfTheKernel_whenAskedToResetOurs() {
        LinuxGuest.Options options =
                LinuxGuest.Options.DEFAULT.withStore(XenstoreClient.Options.DEFAULT.withResetWatches(true));
        try (LinuxGuest guest = open(options)) {
            assertThat(guest.domid()).isZero(); // and the fake has counted no XS_RESET_WATCHES
        }
    }

    @Test
    void shouldSayWhatStandsThere_whenTheDomainsNumberIsNone() {
        dom0.write("/local/domain/0/domid", "seven");
        assertThatThrownBy(() -> open(LinuxGuest.Options.DEFAULT))
                .isInstanceOf(XenConfigException.class)
                .hasMessageContaining("domid=\"seven\"");
    }

    /** The kernel keeps whoever adds or removes a watch until xenstored has answered: that must not be the loop. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldWaitForNothing_whenXenstoredStandsStill() throws InterruptedException {
        CountDownLatch goesOn = new CountDownLatch(1);
        CountDownLatch stands = new CountDownLatch(1);
        XenstoreClient.Options impatient = XenstoreClient.Options.DEFAULT.withRequestTimeoutNs(50_000_000);
        try (LinuxGuest guest = open(LinuxGuest.Options.DEFAULT.withStore(impatient))) {
            daemonLoop.execute(() -> {
                stands.countDown();
                awaitOrInterrupt(goesOn);
            });
            stands.await();
            guest.loop().tryRun(() -> guest.store().watch("x", changed -> {}));
            XenException[] late = new XenException[1];
            guest.loop().tryRun(() -> guest.store().read("y", (value, error) -> late[0] = error));
            guest.loop().runUntil(() -> late[0] != null, EventLoop.NEVER);
            assertThat(late[0]).hasMessageContaining("no answer within 50 ms, does xenstored run?");
        }
        assertThat(linux.openFiles())
                .as("closed when the kernel has its answer")
                .isEqualTo(1);
        goesOn.countDown();
    }

    private static void awaitOrInterrupt(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void shouldNameTheDevice_whenItIsMissing() {
        linux.device("/dev/xen/xenbus", null);
        assertThatThrownBy(() -> open(LinuxGuest.Options.DEFAULT))
                .isInstanceOf(XenOpException.class)
                .hasMessageContaining("/dev/xen/xenbus");
    }

    @Test
    void shouldTouchNothingOfADevice_thatTheKernelDrives() throws IOException {
        Path device = Files.createDirectories(folder.resolve("bus/devices/vbd-51712"));
        Files.createSymbolicLink(device.resolve("driver"), Files.createDirectories(folder.resolve("bus/drivers/vbd")));
        try (LinuxGuest guest = open(LinuxGuest.Options.DEFAULT)) {
            assertThatThrownBy(() -> Blkfront.connect(guest, "device/vbd/51712"))
                    .isInstanceOf(XenException.class)
                    .hasMessageStartingWith("device/vbd/51712 belongs to the kernel's driver \"vbd\"");
            assertThat(guest.grants().ledger().lent()).isZero();
        }
        assertThat(dom0.readOrNull("/local/domain/0/device/vbd/51712/state")).isNull();
        assertThat(dom0.readOrNull("/local/domain/0/error/device/vbd/51712/error"))
                .isNull();
    }
}
