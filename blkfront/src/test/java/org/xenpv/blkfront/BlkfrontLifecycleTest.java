package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.ServiceModel;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenIoException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.simulator.Faults;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.Lifecycle;
import org.xenpv.xenbus.XenbusState;

/** Backends that restart, vanish and are unplugged, guests that are suspended: with requests in flight. */
class BlkfrontLifecycleTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final Duration A_WHILE = Duration.ofSeconds(30);

    /** Every request takes a millisecond, so that some are in flight whenever something happens. */
    private static final ServiceModel SLOW = new ServiceModel() {
        @Override
        public short verdict(int operation, long sector, long sectors) {
            return Blkif.BLKIF_RSP_OKAY;
        }

        @Override
        public long delayNs(int operation, long sector, long sectors) {
            return 1_000_000L;
        }
    };

    private static DiskHost slowHost(SimulatedXen xen, byte[] content, BlkbackConfig config) {
        return new DiskHost(xen, MemoryStore.of(content), config, back -> back.serviceModel(SLOW));
    }

    private static List<CompletableFuture<Integer>> writeAll(Blkfront disk, byte[] content) {
        List<CompletableFuture<Integer>> writes = new ArrayList<>();
        int chunk = 24 * 1024;
        for (int at = 0; at < content.length; at += chunk) {
            int bytes = Math.min(chunk, content.length - at);
            writes.add(disk.write(at / 512, ByteBuffer.wrap(content, at, bytes)));
        }
        return writes;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 7, 20})
    @OnSimulatedXen
    void shouldIssueAgain_whenTheBackendRestartsWithRequestsInFlight(int afterMs, SimulatedXen xen) {
        byte[] content = BlkfrontTest.randomBytes(DISK_BYTES, 5);
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect(BlkfrontConfig.DEFAULT.requestsPerQueue(4))) {
            List<CompletableFuture<Integer>> writes = writeAll(disk, content);
            xen.runFor(Duration.ofMillis(afterMs));
            host.driverDomain.run(domain -> host.service.restart(host.device.backendNodename()));
            writes.forEach(CompletableFuture::join);
            disk.flush().exceptionally(lost -> null).join();
            disk.flush().join();

            assertThat(host.store.stableContent()).isEqualTo(content);
            assertThat(disk.stats().reconnects()).isEqualTo(1);
        }
    }

    @SimulatedXenTest
    void shouldNotRunOutOfTime_whenOurOwnDomainStoodStill(SimulatedXen xen) {
        byte[] content = BlkfrontTest.randomBytes(DISK_BYTES, 6);
        try (DiskHost host = slowHost(xen, content, BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect(
                        BlkfrontConfig.DEFAULT.requestsPerQueue(128).requestBytes(4096))) {
            List<CompletableFuture<Integer>> reads = new ArrayList<>();
            ByteBuffer into = ByteBuffer.allocate(DISK_BYTES);
            for (int at = 0; at < DISK_BYTES; at += 4096) { // twice as many as there are requests
                reads.add(disk.read(at / 512, into.slice(at, 4096)));
            }
            CompletableFuture<Void> flush = disk.flush(); // which waits for all of them
            xen.runFor(Duration.ofNanos(100_000));
            xen.toolstack().pause(host.guest);
            xen.runFor(Duration.ofMinutes(2));
            xen.toolstack().unpause(host.guest);
            reads.forEach(CompletableFuture::join);
            flush.join();

            assertThat(into.array()).isEqualTo(content);
            assertThat(disk.stats().timeouts()).isZero();
        }
    }

    /** The backend never answers, and whenever a deadline is there the domain has stood still for long. */
    @SimulatedXenTest
    void shouldRunOutOfTimeAtLast_whenOurOwnDomainStandsStillAgainAndAgain(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            xen.toolstack().pause(host.driverDomain);
            CompletableFuture<Integer> read = disk.read(0, ByteBuffer.allocate(4096));
            for (int i = 0; i < EventLoop.RENEWALS_MAX; i++) {
                standStill(xen, host);
                assertThat(read).as("after %d times", i + 1).isNotDone();
            }
            standStill(xen, host);
            assertThat(read).isDone();
            assertThatThrownBy(read::join).hasCauseInstanceOf(XenTimeoutException.class);

            xen.toolstack().unpause(host.driverDomain);
            xen.runFor(A_WHILE);
        }
    }

    @SimulatedXenTest
    void shouldSayWhatToDo_whenThereIsNoSuchDevice(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT)) {
            assertThatThrownBy(() -> Blkfront.connect(host.guest.guest(), "device/vbd/51728"))
                    .isInstanceOf(XenTimeoutException.class)
                    .hasMessageContaining(
                            "device/vbd/51728: xenstore names no backend; attach the device first (xl block-attach");
        }
    }

    /** One request is never answered, others are. */
    @SimulatedXenTest
    void shouldRunOutOfTimeAtLast_thoughOthersAreAnswered(SimulatedXen xen) {
        ServiceModel forgetful = new ServiceModel() {
            @Override
            public short verdict(int operation, long sector, long sectors) {
                return Blkif.BLKIF_RSP_OKAY;
            }

            @Override
            public long delayNs(int operation, long sector, long sectors) {
                return sector == 8 ? Duration.ofDays(10).toNanos() : 1_000_000L;
            }
        };
        MemoryStore medium = MemoryStore.of(new byte[DISK_BYTES]);
        try (DiskHost host = new DiskHost(xen, medium, BlkbackConfig.DEFAULT, back -> back.serviceModel(forgetful));
                Blkfront disk = host.connect()) {
            CompletableFuture<Integer> forgotten = disk.read(8, ByteBuffer.allocate(4096));
            for (int i = 0; i <= EventLoop.RENEWALS_MAX; i++) {
                assertThat(forgotten).as("after %d times", i).isNotDone();
                disk.read(64, ByteBuffer.allocate(4096)).join();
                standStill(xen, host);
            }
            assertThat(forgotten).isDone();
            assertThatThrownBy(forgotten::join).hasCauseInstanceOf(XenTimeoutException.class);
        }
    }

    private static void standStill(SimulatedXen xen, DiskHost host) {
        xen.toolstack().pause(host.guest);
        xen.runFor(Duration.ofMinutes(2));
        xen.toolstack().unpause(host.guest);
        xen.runFor(Duration.ofSeconds(1));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 10, 20, 30, 40, 50, 70, 100, 150})
    @OnSimulatedXen
    void shouldConnect_whenOurOwnDomainStoodStillMeanwhile(int afterMicros, SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT)) {
            List<String> ends = new ArrayList<>();
            BlkfrontDevice device = host.device(BlkfrontConfig.DEFAULT, ends);
            host.guest.run(guest -> device.start());
            xen.runFor(Duration.ofNanos(afterMicros * 1_000L));
            xen.toolstack().pause(host.guest);
            xen.runFor(Duration.ofMinutes(5));
            xen.toolstack().unpause(host.guest);
            xen.runFor(A_WHILE);
            assertThat(ends).isEmpty();
            assertThat(device.isConnected()).isTrue();
            host.guest.run(guest -> device.close());
            xen.runFor(A_WHILE);
            assertThat(ends).containsExactly("closed");
        }
    }

    /** Rings and events need no xenstored; closing asks it for what it does not answer any more. */
    @SimulatedXenTest
    void shouldWorkOnAndEnd_whenXenstoredWasKilledForGood(SimulatedXen xen) {
        byte[] content = BlkfrontTest.randomBytes(DISK_BYTES, 7);
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT)) {
            List<String> refusals = new ArrayList<>();
            long closingNs;
            try (Blkfront disk = host.connect()) {
                xen.xenstored().kill();
                host.guest.run(
                        guest -> guest.store().read("domid", (value, error) -> refusals.add(String.valueOf(error))));
                writeAll(disk, content).forEach(CompletableFuture::join);
                assertThat(refusals).isEmpty();
                xen.runFor(A_WHILE);
                assertThat(refusals).singleElement().asString().endsWith("does xenstored run?");
                ByteBuffer into = ByteBuffer.allocate(DISK_BYTES);
                disk.read(0, into).join();
                assertThat(into.array()).isEqualTo(content);
                assertThat(disk.stats().reconnects()).isZero();
                closingNs = xen.clock().nanoTime();
            }
            assertThat(Duration.ofNanos(xen.clock().nanoTime() - closingNs)).isLessThan(A_WHILE);
        }
    }

    @SimulatedXenTest
    void I13_theFirstFlushAfterABackendDiedSaysThatWritesMayBeLost(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            disk.write(0, ByteBuffer.wrap(BlkfrontTest.randomBytes(4096, 3))).join();
            host.driverDomain.run(domain -> {
                host.store.powerCut();
                host.service.restart(host.device.backendNodename());
            });
            xen.runFor(Duration.ofSeconds(1));
            assertThatThrownBy(() -> disk.flush().join())
                    .hasCauseInstanceOf(XenIoException.class)
                    .hasMessageContaining("may not be on the medium");
            disk.flush().join();
        }
    }

    @SimulatedXenTest
    void I13_aFlushIsGood_whenEverythingWasFlushedBeforeTheBackendDied(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            disk.write(0, ByteBuffer.allocate(4096)).join();
            disk.flush().join();
            host.driverDomain.run(domain -> host.service.restart(host.device.backendNodename()));
            xen.runFor(Duration.ofSeconds(1));
            disk.flush().join();
        }
    }

    @SimulatedXenTest
    void shouldFailOnlyTheOperationWhoseBufferIsTooShort(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect(BlkfrontConfig.DEFAULT.requestsPerQueue(1))) {
            List<String> ends = new ArrayList<>();
            host.guest.run(guest -> {
                BlkData good = BlkData.of(new byte[4096], 0);
                for (int i = 0; i < 3; i++) {
                    disk.device()
                            .submit(BlkOp.write(
                                    8 * i,
                                    4096,
                                    i == 1 ? BlkData.of(new byte[10], 0) : good,
                                    (op, error) -> ends.add(op.sector() + (error == null ? " done" : " failed"))));
                }
            });
            assertThat(xen.runUntil(() -> ends.size() == 3, A_WHILE)).isTrue();
            assertThat(ends).containsExactlyInAnyOrder("0 done", "8 failed", "16 done");
            disk.flush().join();
        }
    }

    @SimulatedXenTest
    void shouldNotLoop_whenACallerAnswersEveryFailureWithAnotherTry(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect(BlkfrontConfig.DEFAULT.reissue(false))) {
            List<String> ends = new ArrayList<>();
            host.guest.run(guest -> disk.device()
                    .submit(BlkOp.read(0, 4096, BlkData.of(new byte[4096], 0), new BlkOp.Done() {
                        @Override
                        public void done(BlkOp op, XenException error) {
                            ends.add(error == null ? "done" : "failed");
                            if (error != null) {
                                disk.device().submit(op);
                            }
                        }
                    })));
            xen.runFor(Duration.ofNanos(100_000));
            host.driverDomain.run(domain -> host.service.restart(host.device.backendNodename()));
            assertThat(xen.runUntil(() -> ends.contains("done"), A_WHILE)).isTrue();
            assertThat(ends).containsExactly("failed", "done");
        }
    }

    @SimulatedXenTest
    void shouldAnswerWhoeverConnects_whenTheBackendCannotMapTheRing(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT)) {
            assertThat(xen.toolstack().awaitState(host.device.backendPath(), A_WHILE, XenbusState.INIT_WAIT))
                    .isTrue();
            xen.inject(Faults.none().withMapsRefused(1000));
            assertThatThrownBy(host::connect).isInstanceOf(XenException.class);
            xen.heal();
        }
    }

    @SimulatedXenTest
    void shouldSurviveAsManyRestartsAsThereAre_whenTheyAreFarApart(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            for (int i = 0; i < 80; i++) {
                xen.runFor(Duration.ofMinutes(2));
                host.driverDomain.run(domain -> host.service.restart(host.device.backendNodename()));
                disk.write(0, ByteBuffer.allocate(512)).join();
            }
            assertThat(disk.stats().reconnects()).isEqualTo(80);
        }
    }

    @SimulatedXenTest
    void B8_shouldSplitAnew_whenTheNewBackendOffersLess(SimulatedXen xen) {
        byte[] content = BlkfrontTest.randomBytes(DISK_BYTES, 6);
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            assertThat(disk.features().indirectSegments()).isEqualTo(32);
            List<CompletableFuture<Integer>> writes = writeAll(disk, content);
            xen.runFor(Duration.ofMillis(1));
            host.serveFrom(BlkbackConfig.PLAIN);
            writes.forEach(CompletableFuture::join);

            assertThat(disk.features().indirectSegments()).isZero();
            assertThat(host.store.content()).isEqualTo(content);
        }
    }

    @SimulatedXenTest
    void shouldFailWhatIsInFlight_whenToldNotToIssueAgain(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect(BlkfrontConfig.DEFAULT.reissue(false))) {
            CompletableFuture<Integer> write = disk.write(0, ByteBuffer.allocate(4096));
            xen.runFor(Duration.ofNanos(100 * 1000L));
            host.driverDomain.run(domain -> host.service.restart(host.device.backendNodename()));
            assertThatThrownBy(write::join).hasCauseInstanceOf(XenPeerGoneException.class);
            disk.write(0, ByteBuffer.allocate(4096)).join();
        }
    }

    @SimulatedXenTest
    void shouldCompleteAsLost_whatAProgramPutOnTheRingItself(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            List<Integer> statuses = new ArrayList<>();
            host.guest.run(guest -> {
                BlkQueue queue = disk.queue(0);
                BlkRequest request = queue.acquire();
                queue.submit(request.read(0, 4096, done -> statuses.add(done.status())));
                queue.push();
            });
            host.driverDomain.run(domain -> host.service.restart(host.device.backendNodename()));
            assertThat(xen.runUntil(() -> !statuses.isEmpty(), A_WHILE)).isTrue();
            assertThat(statuses).containsExactly(BlkRequest.LOST);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 20})
    @OnSimulatedXen
    void L1_shouldIssueAgain_whenRestoredOnAnotherHostWithRequestsInFlight(int afterMs, SimulatedXen xen) {
        byte[] content = BlkfrontTest.randomBytes(DISK_BYTES, 7);
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect(BlkfrontConfig.DEFAULT.requestsPerQueue(4))) {
            List<CompletableFuture<Integer>> writes = writeAll(disk, content);
            xen.runFor(Duration.ofMillis(afterMs));
            xen.toolstack().suspend(host.guest);
            xen.toolstack().restore(host.guest);
            writes.forEach(CompletableFuture::join);
            disk.flush().join();

            assertThat(host.store.stableContent()).isEqualTo(content);
            assertThat(disk.stats().reconnects()).isEqualTo(1);
        }
    }

    @SimulatedXenTest
    void L1_shouldCloseNoPortOfTheNewLife_whenRestored(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT)) {
            List<Integer> others = new ArrayList<>();
            // Told of the resume before the disk is: it gets the number that the disk's port had.
            host.guest.run(guest -> guest.addLifecycle(new Lifecycle() {
                @Override
                public void beforeSuspend() {}

                @Override
                public void afterResume(boolean cancelled) {
                    for (int i = 0; i < 8; i++) {
                        others.add(guest.events().allocUnbound(0));
                    }
                }
            }));
            try (Blkfront disk = host.connect()) {
                int before = disk.queue(0).port();
                xen.toolstack().suspend(host.guest);
                xen.toolstack().restore(host.guest);
                disk.write(0, ByteBuffer.allocate(4096)).join();

                assertThat(others).contains(before);
                int another = host.guest.call(guest -> guest.events().allocUnbound(0));
                assertThat(others).doesNotContain(another, disk.queue(0).port());
                host.guest.run(guest -> {
                    guest.events().close(another);
                    others.forEach(guest.events()::close);
                });
            }
        }
    }

    @SimulatedXenTest
    void shouldGoOnAsIfNothingHadBeen_whenTheSuspendIsCancelled(SimulatedXen xen) {
        byte[] content = BlkfrontTest.randomBytes(DISK_BYTES, 8);
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            List<CompletableFuture<Integer>> writes = writeAll(disk, content);
            xen.toolstack().suspend(host.guest);
            xen.toolstack().resume(host.guest);
            writes.forEach(CompletableFuture::join);

            assertThat(host.store.content()).isEqualTo(content);
            assertThat(disk.stats().reconnects()).isZero();
        }
    }

    @SimulatedXenTest
    void K15_unplugFinishesWhatIsOnTheRing_andFailsTheRest(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT)) {
            Blkfront disk =
                    host.connect(BlkfrontConfig.DEFAULT.requestsPerQueue(2).requestBytes(4096));
            List<CompletableFuture<Integer>> writes = writeAll(disk, new byte[DISK_BYTES]);
            xen.runFor(Duration.ofMillis(3));
            assertThat(xen.toolstack().detach(host.device)).isTrue();

            assertThat(xen.runUntil(() -> writes.stream().allMatch(CompletableFuture::isDone), A_WHILE))
                    .isTrue();
            assertThat(writes).anyMatch(write -> !write.isCompletedExceptionally());
            assertThatThrownBy(() -> writes.get(writes.size() - 1).join())
                    .hasCauseInstanceOf(XenPeerGoneException.class);
            assertThatThrownBy(() -> disk.flush().join()).hasCauseInstanceOf(XenPeerGoneException.class);
            disk.close();
        }
    }

    @SimulatedXenTest
    void K11_aDeviceThatVanishesIsGone(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT)) {
            Blkfront disk = host.connect();
            CompletableFuture<Integer> write = disk.write(0, ByteBuffer.allocate(4096));
            xen.toolstack().forceDetach(host.device);
            assertThat(xen.runUntil(write::isDone, A_WHILE)).isTrue();
            xen.runFor(Duration.ofSeconds(1));
            assertThatThrownBy(() -> disk.flush().join()).hasCauseInstanceOf(XenPeerGoneException.class);
            disk.close();
        }
    }

    @SimulatedXenTest
    void L3_closingIsSafe_atEveryMomentOfConnecting(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT)) {
            for (int micros = 0; micros < 60; micros += 2) {
                List<String> ends = new ArrayList<>();
                BlkfrontDevice device = host.device(BlkfrontConfig.DEFAULT, ends);
                host.guest.run(guest -> device.start());
                xen.runFor(Duration.ofNanos(micros * 1000L));
                host.guest.run(guest -> device.close());
                assertThat(xen.runUntil(() -> !ends.isEmpty(), A_WHILE))
                        .as("closed after %d us", micros)
                        .isTrue();
                assertThat(ends).containsExactly("closed");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 10, 15, 20, 25, 30, 35, 40, 50, 70, 100, 200})
    @OnSimulatedXen
    void L3_removalIsSafe_atEveryMomentOfConnecting(int micros, SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT)) {
            List<String> ends = new ArrayList<>();
            BlkfrontDevice device = host.device(BlkfrontConfig.DEFAULT, ends);
            host.guest.run(guest -> device.start());
            xen.runFor(Duration.ofNanos(micros * 1000L));
            xen.toolstack().forceDetach(host.device);
            assertThat(xen.runUntil(() -> !ends.isEmpty(), A_WHILE)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldNotNotice_whenEventsAreLateLostDoubledAndSpurious(long seed) {
        byte[] content = BlkfrontTest.randomBytes(DISK_BYTES, 9);
        try (SimulatedXen xen = SimulatedXen.deterministic(seed)) {
            try (DiskHost host = slowHost(xen, new byte[DISK_BYTES], BlkbackConfig.DEFAULT);
                    Blkfront disk = host.connect()) {
                xen.inject(Faults.weather().withEventsDropped(200));
                writeAll(disk, content).forEach(CompletableFuture::join);
                ByteBuffer back = ByteBuffer.allocate(DISK_BYTES);
                disk.read(0, back).join();
                assertThat(back.array()).as("seed=%d", seed).isEqualTo(content);
                xen.heal();
            }
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }
}
