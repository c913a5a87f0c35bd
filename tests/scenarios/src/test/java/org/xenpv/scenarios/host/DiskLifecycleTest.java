package org.xenpv.scenarios.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.Faults;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/** A disk in use while domains come and go: nothing that was asked is lost, and nothing leaks. */
@Timeout(120)
class DiskLifecycleTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = DISK_BYTES / BLOCK_BYTES;
    private static final long LIVE = -1;

    /** Seeds of deterministic hosts, and one live host. */
    static Stream<Long> hosts() {
        return Stream.concat(IntStream.range(1, 13).mapToObj(seed -> Long.getLong("sim.seed", seed)), Stream.of(LIVE));
    }

    private static SimulatedXen open(long seed) {
        return seed == LIVE ? SimulatedXen.live() : SimulatedXen.deterministic(seed);
    }

    /** A guest, a driver domain and a disk between them. */
    private static final class Host implements AutoCloseable {
        final SimulatedXen xen;
        final MemoryStore store = new MemoryStore(DISK_BYTES, false);
        final SimDomain guest;
        SimDomain driver;
        SimDevice device;

        Host(long seed) {
            xen = open(seed);
            driver = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
            guest = xen.createDomain(DomainConfig.named("guest"));
            serve(driver);
            device = xen.toolstack().attachBlock(guest, driver, "xvda", Map.of("params", "memory"));
        }

        void serve(SimDomain domain) {
            domain.start(g -> {
                BlkbackService service = new BlkbackService(g, (params, writable) -> store, BlkbackConfig.DEFAULT);
                service.start();
                return service;
            });
        }

        @Override
        public void close() {
            try (xen) {
                driver.stopServices();
                xen.assertNothingLeaked();
                xen.assertNoErrors();
            }
        }
    }

    private static ByteBuffer block(int number) {
        ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
        for (int i = 0; i < BLOCK_BYTES; i++) {
            block.put((byte) (number * 31 + i / 512));
        }
        return block.flip();
    }

    private static List<CompletableFuture<Integer>> writeAll(Blkfront disk, int from, int to) {
        List<CompletableFuture<Integer>> writes = new ArrayList<>();
        for (int number = from; number < to; number++) {
            writes.add(disk.write((long) number * BLOCK_BYTES / 512, block(number)));
        }
        return writes;
    }

    private static void assertDone(List<CompletableFuture<Integer>> operations)
            throws ExecutionException, InterruptedException, TimeoutException {
        for (CompletableFuture<Integer> operation : operations) {
            assertThat(operation.get(60, TimeUnit.SECONDS)).isEqualTo(BLOCK_BYTES);
        }
    }

    private static void assertWritten(Blkfront disk, int from, int to)
            throws ExecutionException, InterruptedException, TimeoutException {
        for (int number = from; number < to; number++) {
            ByteBuffer into = ByteBuffer.allocate(BLOCK_BYTES);
            disk.read((long) number * BLOCK_BYTES / 512, into).get(60, TimeUnit.SECONDS);
            assertThat(into.flip()).as("block %d", number).isEqualTo(block(number));
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("hosts")
    void shouldFinishWhatWasInFlight_whenTheSuspendIsCancelled(long seed) throws Exception {
        try (Host host = new Host(seed);
                Blkfront disk = Blkfront.connect(host.guest.guest(), host.device.nodename())) {
            List<CompletableFuture<Integer>> writes = writeAll(disk, 0, 64);

            host.xen.toolstack().suspend(host.guest);
            host.xen.toolstack().resume(host.guest);

            assertDone(writes);
            assertWritten(disk, 0, 64);
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("hosts")
    void shouldFinishWhatWasInFlight_whenTheGuestIsRestoredAsAnotherDomain(long seed) throws Exception {
        try (Host host = new Host(seed);
                Blkfront disk = Blkfront.connect(host.guest.guest(), host.device.nodename())) {
            List<CompletableFuture<Integer>> writes = writeAll(disk, 0, 64);

            host.xen.toolstack().suspend(host.guest);
            host.xen.toolstack().restore(host.guest);

            assertDone(writes);
            assertThat(host.guest.domid()).isEqualTo(3);
            assertDone(writeAll(disk, 64, 128));
            assertWritten(disk, 0, 128);
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("hosts")
    void shouldFinishWhatWasInFlight_whenTheDriverDomainCrashesAndIsReplaced(long seed) throws Exception {
        try (Host host = new Host(seed);
                Blkfront disk = Blkfront.connect(host.guest.guest(), host.device.nodename())) {
            assertDone(writeAll(disk, 0, 8));
            List<CompletableFuture<Integer>> writes = writeAll(disk, 8, 72);

            host.driver = host.xen.toolstack().restartBackend(host.driver, host::serve);

            assertDone(writes);
            assertWritten(disk, 0, 72);
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("hosts")
    void shouldReadAndWriteEverything_whateverBecomesOfEvents(long seed) throws Exception {
        try (Host host = new Host(seed);
                Blkfront disk = Blkfront.connect(host.guest.guest(), host.device.nodename())) {
            host.xen.inject(Faults.weather().withEventsDropped(50));
            assertDone(writeAll(disk, 0, BLOCKS / 2));
            assertWritten(disk, 0, BLOCKS / 2);

            host.xen.heal();
            assertDone(writeAll(disk, BLOCKS / 2, BLOCKS));
            assertWritten(disk, 0, BLOCKS);
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("hosts")
    void shouldDetachWhileConnected_andLeaveNothing(long seed) throws Exception {
        try (Host host = new Host(seed);
                Blkfront disk = Blkfront.connect(host.guest.guest(), host.device.nodename())) {
            assertDone(writeAll(disk, 0, 16));

            assertThat(host.xen.toolstack().detach(host.device, Duration.ofSeconds(10)))
                    .isTrue();

            assertThat(host.xen.toolstack().devices()).isEmpty();
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("hosts")
    void shouldFreeTheBackend_whenTheGuestIsDestroyed(long seed) throws Exception {
        try (Host host = new Host(seed)) {
            Blkfront disk = Blkfront.connect(host.guest.guest(), host.device.nodename());
            writeAll(disk, 0, 64);

            host.xen.toolstack().destroy(host.guest);

            assertThat(host.guest.isAlive()).isFalse();
            assertThat(host.xen.domains()).containsExactly(host.driver);
        }
    }
}
