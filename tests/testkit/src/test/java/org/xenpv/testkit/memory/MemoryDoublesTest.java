package org.xenpv.testkit.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xenpv.memory.ChronicleMemory;

class MemoryDoublesTest {

    private final ChronicleMemory page = ChronicleMemory.allocatePages(1);

    @AfterEach
    void close() {
        page.close();
    }

    @Test
    void flipOnSecondRead_shouldTellTheTruthOnce_perPass() {
        FlipOnSecondRead memory = new FlipOnSecondRead(page);
        page.putInt(64, 0x01020304);
        assertThat(memory.getInt(64)).isEqualTo(0x01020304);
        assertThat(memory.getInt(64)).isEqualTo(~0x01020304);
        assertThat(memory.getShort(64)).isNotEqualTo((short) 0x0304);
        assertThat(memory.readsOf(64)).isEqualTo(3);
        assertThat(memory.readsOf(67)).isEqualTo(2);
        assertThat(memory.readsOf(60, 4)).isZero();
        assertThat(page.getInt(64)).isEqualTo(0x01020304);
        memory.newPass();
        byte[] copy = new byte[8];
        memory.copyOut(60, copy, 0, 8);
        assertThat(copy).containsExactly(0, 0, 0, 0, 4, 3, 2, 1);
        assertThat(memory.readsOf(0, 4096)).isEqualTo(1);
    }

    @Test
    void flipOnSecondRead_shouldNotForget_whenTheOwnerStores() {
        FlipOnSecondRead memory = new FlipOnSecondRead(page);
        assertThat(memory.getInt(0)).isZero();
        memory.putInt(0, 9);
        assertThat(memory.getInt(0)).isEqualTo(~9);
    }

    @Test
    void interleaving_shouldRunThePeer_beforeEveryAccessButItsOwn() {
        InterleavingMemory memory = new InterleavingMemory(page);
        List<Long> steps = new ArrayList<>();
        memory.onAccess(n -> {
            steps.add(n);
            memory.putInt(0, (int) n + 100);
        });
        assertThat(memory.getInt(0)).isEqualTo(100);
        memory.fullFence();
        memory.copyOut(0, new byte[16], 0, 16);
        assertThat(steps).containsExactly(0L, 1L, 2L, 3L);
        assertThat(memory.accesses()).isEqualTo(4);

        memory.beforeAccess(1, () -> page.putInt(0, -1));
        assertThat(memory.getInt(0)).isEqualTo(103);
        assertThat(memory.getInt(0)).isEqualTo(-1);
    }

    @Test
    void storeBuffer_shouldShowEveryOrder_whenNothingForbidsIt() {
        Set<String> seen = new HashSet<>();
        for (int seed = 0; seed < 200; seed++) {
            page.zero(0, 64);
            StoreBufferMemory memory = new StoreBufferMemory(page, seed, 0);
            memory.putInt(0, 1);
            memory.putInt(8, 1);
            assertThat(memory.getInt(0) + memory.getInt(8)).isEqualTo(2);
            memory.drainOne();
            seen.add(page.getInt(0) + "," + page.getInt(8));
            memory.drainAll();
            assertThat(page.getInt(0) + page.getInt(8)).isEqualTo(2);
        }
        assertThat(seen).containsExactlyInAnyOrder("1,0", "0,1");
    }

    @Test
    void storeBuffer_shouldKeepTheOrder_thatReleaseAndFencesPromise() {
        for (int seed = 0; seed < 200; seed++) {
            page.zero(0, 64);
            StoreBufferMemory memory = new StoreBufferMemory(page, seed, 30);
            memory.putInt(0, 1);
            memory.putInt(4, 1);
            memory.putIntRelease(8, 1);
            memory.releaseFence();
            memory.putInt(12, 1);
            while (memory.pendingStores() > 0) {
                memory.drainOne();
                assertThat(page.getInt(8)).isLessThanOrEqualTo(page.getInt(0) & page.getInt(4));
                assertThat(page.getInt(12)).isLessThanOrEqualTo(page.getInt(8));
            }
            memory.putInt(16, 1);
            memory.fullFence();
            assertThat(page.getInt(16)).isEqualTo(1);
        }
    }

    @Test
    void storeBuffer_shouldLetALaterStorePass_aReleaseStore() {
        boolean passed = false;
        for (int seed = 0; seed < 200; seed++) {
            page.zero(0, 64);
            StoreBufferMemory memory = new StoreBufferMemory(page, seed, 0);
            memory.putIntRelease(0, 1);
            memory.putInt(4, 1);
            memory.drainOne();
            passed |= page.getInt(4) == 1 && page.getInt(0) == 0;
        }
        assertThat(passed).isTrue();
    }

    @Test
    void storeBuffer_shouldKeepStoresToTheSameBytesInOrder_andForwardThem() {
        for (int seed = 0; seed < 100; seed++) {
            page.zero(0, 64);
            StoreBufferMemory memory = new StoreBufferMemory(page, seed, 30);
            memory.putLong(0, -1L);
            memory.putShort(2, (short) 0x1234);
            memory.putByte(3, (byte) 0x56);
            assertThat(memory.getLong(0)).isEqualTo(0xffffffff5634ffffL);
            assertThat(memory.compareAndSetInt(0, 0x5634ffff, 7)).isTrue();
            assertThat(page.getLong(0)).isEqualTo(0xffffffff00000007L);
        }
    }

    @Test
    void staleLoad_shouldGoBackToTheLastAcquire_andNoFurther() {
        StaleLoadMemory memory = new StaleLoadMemory(page, 1, 100);
        page.putInt(0, 1);
        page.putInt(4, 1);
        assertThat(memory.getInt(0)).isZero();
        assertThat(memory.getIntAcquire(0)).isEqualTo(1);
        assertThat(memory.getInt(4)).isEqualTo(1);
        page.putInt(4, 2);
        memory.releaseFence();
        assertThat(memory.getInt(4)).isEqualTo(1);
        memory.fullFence();
        assertThat(memory.getInt(4)).isEqualTo(2);
        memory.putInt(4, 3);
        assertThat(memory.getInt(4)).isEqualTo(3);
    }

    @Test
    void staleLoad_shouldNeverGoBack_onceItHasSeenTheNewValue() {
        for (int seed = 0; seed < 50; seed++) {
            page.zero(0, 64);
            StaleLoadMemory memory = new StaleLoadMemory(page, seed, 50);
            int last = 0;
            for (int i = 1; i < 20; i++) {
                page.putInt(0, i);
                int now = memory.getInt(0);
                assertThat(now).isBetween(last, i);
                last = now;
            }
        }
    }

    @Test
    void poison_shouldNameTheAccess_whenItIsForbidden() {
        PoisonMemory memory = new PoisonMemory(page).allowReads(8, 8).allowWrites(16, 4);
        assertThat(memory.getLong(8)).isZero();
        memory.putInt(16, 1);
        assertThat(memory.violation()).isNull();
        assertThatThrownBy(() -> memory.getInt(4))
                .isInstanceOf(AssertionError.class)
                .hasMessage("forbidden read of 4 bytes at 4");
        assertThatThrownBy(() -> memory.putLong(16, 1))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("write");
        assertThatThrownBy(() -> memory.slice(16, 8).getInt(0)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> memory.forbid(8, 1).getInt(8)).isInstanceOf(AssertionError.class);
        assertThat(memory.getInt(12)).isZero();
        assertThat(memory.violation()).isEqualTo("forbidden read of 4 bytes at 4");
    }
}
