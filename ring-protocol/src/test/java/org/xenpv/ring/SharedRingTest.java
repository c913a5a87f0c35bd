package org.xenpv.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenpv.memory.ChronicleMemory;

class SharedRingTest {

    private static final int PAGES_MAX = 4096;

    @Test
    void shouldFindTheLastSlot_whenTheRingIsAsLongAsCanBe() {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(PAGES_MAX)) {
            SharedRing ring = new SharedRing(memory, 4);
            assertThat(ring.nrEnts()).isEqualTo(1 << 21);
            assertThat(ring.slotAt(-1)).isEqualTo(64 + (ring.nrEnts() - 1) * 4);
            int whole = memory.sizeBytes() - 64;
            assertThat(new SharedRing(memory, whole).slotAt(-1)).isEqualTo(64);
            int half = whole / 2;
            assertThat(new SharedRing(memory, half).slotAt(1)).isEqualTo(64 + half);
        }
    }

    @Test
    void shouldRefuse_whenTheRingIsLonger() {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(PAGES_MAX + 1)) {
            assertThatThrownBy(() -> new SharedRing(memory, 112))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("memory.sizeBytes=" + memory.sizeBytes());
        }
    }
}
