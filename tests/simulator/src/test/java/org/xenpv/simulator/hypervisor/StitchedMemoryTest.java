package org.xenpv.simulator.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

class StitchedMemoryTest {

    private final ChronicleMemory arena = ChronicleMemory.allocatePages(4);
    private final ChronicleMemory[] pages = {
        arena.view(3 * 4096, 4096, () -> {}), arena.view(0, 4096, () -> {}), arena.view(2 * 4096, 4096, () -> {})
    };
    private final StitchedMemory memory = new StitchedMemory(pages);

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void shouldReachEachPageByEveryKindOfAccess() {
        for (int page = 0; page < 3; page++) {
            int at = page * 4096 + 8;
            memory.putByte(at, (byte) page);
            assertThat(pages[page].getByte(8)).isEqualTo((byte) page);
            memory.putShort(at, (short) (page + 10));
            assertThat(memory.getShort(at)).isEqualTo((short) (page + 10));
            memory.putInt(at, page + 100);
            assertThat(memory.getInt(at)).isEqualTo(page + 100);
            memory.putLong(at, page + 1000L);
            assertThat(pages[page].getLong(8)).isEqualTo(page + 1000L);
            memory.putIntRelease(at, page + 5);
            assertThat(memory.getIntAcquire(at)).isEqualTo(page + 5);
            assertThat(memory.compareAndSetInt(at, page + 5, -1)).isTrue();
            assertThat(memory.compareAndSetInt(at, page + 5, 0)).isFalse();
            assertThat(memory.getByte(at)).isEqualTo((byte) -1);
        }
        memory.acquireFence();
        memory.releaseFence();
        memory.fullFence();
    }

    @Test
    void shouldCopyAcrossPages() {
        byte[] bytes = new byte[6000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 7 + 1);
        }
        memory.copyIn(3000, bytes, 0, bytes.length);
        byte[] back = new byte[6000];
        memory.copyOut(3000, back, 0, back.length);
        assertThat(back).isEqualTo(bytes);
        byte[] middle = new byte[4096];
        arena.copyOut(0, middle, 0, 4096);
        assertThat(middle).isEqualTo(Arrays.copyOfRange(bytes, 1096, 1096 + 4096));

        try (ChronicleMemory other = ChronicleMemory.allocatePages(2)) {
            memory.copyTo(3000, other, 100, 6000);
            other.copyOut(100, back, 0, 6000);
            assertThat(back).isEqualTo(bytes);
            other.copyTo(100, memory, 2000, 6000);
            memory.copyOut(2000, back, 0, 6000);
            assertThat(back).isEqualTo(bytes);
        }
        memory.zero(2001, 8000);
        assertThat(memory.getByte(2000)).isEqualTo(bytes[0]);
        memory.copyOut(2001, back, 0, 6000);
        assertThat(back).containsOnly(0);
    }

    @Test
    void shouldCheckBoundsAndAlignment() {
        memory.check(0, 3 * 4096, 8);
        memory.check(4092, 8, 4);
        assertThatThrownBy(() -> memory.check(0, 3 * 4096 + 1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.check(-1, 1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.check(2, 4, 4)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.getIntAcquire(3 * 4096)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.copyOut(3 * 4096 - 1, new byte[2], 0, 2))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void shouldSliceWithinAPageAndWholePages() {
        memory.putInt(4096 + 16, 4711);
        assertThat(memory.slice(4096 + 16, 4).getInt(0)).isEqualTo(4711);
        SharedMemory two = memory.slice(4096, 8192);
        assertThat(two.sizeBytes()).isEqualTo(8192);
        assertThat(two.getInt(16)).isEqualTo(4711);
        assertThatThrownBy(() -> memory.slice(100, 8192)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldBeDead_whenClosed() {
        SharedMemory slice = memory.slice(4096, 8192);
        memory.close();
        assertThatThrownBy(() -> memory.check(8192, 4, 4)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> slice.check(0, 4, 4)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> memory.copyOut(0, new byte[4], 0, 4)).isInstanceOf(IllegalStateException.class);
    }
}
