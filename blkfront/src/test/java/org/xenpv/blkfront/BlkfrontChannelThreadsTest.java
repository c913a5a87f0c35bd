package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.ServiceScript;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** Several threads on one channel, and threads that are interrupted in it. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BlkfrontChannelThreadsTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final int RECORD_BYTES = 100;
    private static final byte MARK = 0x5a;

    private static DiskHost host(SimulatedXen xen, boolean owned) {
        return new DiskHost(
                xen,
                DomainConfig.named("guest").withThread(owned),
                new MemoryStore(DISK_BYTES, false),
                BlkbackConfig.DEFAULT,
                back -> {});
    }

    /** Each record shares its sectors with those of other threads. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldLoseNoWrite_whenSeveralThreadsWriteNeighbouringBytes(boolean owned, SimulatedXen xen) throws Exception {
        int threads = 4;
        int each = 100;
        int start = 37;
        try (DiskHost host = host(xen, owned);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            channel.position(start);
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            List<Thread> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                byte name = (byte) (t + 1);
                Thread thread = new Thread(() -> {
                    try {
                        for (int i = 0; i < each; i++) {
                            byte[] written = new byte[RECORD_BYTES];
                            Arrays.fill(written, name);
                            written[0] = (byte) i;
                            channel.write(ByteBuffer.wrap(written));
                        }
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
            assertThat(thrown.get()).isNull();
            assertThat(channel.position()).isEqualTo(start + threads * each * RECORD_BYTES);
            check(host.store.content(), start, threads, each);
        }
    }

    /** Every record is there, whole and once; each thread's are in order. */
    private static void check(byte[] content, int start, int threads, int each) {
        int[] next = new int[threads + 1];
        for (int at = start; at < start + threads * each * RECORD_BYTES; at += RECORD_BYTES) {
            byte name = content[at + 1];
            assertThat(name).isBetween((byte) 1, (byte) threads);
            assertThat(Arrays.copyOfRange(content, at + 1, at + RECORD_BYTES)).containsOnly(name);
            assertThat(content[at]).isEqualTo((byte) next[name]++);
        }
        assertThat(Arrays.copyOfRange(next, 1, threads + 1)).containsOnly(each);
        assertThat(Arrays.copyOf(content, start)).containsOnly(0);
    }

    @SimulatedXenTest
    void shouldDoNothing_whenTheThreadIsInterruptedAlready(SimulatedXen xen) throws IOException {
        try (DiskHost host = new DiskHost(xen, new MemoryStore(DISK_BYTES, false), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            ByteBuffer buffer = ByteBuffer.allocate(700);
            Thread.currentThread().interrupt();
            try {
                assertThatThrownBy(() -> channel.read(buffer)).isInstanceOf(InterruptedIOException.class);
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
                assertThatThrownBy(() -> channel.write(buffer)).isInstanceOf(InterruptedIOException.class);
            } finally {
                assertThat(Thread.interrupted()).isTrue();
            }
            assertThat(buffer.position()).isZero();
            assertThat(channel.isOpen()).isTrue();
            assertThat(channel.position()).isZero();
            assertThat(disk.stats().operations()).isZero();
            assertThat(channel.read(buffer)).isEqualTo(700);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldGiveTheBufferBack_whenInterruptedWhileItWaits(boolean owned, SimulatedXen xen) throws Exception {
        ServiceScript script = new ServiceScript(1);
        try (DiskHost host = new DiskHost(
                        xen,
                        DomainConfig.named("guest").withThread(owned),
                        MemoryStore.of(BlkfrontTest.randomBytes(DISK_BYTES, 1)),
                        BlkbackConfig.DEFAULT,
                        back -> back.serviceModel(script));
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            host.driverDomain.run(domain -> script.silent(true));
            ByteBuffer into = ByteBuffer.allocate(4096);
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread reader = new Thread(() -> {
                try {
                    channel.position(512).read(into);
                } catch (IOException e) {
                    thrown.set(e);
                }
                Arrays.fill(into.array(), MARK);
            });
            reader.start();
            while (host.driverDomain.call(domain -> script.asked()) == 0) {
                Thread.onSpinWait();
            }
            reader.interrupt();
            reader.join();
            assertThat(thrown.get()).isInstanceOf(InterruptedIOException.class);
            assertThat(into.position()).isZero();
            assertThat(channel.position()).isEqualTo(512);

            host.driverDomain.run(domain -> {
                script.silent(false);
                host.backend().answerParked();
            });
            assertThat(channel.read(ByteBuffer.allocate(512))).isEqualTo(512);
            assertThat(into.array()).containsOnly(MARK);
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldRefuseToWait_insideACallOfTheLoop(SimulatedXen xen) throws Exception {
        ServiceScript script = new ServiceScript(1);
        try (DiskHost host = new DiskHost(
                        xen,
                        new MemoryStore(DISK_BYTES, false),
                        BlkbackConfig.DEFAULT,
                        back -> back.serviceModel(script));
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            host.driverDomain.run(domain -> script.silent(true));
            Thread reader = new Thread(() -> {
                try {
                    channel.read(ByteBuffer.allocate(512)); // and holds the channel meanwhile
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            reader.start();
            while (host.driverDomain.call(domain -> script.asked()) == 0) {
                Thread.onSpinWait();
            }
            host.guest.run(guest -> {
                assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("inside a call of the loop");
                assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
                        .isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(() -> channel.position(0)).isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(() -> channel.truncate(DISK_BYTES)).isInstanceOf(IllegalStateException.class);
            });
            host.driverDomain.run(domain -> {
                script.silent(false);
                host.backend().answerParked();
            });
            reader.join();
            assertThat(disk.stats().operations()).isEqualTo(1);
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldFinishWhatItIsIn_whenClosedByAnotherThread(SimulatedXen xen) throws Exception {
        ServiceScript script = new ServiceScript(1);
        try (DiskHost host = new DiskHost(
                        xen,
                        new MemoryStore(DISK_BYTES, false),
                        BlkbackConfig.DEFAULT,
                        back -> back.serviceModel(script));
                Blkfront disk = host.connect()) {
            SeekableByteChannel channel = disk.channel();
            host.driverDomain.run(domain -> script.silent(true));
            AtomicReference<Object> first = new AtomicReference<>();
            AtomicReference<Object> second = new AtomicReference<>();
            Thread reader = new Thread(() -> {
                first.set(outcome(channel));
                second.set(outcome(channel));
            });
            reader.start();
            while (host.driverDomain.call(domain -> script.asked()) == 0) {
                Thread.onSpinWait();
            }
            channel.close();
            host.driverDomain.run(domain -> {
                script.silent(false);
                host.backend().answerParked();
            });
            reader.join();
            assertThat(first.get()).isEqualTo(512);
            assertThat(second.get()).isInstanceOf(ClosedChannelException.class);
        }
    }

    private static Object outcome(SeekableByteChannel channel) {
        try {
            return channel.read(ByteBuffer.allocate(512));
        } catch (IOException e) {
            return e;
        }
    }
}
