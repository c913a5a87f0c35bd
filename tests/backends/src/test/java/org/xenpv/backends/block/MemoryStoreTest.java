package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryStoreTest {

    private static ByteBuffer[] one(byte[] bytes) {
        return new ByteBuffer[] {ByteBuffer.wrap(bytes)};
    }

    @Test
    void shouldLoseOnPowerCutWhatWasNotFlushed_andNothingElse() throws IOException {
        MemoryStore store = new MemoryStore(2048, false);
        byte[] ones = new byte[512];
        Arrays.fill(ones, (byte) 1);
        store.write(0, one(ones), 1);
        store.flush();
        store.write(512, one(ones), 1);
        store.powerCut();
        assertThat(store.content()[511]).isEqualTo((byte) 1);
        assertThat(store.content()[512]).isZero();
        store.flush();
        assertThat(store.stableContent()).isEqualTo(store.content());
    }

    @Test
    void shouldDiscardIntoTheCache_andSecurelyIntoTheMedium() throws IOException {
        byte[] noise = BlkbackQueueTest.noise(2048, 1);
        MemoryStore store = MemoryStore.of(noise);
        store.discard(0, 512);
        assertThat(store.content()[0]).isZero();
        store.powerCut();
        assertThat(store.content()).isEqualTo(noise);
        store.secureDiscard(512, 512);
        store.powerCut();
        assertThat(Arrays.copyOfRange(store.content(), 512, 1024)).containsOnly(0);
    }

    @Test
    void shouldKeepItsContentWhenResized() throws IOException {
        byte[] noise = BlkbackQueueTest.noise(2048, 1);
        MemoryStore store = MemoryStore.of(noise);
        store.resize(4096);
        assertThat(store.remeasure()).isEqualTo(4096);
        assertThat(store.content()).startsWith(noise);
        store.write(3584, one(new byte[512]), 1);
        store.resize(1024);
        store.flush();
        assertThat(store.sizeBytes()).isEqualTo(1024);
        assertThat(store.stableContent()).isEqualTo(Arrays.copyOf(noise, 1024));
    }

    @Test
    void shouldFailOutsideItself_andWhenReadOnly() throws IOException {
        MemoryStore store = new MemoryStore(1024, true);
        store.read(512, one(new byte[512]), 1);
        assertThatThrownBy(() -> store.read(1024, one(new byte[512]), 1)).isInstanceOf(EOFException.class);
        assertThatThrownBy(() -> store.read(-512, one(new byte[512]), 1)).isInstanceOf(EOFException.class);
        assertThatThrownBy(() -> store.write(0, one(new byte[512]), 1)).hasMessageContaining("read-only");
        assertThatThrownBy(() -> store.discard(0, 512)).hasMessageContaining("read-only");
    }

    @Test
    void shouldOutliveTheDeviceThatServesIt() throws IOException {
        byte[] noise = BlkbackQueueTest.noise(1024, 1);
        MemoryStore store = MemoryStore.of(noise);
        assertThat(store.isClosed()).isFalse();
        store.close();
        assertThat(store.isClosed()).isTrue();
        byte[] read = new byte[1024];
        store.read(0, one(read), 1);
        assertThat(read).isEqualTo(noise);
        assertThat(store.isClosed()).as("used since").isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -512, 511, 513, Integer.MAX_VALUE})
    void shouldRefuseImpossibleSizes(int bytes) {
        assertThatThrownBy(() -> new MemoryStore(bytes, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sizeBytes=" + bytes);
    }
}
