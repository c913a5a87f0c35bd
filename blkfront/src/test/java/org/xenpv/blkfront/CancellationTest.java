package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.LongUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.ServiceModel;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenIoException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** Who completes an operation's future has the buffer back at once, and the disk does no more of it than it must. */
class CancellationTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final byte MARK = 0x5a;
    private static final Duration A_WHILE = Duration.ofSeconds(5);

    /** Each request takes 10 ms. */
    private static DiskHost slowHost(SimulatedXen xen) {
        return slowHost(xen, sector -> 10_000_000);
    }

    private static DiskHost slowHost(SimulatedXen xen, LongUnaryOperator nsOfSector) {
        ServiceModel model = new ServiceModel() {
            @Override
            public short verdict(int operation, long sector, long sectors) {
                return Blkif.BLKIF_RSP_OKAY;
            }

            @Override
            public long delayNs(int operation, long sector, long sectors) {
                return nsOfSector.applyAsLong(sector);
            }
        };
        return new DiskHost(
                xen,
                MemoryStore.of(BlkfrontTest.randomBytes(DISK_BYTES, 1)),
                BlkbackConfig.DEFAULT,
                back -> back.serviceModel(model));
    }

    /** One request of 4096 bytes at a time. */
    private static BlkfrontConfig narrow() {
        return BlkfrontConfig.DEFAULT.requestsPerQueue(1).requestBytes(4096);
    }

    private static ByteBuffer marked(int bytes) {
        byte[] array = new byte[bytes];
        Arrays.fill(array, MARK);
        return ByteBuffer.wrap(array);
    }

    record Way(String name, Consumer<CompletableFuture<Integer>> complete) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Way> waysToCompleteAFuture() {
        return Stream.of(
                new Way("cancel", future -> future.cancel(true)),
                new Way("complete", future -> future.complete(1)),
                new Way("completeExceptionally", future -> future.completeExceptionally(new IllegalStateException())),
                new Way("completeAsync", future -> future.completeAsync(() -> 1, Runnable::run)),
                new Way("obtrudeValue", future -> future.obtrudeValue(1)),
                new Way("obtrudeException", future -> future.obtrudeException(new IllegalStateException())));
    }

    @ParameterizedTest
    @MethodSource("waysToCompleteAFuture")
    @OnSimulatedXen
    void shouldLeaveTheBufferAlone_whenAReadInFlightIsCompletedByItsCaller(Way way, SimulatedXen xen) {
        try (DiskHost host = slowHost(xen);
                Blkfront disk = host.connect()) {
            ByteBuffer into = ByteBuffer.allocate(8192);
            CompletableFuture<Integer> read = disk.read(0, into);
            xen.runFor(Duration.ofMillis(1));
            assertThat(disk.stats().requests()).isEqualTo(1);

            way.complete().accept(read);

            Arrays.fill(into.array(), MARK);
            xen.runFor(Duration.ofMillis(100));
            assertThat(disk.stats().responses()).isEqualTo(1);
            assertThat(into.array()).containsOnly(MARK);
        }
    }

    @ParameterizedTest
    @MethodSource("waysToCompleteAFuture")
    @OnSimulatedXen
    void shouldIssueNothing_whenAWriteThatWaitsIsCompletedByItsCaller(Way way, SimulatedXen xen) {
        try (DiskHost host = slowHost(xen);
                Blkfront disk = host.connect(narrow())) {
            byte[] before = host.store.content();
            CompletableFuture<Integer> first = disk.read(0, ByteBuffer.allocate(512));
            CompletableFuture<Integer> write = disk.write(8, marked(512));
            xen.runFor(Duration.ofMillis(1));

            way.complete().accept(write);

            first.join();
            disk.flush().join();
            assertThat(host.store.content()).isEqualTo(before);
            assertThat(disk.stats().requests()).isEqualTo(2);
        }
    }

    @SimulatedXenTest
    void shouldIssueNothing_whenADiscardOrFlushThatWaitsIsCancelled(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen);
                Blkfront disk = host.connect(narrow())) {
            CompletableFuture<Integer> first = disk.read(0, ByteBuffer.allocate(512));
            CompletableFuture<Void> discard = disk.discard(8, 8);
            CompletableFuture<Void> flush = disk.flush();
            xen.runFor(Duration.ofMillis(1));

            assertThat(discard.cancel(false)).isTrue();
            assertThat(flush.cancel(false)).isTrue();
            assertThat(discard.cancel(false)).isTrue();

            first.join();
            disk.read(16, ByteBuffer.allocate(512)).join();
            assertThat(host.store.discards()).isZero();
            assertThat(host.store.flushes()).isZero();
            assertThat(discard).isCancelled();
            assertThatThrownBy(discard::join).isInstanceOf(CancellationException.class);
        }
    }

    @SimulatedXenTest
    void shouldIssueNoMoreOfAWrite_butLetAFlushWaitForWhatIsInFlight(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, sector -> sector == 8 ? 50_000_000 : 2_000_000);
                Blkfront disk = host.connect(narrow().requestsPerQueue(2))) {
            byte[] before = host.store.content();
            CompletableFuture<Integer> write = disk.write(0, marked(4 * 4096));
            xen.runFor(Duration.ofMillis(1));
            assertThat(disk.stats().requests()).isEqualTo(2);
            write.cancel(false);
            assertThat(host.store.content()).isEqualTo(before);

            disk.flush().join();

            byte[] expected = before.clone();
            Arrays.fill(expected, 0, 2 * 4096, MARK);
            assertThat(host.store.stableContent()).isEqualTo(expected);
            assertThat(disk.stats().requests()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @OnSimulatedXen
    void shouldNotWriteWhatTheBufferHoldsNow_whenTheBackendRestarts(boolean whole, SimulatedXen xen) {
        try (DiskHost host = slowHost(xen);
                Blkfront disk = host.connect(narrow())) {
            byte[] before = host.store.content();
            ByteBuffer from = ByteBuffer.allocate(whole ? 4096 : 3 * 4096);
            CompletableFuture<Integer> write = disk.write(0, from);
            xen.runFor(Duration.ofMillis(1));
            write.cancel(false);
            Arrays.fill(from.array(), MARK);

            host.driverDomain.run(domain -> host.service.restart(host.device.backendNodename()));
            disk.read(8, ByteBuffer.allocate(512)).join();

            assertThat(disk.stats().reconnects()).isEqualTo(1);
            assertThat(host.store.content()).isEqualTo(before);
        }
    }

    @SimulatedXenTest
    void shouldCountUntilItIsOver_whatIsCancelledInFlight(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen);
                Blkfront disk = host.connect(narrow().operationsMax(2))) {
            CompletableFuture<Integer> flying = disk.read(0, ByteBuffer.allocate(512));
            xen.runFor(Duration.ofMillis(1));
            CompletableFuture<Integer> waiting = disk.read(8, ByteBuffer.allocate(512));
            assertThatThrownBy(() -> disk.read(16, ByteBuffer.allocate(512)).join())
                    .hasCauseInstanceOf(XenException.class)
                    .hasMessageContaining("operations=2")
                    .hasMessageContaining("limit 2");
            flying.cancel(false);
            assertThatThrownBy(() -> disk.read(16, ByteBuffer.allocate(512)).join())
                    .hasMessageContaining("limit 2");
            waiting.cancel(false);
            assertThat(disk.read(16, ByteBuffer.allocate(512)).join()).isEqualTo(512);
        }
    }

    @SimulatedXenTest
    void shouldIssueNothing_whenACallOfTheLoopCancelsItsNeighbour(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen);
                Blkfront disk = host.connect(narrow())) {
            CompletableFuture<Integer> first = disk.read(0, ByteBuffer.allocate(512));
            CompletableFuture<Void> discard = disk.discard(8, 8);
            CompletableFuture<Boolean> cancelled = first.thenApply(bytes -> discard.cancel(false));

            assertThat(cancelled.join()).isTrue();
            disk.read(16, ByteBuffer.allocate(512)).join();
            assertThat(host.store.discards()).isZero();
        }
    }

    @SimulatedXenTest
    void shouldFailTheRest_whenOneThatDoesNotFitTheShrunkDiskCancelsItsNeighbour(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen, sector -> 1_000_000_000);
                Blkfront disk = host.connect(narrow())) {
            int sectors = DISK_BYTES / 512;
            CompletableFuture<Integer> first = disk.read(0, ByteBuffer.allocate(512));
            List<CompletableFuture<Integer>> beyond = neighbours(disk, sectors - 100);
            xen.runFor(Duration.ofMillis(1));
            xen.toolstack().resize(host.device, sectors / 2);

            assertThatThrownBy(() -> beyond.get(3).join()).hasCauseInstanceOf(XenIoException.class);
            assertThatThrownBy(() -> beyond.get(2).join()).hasCauseInstanceOf(XenIoException.class);
            assertThat(beyond.get(1)).isCancelled();
            assertThat(first).isNotDone();
            assertThat(first.join()).isEqualTo(512);
            assertThat(disk.read(0, ByteBuffer.allocate(512)).join()).isEqualTo(512);
            xen.runFor(A_WHILE);
        }
    }

    @SimulatedXenTest
    void shouldNotLoop_whenOneThatIsTriedAgainCancelsTheLastOfThoseThatFail(SimulatedXen xen) {
        try (DiskHost host = slowHost(xen);
                Blkfront disk = host.connect(narrow().reissue(false))) {
            List<CompletableFuture<Integer>> reads = neighbours(disk, 0);
            reads.get(0).whenComplete((bytes, error) -> reads.get(3).cancel(false));
            int[] tries = {0};
            CompletableFuture<Integer> end = tryAgain(disk, reads.get(0), tries);
            xen.runFor(Duration.ofMillis(1));
            host.driverDomain.run(domain -> host.service.restart(host.device.backendNodename()));

            assertThat(xen.runUntil(end::isDone, A_WHILE)).isTrue();
            assertThat(end.join()).isEqualTo(512);
            assertThat(tries[0]).isBetween(1, 10);
            assertThat(reads.get(1)).isCancelled();
            assertThat(reads.get(3)).isCancelled();
            assertThatThrownBy(() -> reads.get(2).join()).hasCauseInstanceOf(XenPeerGoneException.class);
        }
    }

    /** Whenever it fails, tries again at once; a thousand times at most. */
    private static CompletableFuture<Integer> tryAgain(Blkfront disk, CompletableFuture<Integer> read, int[] tries) {
        return read.exceptionallyCompose(error -> ++tries[0] < 1_000
                ? tryAgain(disk, disk.read(0, ByteBuffer.allocate(512)), tries)
                : CompletableFuture.failedFuture(error));
    }

    /** Four reads, not next to each other on the disk; the first, when it has ended, cancels the second. */
    private static List<CompletableFuture<Integer>> neighbours(Blkfront disk, long sector) {
        List<CompletableFuture<Integer>> reads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            reads.add(disk.read(sector + 16L * i, ByteBuffer.allocate(512)));
        }
        reads.get(0).whenComplete((bytes, error) -> reads.get(1).cancel(false));
        return reads;
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldNotEvenBeSubmitted_whenCancelledBeforeTheLoopTakesIt(SimulatedXen xen) throws Exception {
        try (DiskHost host = new DiskHost(xen, new MemoryStore(DISK_BYTES, false), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            CountDownLatch busy = new CountDownLatch(1);
            host.guest.guest().loop().execute(() -> awaitUninterruptibly(busy));
            CompletableFuture<Integer> write = disk.write(0, marked(512));
            CompletableFuture<Integer> kept = disk.write(8, marked(512));
            write.cancel(false);
            busy.countDown();

            assertThat(kept.join()).isEqualTo(512);
            assertThat(disk.stats().operations()).isEqualTo(1);
            assertThat(Arrays.copyOf(host.store.content(), 512)).containsOnly(0);
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldLeaveTheBufferAlone_whateverTheLoopIsDoing(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(
                        xen, MemoryStore.of(BlkfrontTest.randomBytes(DISK_BYTES, 1)), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            int cancelled = 0;
            for (int i = 0; i < 1_000; i++) {
                ByteBuffer into = ByteBuffer.allocate(i % 2 == 0 ? 128 * 1024 : DISK_BYTES);
                CompletableFuture<Integer> read = disk.read(0, into);
                for (int spin = 0; spin < i * 10; spin++) {
                    Thread.onSpinWait();
                }
                if (read.cancel(false)) {
                    cancelled++;
                    Arrays.fill(into.array(), MARK);
                    disk.read(8, ByteBuffer.allocate(512)).join();
                    for (int at = 0; at < into.capacity(); at += 512) {
                        assertThat(into.get(at)).isEqualTo(MARK);
                    }
                }
            }
            assertThat(cancelled).isPositive();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
