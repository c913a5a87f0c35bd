package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.event.LocalInbox;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;

/** One disk, many threads: with a thread that owns the guest's loop, and with none. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BlkfrontThreadsTest {

    private static final int DISK_BYTES = 8 << 20;

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldDoAsManyOperationsAsItsLimitSays_andRefuseOneMore(SimulatedXen xen) {
        int limit = 2 * LocalInbox.DEFAULT_CAPACITY;
        byte[] content = BlkfrontTest.randomBytes(limit * 512, 1);
        try (DiskHost host = new DiskHost(xen, new MemoryStore(DISK_BYTES, false), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect(BlkfrontConfig.DEFAULT.operationsMax(limit))) {
            CountDownLatch busy = new CountDownLatch(1);
            host.guest.guest().loop().execute(() -> awaitUninterruptibly(busy));
            List<CompletableFuture<Integer>> writes = new ArrayList<>();
            for (int i = 0; i < limit; i++) {
                writes.add(disk.write(i, ByteBuffer.wrap(content, i * 512, 512)));
            }
            CompletableFuture<Integer> oneMore = disk.write(limit, ByteBuffer.allocate(512));
            assertThat(oneMore).isCompletedExceptionally();
            assertThatThrownBy(oneMore::join)
                    .hasCauseInstanceOf(XenException.class)
                    .hasMessageContaining("operations=" + limit)
                    .hasMessageContaining("limit " + limit);
            busy.countDown();

            writes.forEach(write -> assertThat(write.join()).isEqualTo(512));
            disk.flush().join();
            assertThat(Arrays.copyOf(host.store.stableContent(), content.length))
                    .isEqualTo(content);
            assertThat(disk.stats().operations()).isEqualTo(limit + 1);
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldFinishWhatWasHandedOver_beforeItCloses(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, new MemoryStore(DISK_BYTES, false), BlkbackConfig.DEFAULT)) {
            Blkfront disk = host.connect();
            CountDownLatch busy = new CountDownLatch(1);
            host.guest.guest().loop().execute(() -> awaitUninterruptibly(busy));
            List<CompletableFuture<Integer>> writes = new ArrayList<>();
            for (int i = 0; i < 2_000; i++) {
                writes.add(disk.write(i, ByteBuffer.allocate(512)));
            }
            new Thread(busy::countDown).start();
            disk.close();
            assertThat(writes).allSatisfy(write -> assertThat(write.getNow(0)).isEqualTo(512));
            assertThatThrownBy(() -> disk.write(0, ByteBuffer.allocate(512)).join())
                    .hasCauseInstanceOf(XenPeerGoneException.class);
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldAnswerEveryCall_whenClosedByAnotherThread(SimulatedXen xen) throws Exception {
        try (DiskHost host = new DiskHost(xen, new MemoryStore(DISK_BYTES, false), BlkbackConfig.DEFAULT)) {
            for (int round = 0; round < 10; round++) {
                Blkfront disk = host.connect();
                List<CompletableFuture<Integer>> writes = new ArrayList<>();
                Thread writer = new Thread(() -> {
                    for (int i = 0; i < 3_000; i++) {
                        writes.add(disk.write(i, ByteBuffer.allocate(512)));
                    }
                });
                writer.start();
                while (disk.stats().operations() == 0 && writer.isAlive()) {
                    Thread.onSpinWait();
                }
                disk.close();
                writer.join();
                int done = 0;
                for (CompletableFuture<Integer> write : writes) {
                    done += write.handle((bytes, error) -> error == null ? 1 : 0)
                            .join();
                }
                assertThat(done).isPositive();
            }
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldServeEveryThread_whenNoneOwnsTheGuestsLoop(SimulatedXen xen) throws Exception {
        int threads = 4;
        int share = DISK_BYTES / threads;
        try (DiskHost host = new DiskHost(
                        xen,
                        DomainConfig.named("guest").withThread(false),
                        new MemoryStore(DISK_BYTES, false),
                        BlkbackConfig.DEFAULT,
                        back -> {});
                Blkfront disk = host.connect()) {
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            List<Thread> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int number = t;
                Thread thread = new Thread(() -> {
                    try {
                        readAndWrite(disk, number * (share / 512), share, number);
                    } catch (Throwable e) {
                        thrown.set(e);
                    }
                });
                running.add(thread);
                thread.start();
            }
            for (Thread thread : running) {
                thread.join();
            }
            if (thrown.get() != null) {
                throw new AssertionError(thrown.get());
            }
            assertThat(disk.stats().faults()).isZero();
            assertThat(disk.stats().timeouts()).isZero();
        }
    }

    private static void readAndWrite(Blkfront disk, long sector, int bytes, int seed) {
        int chunk = 16 * 1024;
        byte[] content = BlkfrontTest.randomBytes(bytes, seed);
        List<CompletableFuture<Integer>> writes = new ArrayList<>();
        for (int at = 0; at < bytes; at += chunk) {
            CompletableFuture<Integer> write = disk.write(sector + at / 512, ByteBuffer.wrap(content, at, chunk));
            if (at / chunk % 4 == 0) {
                write.join();
            }
            writes.add(write);
        }
        disk.flush().join(); // covers those that were not waited for, handed over or not
        assertThat(writes).allSatisfy(write -> assertThat(write).isDone());
        for (int at = 0; at < bytes; at += chunk) {
            ByteBuffer into = ByteBuffer.allocate(chunk);
            disk.read(sector + at / 512, into).join();
            assertThat(into.array()).isEqualTo(Arrays.copyOfRange(content, at, at + chunk));
            assertThat(disk.stats().operations()).isPositive();
        }
    }
}
