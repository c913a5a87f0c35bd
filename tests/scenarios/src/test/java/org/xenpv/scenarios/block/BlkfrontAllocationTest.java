package org.xenpv.scenarios.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.blkfront.BlkData;
import org.xenpv.blkfront.BlkOp;
import org.xenpv.blkfront.BlkQueue;
import org.xenpv.blkfront.BlkRequest;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.blkfront.BlkfrontDevice;
import org.xenpv.fault.XenException;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/**
 * What the guest's loop allocates per request in steady state: nothing. Counted by the JVM for that one thread, on a
 * live host. The least of several rounds, because the JVM itself allocates once in a while when it compiles or links.
 */
class BlkfrontAllocationTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final int DEPTH = 32;
    private static final int REQUESTS_PER_ROUND = 5_000;
    private static final int ROUNDS = 8;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @BeforeEach
    void countsAllocation() {
        assumeTrue(threads.isThreadAllocatedMemorySupported(), "skipped: this JVM does not count allocation");
    }

    /** Something that is done on the guest's loop with a disk. */
    private interface OnLoop {
        void run(SimDomain guest, Blkfront disk) throws Exception;
    }

    private static void withDisk(BlkfrontConfig config, OnLoop body) throws Exception {
        try (SimulatedXen xen = SimulatedXen.live()) {
            SimDomain driver = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
            SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
            driver.start(domain -> {
                BlkbackService service = new BlkbackService(
                        domain, (params, writable) -> MemoryStore.of(new byte[DISK_BYTES]), BlkbackConfig.DEFAULT);
                service.start();
                return service;
            });
            SimDevice device =
                    xen.toolstack().attachBlock(guest, driver, "xvda", Map.of("params", "memory", "mode", "w"));
            try (Blkfront disk = Blkfront.connect(guest.guest(), device.nodename(), config)) {
                body.run(guest, disk);
            }
            driver.stopServices();
            xen.assertNoErrors();
            xen.assertNothingLeaked();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 64 * 1024})
    void shouldAllocateNothingPerRequest_whenAProgramFillsRequestsItself(int bytes) throws Exception {
        withDisk(BlkfrontConfig.DEFAULT, (guest, disk) -> {
            long least = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS && least != 0; round++) {
                least = Math.min(least, guest.call(g -> new QueueLoad(disk.queue(0), bytes).run()));
            }
            assertThat(least)
                    .as("bytes allocated for " + REQUESTS_PER_ROUND + " requests of " + bytes)
                    .isZero();
        });
    }

    /** Without persistent grants every request's pages are granted and revoked. */
    @Test
    void shouldAllocateNothingPerRequest_whenPagesAreGrantedPerRequest() throws Exception {
        withDisk(BlkfrontConfig.DEFAULT.persistentGrants(false), (guest, disk) -> {
            long least = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS && least != 0; round++) {
                least = Math.min(least, guest.call(g -> new QueueLoad(disk.queue(0), 4096).run()));
            }
            assertThat(least)
                    .as("bytes allocated for " + REQUESTS_PER_ROUND + " requests")
                    .isZero();
        });
    }

    /** Acquires, submits, pushes and polls on the loop's thread; never leaves it. */
    private final class QueueLoad implements BlkRequest.Completion {
        private final BlkQueue queue;
        private final int bytes;
        private int submitted;
        private int completed;
        private int failed;

        QueueLoad(BlkQueue queue, int bytes) {
            this.queue = queue;
            this.bytes = bytes;
        }

        long run() {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            long before = threads.getCurrentThreadAllocatedBytes();
            while (completed < REQUESTS_PER_ROUND) {
                submitSome();
                queue.poll(DEPTH);
                if (System.nanoTime() - deadline > 0) {
                    throw new AssertionError("completed=" + completed + " of " + REQUESTS_PER_ROUND);
                }
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertThat(failed).isZero();
            return allocated;
        }

        private void submitSome() {
            while (submitted < REQUESTS_PER_ROUND) {
                BlkRequest request = queue.acquire();
                if (request == null) {
                    break;
                }
                long sector = (long) submitted * bytes % DISK_BYTES / 512;
                if (submitted % 2 == 0) {
                    request.memory().putInt(0, submitted);
                    queue.submit(request.write(sector, bytes, this));
                } else {
                    queue.submit(request.read(sector, bytes, this));
                }
                submitted++;
            }
            queue.push();
        }

        @Override
        public void complete(BlkRequest request) {
            completed++;
            if (request.status() != BlkRequest.OKAY) {
                failed++;
            }
            queue.release(request);
        }
    }

    /** 4096: one request each; 300 KiB: three requests each. */
    @ParameterizedTest
    @ValueSource(ints = {4096, 300 * 1024})
    void shouldAllocateNothingPerOperation_whenOperationsAreUsedAgain(int bytes) throws Exception {
        withDisk(BlkfrontConfig.DEFAULT, (guest, disk) -> {
            OperationLoad load = new OperationLoad(disk.device(), bytes);
            guest.run(g -> load.start());
            long[] perRound = load.finished.get(60, TimeUnit.SECONDS);
            long least = Long.MAX_VALUE;
            for (long allocated : perRound) {
                least = Math.min(least, allocated);
            }
            assertThat(load.failed).isZero();
            assertThat(least)
                    .as("bytes allocated by the loop for " + load.perRound + " operations of " + bytes)
                    .isZero();
        });
    }

    /** Submits operations from their completions: all the loop's turns, events and waits are counted. */
    private final class OperationLoad implements BlkOp.Done {
        private final CompletableFuture<long[]> finished = new CompletableFuture<>();
        private final long[] allocated = new long[ROUNDS];
        private final BlkfrontDevice device;
        private final int bytes;
        private final int perRound;
        private final BlkData data;
        private long mark;
        private int submitted;
        private int completed;
        private volatile int failed;

        OperationLoad(BlkfrontDevice device, int bytes) {
            this.device = device;
            this.bytes = bytes;
            this.perRound = bytes > 4096 ? 200 : REQUESTS_PER_ROUND;
            this.data = BlkData.of(new byte[bytes], 0);
        }

        void start() {
            mark = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < DEPTH; i++) {
                submit(new BlkOp());
            }
        }

        private void submit(BlkOp op) {
            long sector = (long) submitted * bytes % (DISK_BYTES - bytes) / 512;
            op.set(submitted % 2 == 0 ? BlkOp.Kind.WRITE : BlkOp.Kind.READ, sector, bytes, data, this);
            submitted++;
            device.submit(op);
        }

        @Override
        public void done(BlkOp op, XenException error) {
            failed += error == null ? 0 : 1;
            completed++;
            if (completed % perRound == 0) {
                long now = threads.getCurrentThreadAllocatedBytes();
                allocated[completed / perRound - 1] = now - mark;
                mark = threads.getCurrentThreadAllocatedBytes();
            }
            if (completed == ROUNDS * perRound) {
                finished.complete(allocated);
            } else if (submitted < ROUNDS * perRound) {
                submit(op);
            }
        }
    }
}
