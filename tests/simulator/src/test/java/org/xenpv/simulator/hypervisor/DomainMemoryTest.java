package org.xenpv.simulator.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xenpv.grant.abi.GrantPlatform.Frames;
import org.xenpv.memory.SharedMemory;

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

    /** Several times, so that the machine has memory to give that somebody has written to. */
    @Test
    void shouldShowNothingButZeroes_whateverTheMachineGaveAndHoweverItIsLookedAt() {
        int frames = 600;
        int bytes = frames * 4096;
        for (int way = 0; way < 10; way++) {
            DomainMemory fresh = new DomainMemory(5000, frames);
            DomainMemory target = new DomainMemory(9000, frames);
            int last = frames - 1;
            SharedMemory seen = switch (way % 5) {
                case 0 -> fresh.allocate(frames).memory();
                case 1 -> fresh.page(5000 + last);
                case 2 -> fresh.view(5000 + 300, 300);
                case 3 -> {
                    fresh.copy(5000 + last, 0, target, 9000 + 300, 16, 4080);
                    yield target.page(9000 + 300);
                }
                default -> {
                    int at = fresh.offsetOf(fresh.addressOf(5000), bytes);
                    yield fresh.arena().slice(at, bytes);
                }
            };
            byte[] found = new byte[seen.sizeBytes()];
            seen.copyOut(0, found, 0, found.length);
            assertThat(found).as("way %d", way).containsOnly(0);
            fill(fresh);
            fill(target);
            fresh.release();
            target.release();
        }
    }

    @Test
    void shouldKeepWhatIsCopiedIntoAFrame_thatNobodyHasLookedAt() {
        DomainMemory target = new DomainMemory(9000, 600);
        memory.page(1000).putByte(0, (byte) 0x55);
        memory.copy(1000, 0, target, 9300, 16, 1);
        assertThat(target.page(9300).getByte(16)).isEqualTo((byte) 0x55);
        target.release();
    }

    private static void fill(DomainMemory memory) {
        byte[] dirt = new byte[memory.frames() * 4096];
        Arrays.fill(dirt, (byte) 0xdd);
        memory.arena().copyIn(0, dirt, 0, dirt.length);
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
