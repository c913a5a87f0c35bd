package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.BlockStore;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.ServiceModel;
import org.xenpv.fault.XenIoException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** A disk as a SeekableByteChannel: what the interface promises, and what a disk makes of it. */
class BlkfrontChannelTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final Duration A_WHILE = Duration.ofSeconds(5);

    @TempDir
    Path directory;

    private static DiskHost host(SimulatedXen xen) {
        return new DiskHost(xen, MemoryStore.of(content()), BlkbackConfig.DEFAULT);
    }

    private static byte[] content() {
        return BlkfrontTest.randomBytes(DISK_BYTES, 1);
    }

    /** Sectors from this on cannot be read or written. */
    private static BlkbackService.Setup brokenFrom(long bytes) {
        return back -> back.serviceModel(new ServiceModel() {
            @Override
            public short verdict(int operation, long sector, long sectors) {
                return (sector + sectors) * 512 > bytes ? Blkif.BLKIF_RSP_ERROR : Blkif.BLKIF_RSP_OKAY;
            }

            @Override
            public long delayNs(int operation, long sector, long sectors) {
                return 0;
            }
        });
    }

    /** A disk of memory with sectors of 4096 bytes. */
    private record LargeSectors(MemoryStore memory) implements BlockStore {
        @Override
        public int sectorBytes() {
            return 4096;
        }

        @Override
        public long sizeBytes() {
            return memory.sizeBytes();
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long positionBytes, ByteBuffer[] targets, int count) throws IOException {
            memory.read(positionBytes, targets, count);
        }

        @Override
        public void write(long positionBytes, ByteBuffer[] sources, int count) throws IOException {
            memory.write(positionBytes, sources, count);
        }

        @Override
        public void flush() throws IOException {
            memory.flush();
        }

        @Override
        public void discard(long positionBytes, long lengthBytes) throws IOException {
            memory.discard(positionBytes, lengthBytes);
        }

        @Override
        public void secureDiscard(long positionBytes, long lengthBytes) throws IOException {
            memory.secureDiscard(positionBytes, lengthBytes);
        }

        @Override
        public void close() {
            memory.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 4096})
    @OnSimulatedXen
    void shouldServeBytesOfAnyAlignment(int sectorBytes, SimulatedXen xen) throws IOException {
        byte[] model = content();
        Random random = new Random(xen.seed());
        MemoryStore memory = MemoryStore.of(model);
        BlockStore store = sectorBytes == 512 ? memory : new LargeSectors(memory);
        try (DiskHost host = new DiskHost(xen, DomainConfig.named("guest"), store, BlkbackConfig.DEFAULT, back -> {});
                Blkfront disk = host.connect(BlkfrontConfig.DEFAULT.units(SectorUnits.SPECIFICATION));
                SeekableByteChannel channel = new BlkfrontChannel(disk, 16 * 1024)) {
            assertThat(disk.geometry().sectorBytes()).isEqualTo(sectorBytes);
            assertThat(channel.size()).isEqualTo(DISK_BYTES);
            for (int i = 0; i < 150; i++) {
                int at = random.nextInt(DISK_BYTES);
                int most = random.nextInt(4) == 0 ? 200_000 : 3_000;
                int bytes = Math.min(1 + random.nextInt(most), DISK_BYTES - at);
                if (random.nextInt(3) == 0) {
                    at -= at % sectorBytes;
                }
                channel.position(at);
                if (random.nextBoolean()) {
                    byte[] written = BlkfrontTest.randomBytes(bytes, random.nextLong());
                    System.arraycopy(written, 0, model, at, bytes);
                    assertThat(channel.write(ByteBuffer.wrap(written))).isEqualTo(bytes);
                } else {
                    ByteBuffer into = i % 2 == 0 ? ByteBuffer.allocate(bytes) : ByteBuffer.allocateDirect(bytes);
                    assertThat(channel.read(into)).isEqualTo(bytes);
                    assertThat(into.hasRemaining()).isFalse();
                    assertThat(bytesOf(into.flip())).isEqualTo(Arrays.copyOfRange(model, at, at + bytes));
                }
                assertThat(channel.position()).isEqualTo(at + bytes);
            }
            assertThat(memory.content()).isEqualTo(model);
        }
    }

    private static byte[] bytesOf(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    @SimulatedXenTest
    void shouldAskNoMoreOfTheDiskThanItMust(SimulatedXen xen) throws IOException {
        try (DiskHost host = host(xen);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            channel.read(ByteBuffer.allocate(DISK_BYTES));
            assertThat(disk.stats().operations()).as("whole sectors").isEqualTo(1);
            channel.position(512).write(ByteBuffer.allocate(4096));
            assertThat(disk.stats().operations()).as("whole sectors written").isEqualTo(2);
            channel.position(700).read(ByteBuffer.allocate(3000));
            assertThat(disk.stats().operations()).as("around a few bytes").isEqualTo(3);
            channel.position(700).write(ByteBuffer.allocate(3000));
            assertThat(disk.stats().operations()).as("read, changed, written").isEqualTo(5);
        }
    }

    @SimulatedXenTest
    void shouldSayEndOfDisk_andReadNothingIntoNoRoom(SimulatedXen xen) throws IOException {
        try (DiskHost host = host(xen);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            assertThat(channel.position(DISK_BYTES - 3).read(ByteBuffer.allocate(10)))
                    .isEqualTo(3);
            assertThat(channel.position()).isEqualTo(DISK_BYTES);
            for (long at : new long[] {DISK_BYTES, DISK_BYTES + 1L, Long.MAX_VALUE}) {
                ByteBuffer into = ByteBuffer.allocate(10);
                assertThat(channel.position(at).read(into)).isEqualTo(-1);
                assertThat(into.position()).isZero();
                assertThat(channel.position()).isEqualTo(at);
            }
            for (long at : new long[] {0, 7, DISK_BYTES, Long.MAX_VALUE}) {
                assertThat(channel.position(at).read(ByteBuffer.allocate(0))).isZero();
                assertThat(channel.write(ByteBuffer.allocate(0))).isZero();
            }
            assertThat(disk.stats().operations()).isEqualTo(1);
        }
    }

    @SimulatedXenTest
    void shouldWriteWhatFits_andNamePositionAndSizeWhenNothingDoes(SimulatedXen xen) throws IOException {
        try (DiskHost host = host(xen);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            ByteBuffer from = ByteBuffer.wrap(BlkfrontTest.randomBytes(1000, 2));
            assertThat(channel.position(DISK_BYTES - 700).write(from)).isEqualTo(700);
            assertThat(from.position()).isEqualTo(700);
            assertThat(Arrays.copyOfRange(host.store.content(), DISK_BYTES - 700, DISK_BYTES))
                    .isEqualTo(Arrays.copyOf(from.array(), 700));
            for (long at : new long[] {DISK_BYTES, DISK_BYTES + 1L, Long.MAX_VALUE}) {
                channel.position(at);
                assertThatThrownBy(() -> channel.write(from))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("position=" + at)
                        .hasMessageContaining(DISK_BYTES + " bytes");
                assertThat(from.position()).isEqualTo(700);
                assertThat(channel.position()).isEqualTo(at);
            }
        }
    }

    @SimulatedXenTest
    void shouldNotBeTruncated_andSayWhatSizeItHas(SimulatedXen xen) throws IOException {
        try (DiskHost host = host(xen);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            channel.position(100);
            assertThat(channel.truncate(DISK_BYTES)).isSameAs(channel);
            assertThat(channel.truncate(Long.MAX_VALUE)).isSameAs(channel);
            assertThat(channel.position()).isEqualTo(100);
            channel.position(DISK_BYTES + 1000L);
            channel.truncate(DISK_BYTES + 2000L);
            assertThat(channel.position()).isEqualTo(DISK_BYTES + 1000L);
            channel.truncate(DISK_BYTES + 500L);
            assertThat(channel.position())
                    .as("moved to the given size, as the interface demands")
                    .isEqualTo(DISK_BYTES + 500L);
            for (long size : new long[] {0, 1, DISK_BYTES - 1}) {
                assertThatThrownBy(() -> channel.truncate(size))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("size=" + size)
                        .hasMessageContaining(DISK_BYTES + " bytes");
            }
            assertThat(channel.position()).isEqualTo(DISK_BYTES + 500L);
            assertThatThrownBy(() -> channel.truncate(-1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("size=-1");
            assertThatThrownBy(() -> channel.position(-1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("position=-1");
            assertThat(host.store.content()).isEqualTo(content());
        }
    }

    @SimulatedXenTest
    void shouldBeReadOnly_whenTheDiskIs(SimulatedXen xen) throws IOException {
        try (DiskHost host = new DiskHost(xen, new MemoryStore(DISK_BYTES, true), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            ByteBuffer from = ByteBuffer.allocate(10);
            assertThatThrownBy(() -> channel.write(from)).isInstanceOf(NonWritableChannelException.class);
            assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(0)))
                    .isInstanceOf(NonWritableChannelException.class);
            assertThatThrownBy(() -> channel.truncate(DISK_BYTES)).isInstanceOf(NonWritableChannelException.class);
            assertThat(from.position()).isZero();
            assertThat(channel.read(ByteBuffer.allocate(10))).isEqualTo(10);
        }
    }

    @SimulatedXenTest
    void shouldRefuseABufferItCannotFill_whateverTheAlignment(SimulatedXen xen) throws IOException {
        try (DiskHost host = host(xen);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            for (int at : new int[] {0, 1, DISK_BYTES}) {
                channel.position(at);
                assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(512).asReadOnlyBuffer()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("read-only");
            }
            assertThat(disk.stats().operations()).isZero();
        }
    }

    @SimulatedXenTest
    void shouldRefuseEveryCall_onceClosed(SimulatedXen xen) throws IOException {
        try (DiskHost host = host(xen);
                Blkfront disk = host.connect()) {
            SeekableByteChannel channel = disk.channel();
            assertThat(channel.isOpen()).isTrue();
            channel.close();
            channel.close();
            assertThat(channel.isOpen()).isFalse();
            ThrowingCallable[] calls = {
                () -> channel.read(ByteBuffer.allocate(1)),
                () -> channel.read(ByteBuffer.allocate(0)),
                () -> channel.write(ByteBuffer.allocate(1)),
                () -> channel.write(ByteBuffer.allocate(0)),
                channel::position,
                () -> channel.position(0),
                () -> channel.position(-1),
                channel::size,
                () -> channel.truncate(DISK_BYTES),
                () -> channel.truncate(-1)
            };
            for (ThrowingCallable call : calls) {
                assertThatThrownBy(call).isInstanceOf(ClosedChannelException.class);
            }
            assertThat(disk.channel().read(ByteBuffer.allocate(1))).isEqualTo(1);
        }
    }

    @SimulatedXenTest
    void shouldSayWhy_whenTheDiskIsClosed(SimulatedXen xen) throws IOException {
        try (DiskHost host = host(xen)) {
            Blkfront disk = host.connect();
            SeekableByteChannel channel = disk.channel();
            disk.close();
            assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
                    .isInstanceOf(IOException.class)
                    .hasCauseInstanceOf(XenPeerGoneException.class);
            assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(512)))
                    .isInstanceOf(IOException.class)
                    .hasCauseInstanceOf(XenPeerGoneException.class);
            assertThat(channel.position()).isZero();
        }
    }

    /** At every alignment, against a disk whose upper half is broken: 16 KiB are moved at a time. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 512, 1000})
    @OnSimulatedXen
    void shouldStandWhereItGotTo_whenPartOfATransferFails(int from, SimulatedXen xen) throws IOException {
        int good = DISK_BYTES / 2;
        try (DiskHost host = new DiskHost(xen, MemoryStore.of(content()), BlkbackConfig.DEFAULT, brokenFrom(good));
                Blkfront disk = host.connect();
                SeekableByteChannel channel = new BlkfrontChannel(disk, 16 * 1024)) {
            ByteBuffer into = ByteBuffer.allocate(DISK_BYTES).position(3);
            int read = channel.position(from).read(into);
            assertThat(read).isBetween(good - from - 16 * 1024, good - from);
            assertThat(into.position()).isEqualTo(3 + read);
            assertThat(channel.position()).isEqualTo(from + read);
            assertThat(Arrays.copyOfRange(into.array(), 3, 3 + read))
                    .isEqualTo(Arrays.copyOfRange(content(), from, from + read));
            assertThatThrownBy(() -> channel.read(into))
                    .isInstanceOf(IOException.class)
                    .hasCauseInstanceOf(XenIoException.class);
            assertThat(into.position()).isEqualTo(3 + read);
            assertThat(channel.position()).isEqualTo(from + read);

            ByteBuffer data =
                    ByteBuffer.wrap(BlkfrontTest.randomBytes(DISK_BYTES, 2)).position(3);
            int written = channel.position(from).write(data);
            assertThat(written).isBetween(good - from - 16 * 1024, good - from);
            assertThat(data.position()).isEqualTo(3 + written);
            assertThat(channel.position()).isEqualTo(from + written);
            assertThatThrownBy(() -> channel.write(data)).isInstanceOf(IOException.class);
            assertThat(data.position()).isEqualTo(3 + written);
            assertThat(channel.position()).isEqualTo(from + written);
            byte[] expected = content();
            System.arraycopy(data.array(), 3, expected, from, written);
            assertThat(host.store.content()).isEqualTo(expected);
        }
    }

    @SimulatedXenTest
    void shouldFollowTheDisksSize(SimulatedXen xen) throws IOException {
        try (DiskHost host = host(xen);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel()) {
            channel.position(DISK_BYTES);
            assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            resize(host, 2 * DISK_BYTES);
            assertThat(xen.runUntil(() -> disk.geometry().sectors() == 2 * DISK_BYTES / 512, A_WHILE))
                    .isTrue();
            assertThat(channel.size()).isEqualTo(2L * DISK_BYTES);
            assertThat(channel.write(ByteBuffer.allocate(700))).isEqualTo(700);
            assertThat(channel.read(ByteBuffer.allocate(DISK_BYTES))).isEqualTo(DISK_BYTES - 700);
        }
    }

    @SimulatedXenTest
    void shouldStandWhereItGotTo_whenTheDiskShrinksMeanwhile(SimulatedXen xen) throws IOException {
        try (DiskHost host = host(xen);
                Blkfront disk = host.connect();
                SeekableByteChannel channel = new BlkfrontChannel(disk, 4096)) {
            host.driverDomain.run(domain ->
                    domain.loop().at(domain.clock().nanoTime() + 100_000, () -> resizeHere(host, DISK_BYTES / 2)));
            ByteBuffer into = ByteBuffer.allocate(DISK_BYTES);
            int read = 0;
            while (into.hasRemaining()) {
                int more = channel.read(into);
                if (more < 0) {
                    break;
                }
                read += more;
            }
            assertThat(disk.geometry().sectors()).isEqualTo(DISK_BYTES / 2 / 512);
            assertThat(read).isEqualTo(DISK_BYTES / 2);
            assertThat(channel.position()).isEqualTo(into.position()).isEqualTo(read);
        }
    }

    private static void resize(DiskHost host, int bytes) {
        host.driverDomain.run(domain -> resizeHere(host, bytes));
    }

    private static void resizeHere(DiskHost host, int bytes) {
        host.store.resize(bytes);
        host.backend().resize();
    }

    /** Nothing of it is stored. */
    private static final class HugeDisk implements BlockStore {
        @Override
        public long sizeBytes() {
            return 1L << 33;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long positionBytes, ByteBuffer[] targets, int count) {}

        @Override
        public void write(long positionBytes, ByteBuffer[] sources, int count) {}

        @Override
        public void flush() {}

        @Override
        public void discard(long positionBytes, long lengthBytes) {}

        @Override
        public void secureDiscard(long positionBytes, long lengthBytes) {}

        @Override
        public void close() {}
    }

    /** As large as buffers get; with whole sectors around it, it would not fit one. The second operation fails. */
    @ParameterizedTest
    @ValueSource(longs = {1, (1L << 32) - 1})
    @OnSimulatedXen
    void shouldTakeAnyLength_whenTheSectorsAroundItAreMoreThanAnIntCounts(long at, SimulatedXen xen)
            throws IOException {
        long broken = at + (1 << 16);
        try (DiskHost host = new DiskHost(
                        xen, DomainConfig.named("guest"), new HugeDisk(), BlkbackConfig.DEFAULT, brokenFrom(broken));
                Blkfront disk = host.connect();
                SeekableByteChannel channel = disk.channel();
                FileChannel file = FileChannel.open(
                        directory.resolve("sparse"),
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            ByteBuffer huge = file.map(FileChannel.MapMode.READ_WRITE, 0, Integer.MAX_VALUE);
            int written = channel.position(at).write(huge);
            assertThat(written).isBetween(1 << 15, 1 << 16);
            assertThat(channel.position()).isEqualTo(at + written);
            huge.rewind();
            int read = channel.position(at).read(huge);
            assertThat(read).isEqualTo(written);
            assertThat(huge.position()).isEqualTo(read);
        }
    }
}
