package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenpv.backends.block.QueueBench.seg;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenConfigException;
import org.xenpv.io.blkif.Blkif;

class RawImageTest {

    @TempDir
    Path directory;

    private Path image(byte[] content) throws IOException {
        return Files.write(directory.resolve("disk.img"), content);
    }

    private static ByteBuffer[] buffers(int... sizes) {
        return Arrays.stream(sizes).mapToObj(ByteBuffer::allocateDirect).toArray(ByteBuffer[]::new);
    }

    private static byte[] joined(ByteBuffer[] buffers, int count) {
        ByteBuffer all = ByteBuffer.allocate(1 << 20);
        for (int i = 0; i < count; i++) {
            all.put(buffers[i].flip());
        }
        return Arrays.copyOf(all.array(), all.position());
    }

    @Test
    void shouldNamePathAndReason_whenTheImageDoesNotExist() {
        Path missing = directory.resolve("nowhere.img");
        assertThatThrownBy(() -> RawImage.openReadOnly(missing))
                .isInstanceOf(BlockStoreException.class)
                .hasMessageContaining(missing.toString())
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> RawImage.openWritable(missing)).isInstanceOf(BlockStoreException.class);
        assertThat(missing).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 513, 1000, 4095})
    void shouldNamePathAndSize_whenTheSizeIsImpossible(int bytes) throws IOException {
        Path path = image(new byte[bytes]);
        assertThatThrownBy(() -> RawImage.openReadOnly(path))
                .isInstanceOf(BlockStoreException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining("is " + bytes + " bytes long");
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 1024, 4096, 5120})
    void shouldAcceptAnyMultipleOfASector(int bytes) throws IOException {
        try (RawImage image = RawImage.openReadOnly(image(new byte[bytes]))) {
            assertThat(image.sizeBytes()).isEqualTo(bytes);
            assertThat(image.readOnly()).isTrue();
        }
    }

    @Test
    void shouldRefuseADirectory() {
        assertThatThrownBy(() -> RawImage.openReadOnly(directory)).hasMessageContaining("is a directory");
    }

    @Test
    void shouldRefuseASecondWriter_andLetItIn_whenTheFirstHasClosed() throws IOException {
        Path path = image(new byte[512]);
        try (RawImage first = RawImage.openWritable(path)) {
            assertThat(first.readOnly()).isFalse();
            assertThatThrownBy(() -> RawImage.openWritable(path))
                    .isInstanceOf(BlockStoreException.class)
                    .hasMessageContaining("another backend");
            RawImage.openReadOnly(path).close();
        }
        RawImage.openWritable(path).close();
    }

    @Test
    void shouldReadIntoOneAndIntoSeveralBuffers() throws IOException {
        byte[] content = BlkbackQueueTest.noise(1 << 16, 3);
        try (RawImage image = RawImage.openReadOnly(image(content))) {
            ByteBuffer[] one = buffers(4096);
            image.read(512, one, 1);
            assertThat(joined(one, 1)).isEqualTo(Arrays.copyOfRange(content, 512, 512 + 4096));
            ByteBuffer[] many = buffers(512, 4096, 1024, 99);
            image.read(1024, many, 3);
            assertThat(joined(many, 3)).isEqualTo(Arrays.copyOfRange(content, 1024, 1024 + 5632));
            assertThat(many[3].position()).as("beyond count").isZero();
        }
    }

    @Test
    void shouldWriteFromOneAndFromSeveralBuffers() throws IOException {
        byte[] content = BlkbackQueueTest.noise(1 << 16, 4);
        Path path = image(new byte[1 << 16]);
        try (RawImage image = RawImage.openWritable(path)) {
            image.write(0, new ByteBuffer[] {ByteBuffer.wrap(content, 0, 4096)}, 1);
            ByteBuffer[] rest = {ByteBuffer.wrap(content, 4096, 512), ByteBuffer.wrap(content, 4608, (1 << 16) - 4608)};
            image.write(4096, rest, 2);
            image.flush();
        }
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void shouldFailInsteadOfTryingForEver_whenTheFileIsCutShort() throws IOException {
        Path path = image(new byte[8192]);
        try (RawImage image = RawImage.openReadOnly(path)) {
            Files.write(path, new byte[4608]);
            assertThatThrownBy(() -> image.read(4096, buffers(1024), 1)).isInstanceOf(EOFException.class);
            assertThatThrownBy(() -> image.read(4096, buffers(512, 512), 2)).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void shouldMeasureAgainWhenAsked_andKeepTheOldSize_whenTheNewOneIsImpossible() throws IOException {
        Path path = image(new byte[8192]);
        try (RawImage image = RawImage.openReadOnly(path)) {
            Files.write(path, new byte[16384]);
            assertThat(image.sizeBytes()).isEqualTo(8192);
            assertThat(image.remeasure()).isEqualTo(16384);
            Files.write(path, new byte[1000]);
            assertThatThrownBy(image::remeasure).hasMessageContaining("1000");
            assertThat(image.sizeBytes()).isEqualTo(16384);
        }
    }

    @Test
    void shouldZeroExactlyTheDiscardedRange() throws IOException {
        byte[] content = BlkbackQueueTest.noise(1 << 18, 5);
        Path path = image(content);
        try (RawImage image = RawImage.openWritable(path)) {
            image.discard(1024, 150_016);
            image.secureDiscard((1 << 18) - 512, 512);
        }
        Arrays.fill(content, 1024, 1024 + 150_016, (byte) 0);
        Arrays.fill(content, (1 << 18) - 512, 1 << 18, (byte) 0);
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void shouldServeAReadOnlyImageAndNeverChangeIt() throws IOException {
        byte[] content = BlkbackQueueTest.noise(1 << 18, 6);
        Path path = image(content);
        RawImage image = RawImage.openReadOnly(path);
        try (QueueBench bench = new QueueBench(image, BlkbackConfig.DEFAULT)) {
            assertThat(bench.read(3, QueueBench.wholePages(11))).isEqualTo(Blkif.BLKIF_RSP_OKAY);
            for (int page = 0; page < 11; page++) {
                int at = (3 + page * 8) * 512;
                assertThat(bench.guest.bytes(page, 0, 8)).isEqualTo(Arrays.copyOfRange(content, at, at + 4096));
            }
            assertThat(bench.write(0, seg(0, 0, 7))).isEqualTo(Blkif.BLKIF_RSP_ERROR);
            image.close();
            assertThat(bench.read(0, seg(0, 0, 7))).isEqualTo(Blkif.BLKIF_RSP_ERROR);
        }
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void shouldWriteScatteredSegmentsToTheRightPlaces() throws IOException {
        Path path = image(new byte[1 << 16]);
        byte[] data = BlkbackQueueTest.noise(4 * 512, 7);
        try (RawImage image = RawImage.openWritable(path);
                QueueBench bench = new QueueBench(image, BlkbackConfig.DEFAULT)) {
            bench.guest.fill(2, 7, 1, data, 0);
            bench.guest.fill(1, 0, 2, data, 512);
            bench.guest.fill(2, 0, 1, data, 1536);
            assertThat(bench.write(9, seg(2, 7, 7), seg(1, 0, 1), seg(2, 0, 0))).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        }
        byte[] expected = new byte[1 << 16];
        System.arraycopy(data, 0, expected, 9 * 512, data.length);
        assertThat(Files.readAllBytes(path)).isEqualTo(expected);
    }

    @Test
    void shouldOpenWhatTheToolstackNames() throws IOException {
        Path path = image(new byte[512]);
        try (BlockStore store = StoreFactory.RAW_IMAGES.open(path.toString(), false)) {
            assertThat(store.readOnly()).isTrue();
        }
        try (BlockStore store = StoreFactory.RAW_IMAGES.open(path.toString(), true)) {
            assertThat(store.readOnly()).isFalse();
        }
        assertThatThrownBy(() -> StoreFactory.RAW_IMAGES.open("a\0b", false)).isInstanceOf(XenConfigException.class);
    }
}
