package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntPredicate;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.ServiceModel;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** What holds across the rings of a disk with several. */
class MultiQueueTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final int BLOCK = 4096;
    private static final BlkfrontConfig TWO_QUEUES = BlkfrontConfig.DEFAULT.queuesMax(2);

    /** Carries out some operations 10 ms later than others. */
    private static ServiceModel slow(IntPredicate operation) {
        return new ServiceModel() {
            @Override
            public short verdict(int any, long sector, long sectors) {
                return Blkif.BLKIF_RSP_OKAY;
            }

            @Override
            public long delayNs(int which, long sector, long sectors) {
                return operation.test(which) ? 10_000_000 : 0;
            }
        };
    }

    private static DiskHost host(SimulatedXen xen, ServiceModel model) {
        return new DiskHost(
                xen, new MemoryStore(DISK_BYTES, false), BlkbackConfig.DEFAULT, back -> back.serviceModel(model));
    }

    private static ByteBuffer block(int value) {
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }

    @SimulatedXenTest
    void shouldHoldLaterWritesBack_whileABarrierIsInFlight(SimulatedXen xen) {
        try (DiskHost host = host(xen, slow(operation -> operation == Blkif.BLKIF_OP_WRITE_BARRIER));
                Blkfront disk = host.connect(TWO_QUEUES)) {
            CompletableFuture<Integer> barrier = disk.writeBarrier(0, block('A'));
            CompletableFuture<Integer> later = disk.write(0, block('B'));
            barrier.join();
            later.join();
            assertThat(host.store.content()[0]).isEqualTo((byte) 'B');
        }
    }

    @SimulatedXenTest
    void shouldHoldABarrierBack_whileEarlierWritesAreInFlight(SimulatedXen xen) {
        try (DiskHost host = host(xen, slow(operation -> operation == Blkif.BLKIF_OP_WRITE));
                Blkfront disk = host.connect(TWO_QUEUES)) {
            CompletableFuture<Integer> earlier = disk.write(0, block('A'));
            CompletableFuture<Integer> barrier = disk.writeBarrier(0, block('B'));
            earlier.join();
            barrier.join();
            assertThat(host.store.content()[0]).isEqualTo((byte) 'B');
        }
    }

    @SimulatedXenTest
    void shouldSpreadOperationsOverTheRings(SimulatedXen xen) {
        try (DiskHost host = host(xen, slow(operation -> true));
                Blkfront disk = host.connect(TWO_QUEUES)) {
            CompletableFuture<?>[] reads = new CompletableFuture<?>[8];
            for (int i = 0; i < reads.length; i++) {
                reads[i] = disk.read(i * 16L, ByteBuffer.allocate(BLOCK)); // not neighbours: nothing to merge
            }
            host.guest.guest().loop().runOnce();
            assertThat(disk.queue(0).inFlight()).isEqualTo(4);
            assertThat(disk.queue(1).inFlight()).isEqualTo(4);
            for (CompletableFuture<?> read : reads) {
                read.join();
            }
        }
    }

    @SimulatedXenTest
    void shouldUseTheOtherRing_whenAProgramHoldsAllRequestsOfOne(SimulatedXen xen) {
        try (DiskHost host = host(xen, ServiceModel.PROMPT);
                Blkfront disk = host.connect(TWO_QUEUES)) {
            BlkQueue first = disk.queue(0);
            BlkRequest[] held = new BlkRequest[first.size()];
            for (int i = 0; i < held.length; i++) {
                held[i] = first.acquire();
            }
            assertThat(first.acquire()).isNull();
            ByteBuffer buffer = ByteBuffer.allocate(BLOCK);
            assertThat(disk.read(0, buffer).join()).isEqualTo(BLOCK);
            for (BlkRequest request : held) {
                first.release(request);
            }
        }
    }
}
