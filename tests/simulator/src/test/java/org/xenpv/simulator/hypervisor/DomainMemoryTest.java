package org.xenpv.simulator.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xenpv.grant.abi.GrantPlatform.Frames;

class DomainMemoryTest {

    private final DomainMemory memory = new DomainMemory(1000, 32);

    @AfterEach
    void release() {
        memory.release();
    }

    @Test
    void shouldGiveContiguousFramesUntilNoneAreLeft() {
        Frames first = memory.allocate(20);
        assertThat(first.firstFrame()).isEqualTo(1000);
        assertThat(first.memory().sizeBytes()).isEqualTo(20 * 4096);
        assertThat(memory.allocate(13)).isNull();
        assertThat(memory.allocate(12)).isNotNull();
        assertThat(memory.allocate(1)).isNull();
        assertThat(memory.allocatedFrames()).isEqualTo(32);

        memory.free(first);

        assertThat(memory.allocate(20).firstFrame()).isEqualTo(1000);
    }

    @Test
    void shouldFindARunBetweenOthers() {
        List<Frames> each = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            each.add(memory.allocate(1));
        }
        for (int i : new int[] {3, 9, 10, 11, 20}) {
            memory.free(each.get(i));
        }
        assertThat(memory.allocate(4)).isNull();
        assertThat(memory.allocate(3).firstFrame()).isEqualTo(1009);
    }

    @Test
    void shouldNoticeADoubleFree() {
        Frames frames = memory.allocate(4);
        memory.free(frames);

        assertThatThrownBy(() -> memory.free(frames)).hasMessageContaining("freed but not allocated");
        assertThatThrownBy(() -> memory.free(new Frames(frames.memory(), 1031, 2)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldKnowItsOwnFramesOnly() {
        assertThat(memory.holds(999)).isFalse();
        assertThat(memory.holds(1000)).isTrue();
        assertThat(memory.holds(1031)).isTrue();
        assertThat(memory.holds(1032)).isFalse();
        assertThat(memory.offsetOf(memory.addressOf(1031), 4096)).isEqualTo(31 * 4096);
        assertThat(memory.offsetOf(memory.addressOf(1031), 4097)).isEqualTo(-1);
        assertThat(memory.offsetOf(memory.addressOf(1000) - 1, 1)).isEqualTo(-1);
    }

    @Test
    void shouldRefuseSizesThatCannotBe() {
        assertThatThrownBy(() -> new DomainMemory(0, 15)).hasMessageContaining("frames=15");
        assertThatThrownBy(() -> new DomainMemory(0, (1 << 18) + 1)).hasMessageContaining("262145");
        assertThatThrownBy(() -> memory.allocate(0)).hasMessageContaining("count=0");
    }
}
