package org.xenpv.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChronicleMemoryTest {

    private static final int BYTES = SharedMemory.PAGE_BYTES;

    private final ChronicleMemory memory = ChronicleMemory.allocatePages(1);

    @AfterEach
    void release() {
        memory.close();
    }

    @Test
    void shouldBeZeroAndPageAligned_whenAllocated() {
        try (ChronicleMemory pages = ChronicleMemory.allocatePages(3)) {
            assertThat(pages.address() % BYTES).isZero();
            assertThat(pages.sizeBytes()).isEqualTo(3 * BYTES);
            assertThat(bytes(pages)).containsOnly(0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE, 524287, Integer.MAX_VALUE})
    void shouldRefuseTheCount_whenThereCannotBeSoManyPages(int pages) {
        assertThatThrownBy(() -> ChronicleMemory.allocatePages(pages))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pages=" + pages);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, 1, 4095, 4097})
    void shouldRefuseTheAddress_whenNoPageCanStartThere(long address) {
        assertThatThrownBy(() -> ChronicleMemory.at(address, BYTES, () -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("address=0x" + Long.toHexString(address));
    }

    @Test
    void shouldRefuseTheSize_whenNothingWouldBeThere() {
        assertThatThrownBy(() -> ChronicleMemory.at(memory.address(), 0, () -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sizeBytes=0");
    }

    @ParameterizedTest
    @CsvSource({
        "-1,1",
        "0,-1",
        "4096,1",
        "4095,2",
        "4093,4",
        "0,4097",
        "2147483647,1",
        "1,2147483647",
        "-2147483648,1",
        "2147483647,2147483647",
        "-1,0",
        "4097,0"
    })
    void shouldRefuseTheRange_whenItLeavesTheMemory(int at, int lengthBytes) {
        assertThatThrownBy(() -> memory.check(at, lengthBytes, 1))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContaining("at=" + at)
                .hasMessageContaining("sizeBytes=4096");
        assertThatThrownBy(() -> memory.slice(at, lengthBytes)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.zero(at, lengthBytes)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.copyOut(at, new byte[8192], 0, lengthBytes))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.copyIn(at, new byte[8192], 0, lengthBytes))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.copyTo(at, memory, 0, lengthBytes))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.copyTo(0, memory, at, lengthBytes))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @ParameterizedTest
    @CsvSource({"0,4096,8", "4095,1,1", "4094,2,2", "4092,4,4", "4088,8,8", "4096,0,1", "0,0,4096"})
    void shouldAcceptTheRange_whenItEndsWithTheMemory(int at, int lengthBytes, int alignmentBytes) {
        assertThatCode(() -> memory.check(at, lengthBytes, alignmentBytes)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({"1,2", "2,4", "4,8", "6,4", "4,16"})
    void shouldRefuseTheOffset_whenItIsMisaligned(int at, int alignmentBytes) {
        assertThatThrownBy(() -> memory.check(at, 2, alignmentBytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("at=" + at + ", must be a multiple of " + alignmentBytes);
        assertThatCode(() -> memory.check(at, 2, at & -at)).doesNotThrowAnyException();
    }

    @Test
    void shouldJudgeAlignmentByTheAddress_whenItIsASliceThatStartsOdd() {
        SharedMemory odd = memory.slice(2, 16);
        assertThatThrownBy(() -> odd.check(0, 4, 4)).isInstanceOf(IllegalArgumentException.class);
        assertThatCode(() -> odd.check(2, 4, 4)).doesNotThrowAnyException();
    }

    @Test
    void shouldCheckOrderedAccess_whenItIsOutsideOrMisaligned() {
        for (int at : new int[] {-4, BYTES, BYTES - 2}) {
            assertThatThrownBy(() -> memory.getIntAcquire(at)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.putIntRelease(at, 1)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.compareAndSetInt(at, 0, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThatThrownBy(() -> memory.getIntAcquire(2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.putIntRelease(2, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.compareAndSetInt(2, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldCheckFieldAccess_whenAssertionsAreOn() {
        assertThatThrownBy(() -> memory.getByte(BYTES)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.getShort(BYTES - 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.getInt(BYTES - 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.getLong(BYTES - 7)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.putByte(-1, (byte) 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> memory.putShort(1, (short) 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.putInt(2, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.putLong(4, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldCheckTheArray_whenABulkCopyLeavesIt() {
        byte[] array = new byte[8];
        int[][] outside = {{-1, 1}, {8, 1}, {4, 5}, {0, 9}, {Integer.MAX_VALUE, 1}};
        for (int[] range : outside) {
            assertThatThrownBy(() -> memory.copyIn(0, array, range[0], range[1]))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.copyOut(0, array, range[0], range[1]))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThatCode(() -> memory.copyOut(0, array, 8, 0)).doesNotThrowAnyException();
    }

    @Test
    void shouldBeLittleEndian_whenBytesAreLookedAt() {
        memory.putLong(0, 0x0807060504030201L);
        memory.putInt(8, 0x0c0b0a09);
        memory.putShort(12, (short) 0x0e0d);
        memory.putByte(14, (byte) 0x0f);
        byte[] out = new byte[16];
        memory.copyOut(0, out, 0, 16);
        assertThat(out).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0);
        assertThat(memory.getLong(8)).isEqualTo(0x000f0e0d0c0b0a09L);
        assertThat(memory.getIntAcquire(4)).isEqualTo(0x08070605);
    }

    @Test
    void shouldKeepTheSign_whenAllBitsAreSet() {
        memory.putLong(0, -1);
        assertThat(memory.getByte(0)).isEqualTo((byte) -1);
        assertThat(memory.getShort(0)).isEqualTo((short) -1);
        assertThat(memory.getInt(0)).isEqualTo(-1);
        assertThat(memory.getIntAcquire(0)).isEqualTo(-1);
        assertThat(memory.getLong(0)).isEqualTo(-1L);
    }

    @Test
    void shouldSetOnlyWhenEqual_whenCompared() {
        memory.putInt(4, 7);
        assertThat(memory.compareAndSetInt(4, 6, 9)).isFalse();
        assertThat(memory.getInt(4)).isEqualTo(7);
        assertThat(memory.compareAndSetInt(4, 7, 9)).isTrue();
        assertThat(memory.getInt(4)).isEqualTo(9);
        assertThat(memory.getInt(0)).isZero();
        assertThat(memory.getInt(8)).isZero();
    }

    @Test
    void shouldShowTheSameBytes_whenViewsOverlap() {
        SharedMemory low = memory.slice(0, 24);
        SharedMemory high = memory.slice(8, 24);
        SharedMemory nested = high.slice(8, 8);
        try (ChronicleMemory view = memory.view(16, 8, () -> {})) {
            low.putLong(16, 0x1122334455667788L);
            assertThat(high.getLong(8)).isEqualTo(0x1122334455667788L);
            assertThat(nested.getLong(0)).isEqualTo(0x1122334455667788L);
            assertThat(view.getLong(0)).isEqualTo(0x1122334455667788L);
            view.putIntRelease(4, -1);
            assertThat(memory.getInt(20)).isEqualTo(-1);
        }
    }

    @Test
    void shouldNotReachBeyondItself_whenItIsASlice() {
        SharedMemory slice = memory.slice(64, 8);
        assertThat(slice.sizeBytes()).isEqualTo(8);
        assertThatThrownBy(() -> slice.getIntAcquire(8)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> slice.zero(0, 9)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> slice.slice(1, 8)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(memory.slice(BYTES, 0).sizeBytes()).isZero();
    }

    @Test
    void shouldRefuseEverything_whenClosed() {
        SharedMemory slice = memory.slice(0, 64);
        memory.close();
        List<Runnable> uses = new ArrayList<>();
        for (SharedMemory m : List.of(memory, slice)) {
            uses.add(() -> m.check(0, 4, 4));
            uses.add(() -> m.slice(0, 4));
            uses.add(() -> m.getInt(0));
            uses.add(() -> m.putLong(0, 1));
            uses.add(() -> m.getIntAcquire(0));
            uses.add(() -> m.putIntRelease(0, 1));
            uses.add(() -> m.compareAndSetInt(0, 0, 1));
            uses.add(() -> m.copyOut(0, new byte[4], 0, 4));
            uses.add(() -> m.copyIn(0, new byte[4], 0, 4));
            uses.add(() -> m.zero(0, 4));
        }
        uses.add(() -> memory.view(0, 4, () -> {}));
        for (Runnable use : uses) {
            assertThatThrownBy(use::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("memory is closed");
        }
        try (ChronicleMemory open = ChronicleMemory.allocatePages(1)) {
            assertThatThrownBy(() -> open.copyTo(0, slice, 0, 4)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> slice.copyTo(0, open, 0, 4)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void shouldReleaseOnce_whenClosedTwice() {
        AtomicInteger released = new AtomicInteger();
        ChronicleMemory wrapped = ChronicleMemory.at(memory.address(), BYTES, released::incrementAndGet);
        wrapped.close();
        wrapped.close();
        assertThat(released).hasValue(1);
    }

    @Test
    void shouldCloseAlone_whenItIsAView() {
        AtomicInteger released = new AtomicInteger();
        ChronicleMemory view = memory.view(0, BYTES, released::incrementAndGet);
        view.putInt(0, 5);
        view.close();
        assertThat(released).hasValue(1);
        assertThatThrownBy(() -> view.getInt(0)).isInstanceOf(IllegalStateException.class);
        assertThat(memory.getInt(0)).isEqualTo(5);
    }

    @Test
    void shouldCopyTheSameBytes_whenTheTargetIsAnotherKindOfMemory() {
        try (ChronicleMemory target = ChronicleMemory.allocatePages(1)) {
            SharedMemory other = (SharedMemory) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {SharedMemory.class}, (proxy, method, arguments) -> {
                        try {
                            return method.invoke(target, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
            memory.putLong(8, 0x0102030405060708L);
            memory.copyTo(8, other, 16, 8);
            assertThat(target.getLong(16)).isEqualTo(0x0102030405060708L);
            assertThat(target.getLong(8)).isZero();
            assertThat(target.getLong(24)).isZero();
            assertThatThrownBy(() -> memory.copyTo(0, other, BYTES, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /** Any mix of accesses does to the memory what it does to an array. */
    @Property(tries = 300)
    void shouldHoldWhatAnArrayHolds_whenAccessedInAnyMix(
            @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 0) Integer> draws) {
        try (ChronicleMemory real = ChronicleMemory.allocatePages(1);
                ChronicleMemory other = ChronicleMemory.allocatePages(1)) {
            byte[] model = new byte[BYTES];
            byte[] otherModel = new byte[BYTES];
            for (int draw : draws) {
                step(real, model, other, otherModel, draw);
            }
            assertThat(bytes(real)).isEqualTo(model);
            assertThat(bytes(other)).isEqualTo(otherModel);
        }
    }

    private static void step(ChronicleMemory real, byte[] model, ChronicleMemory other, byte[] otherModel, int draw) {
        int at = (draw >>> 3) % BYTES;
        long value = draw * 0x9e3779b97f4a7c15L;
        int length = (int) (value >>> 52) % (BYTES - at + 1);
        switch (draw & 7) {
            case 0 -> {
                real.putByte(at, (byte) value);
                put(model, at, value, 1);
            }
            case 1 -> {
                real.putShort(at & -2, (short) value);
                put(model, at & -2, value, 2);
            }
            case 2 -> {
                real.putInt(at & -4, (int) value);
                put(model, at & -4, value, 4);
            }
            case 3 -> {
                real.putLong(at & -8, value);
                put(model, at & -8, value, 8);
            }
            case 4 -> {
                real.putIntRelease(at & -4, (int) value);
                put(model, at & -4, value, 4);
            }
            case 5 -> {
                byte[] source = new byte[length + 3];
                Arrays.fill(source, (byte) draw);
                real.copyIn(at, source, 3, length);
                Arrays.fill(model, at, at + length, (byte) draw);
            }
            case 6 -> {
                real.zero(at, length);
                Arrays.fill(model, at, at + length, (byte) 0);
            }
            default -> {
                int to = BYTES - at - length;
                real.copyTo(at, other, to, length);
                System.arraycopy(model, at, otherModel, to, length);
            }
        }
    }

    private static void put(byte[] model, int at, long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            model[at + i] = (byte) (value >>> 8 * i);
        }
    }

    private static byte[] bytes(SharedMemory memory) {
        byte[] bytes = new byte[memory.sizeBytes() + 2];
        memory.copyOut(0, bytes, 1, memory.sizeBytes());
        return Arrays.copyOfRange(bytes, 1, bytes.length - 1);
    }
}
