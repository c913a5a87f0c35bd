package org.xenpv.scenarios.rings;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.testkit.memory.FlipOnSecondRead;

/** The program of the test kit's README, its third part: a decoder of one's own fetches nothing twice. */
class SoundResponseTest {

    record SoundResponse(int id, int status) {
        static SoundResponse copyOf(SharedMemory memory, int at) {
            long word = memory.getLong(at);
            return new SoundResponse((int) word, (int) (word >>> 32));
        }
    }

    @Test
    void shouldFetchEveryByteOnce() {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            FlipOnSecondRead memory = new FlipOnSecondRead(page);
            page.putLong(64, 0xffff_ffff_0000_0007L);
            assertThat(SoundResponse.copyOf(memory, 64)).isEqualTo(new SoundResponse(7, -1));
            assertThat(memory.readsOf(64, 8)).isEqualTo(1);
        }
    }
}
