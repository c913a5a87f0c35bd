package org.xenpv.testkit.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.xenpv.memory.SharedMemory;

/**
 * What every {@link SharedMemory} does. Subclass it and hand out two pages of zeroed memory.
 *
 * <p>Run it with assertions enabled if bounds of single fields are to be checked too: they are allowed to be checked only
 * then.
 */
public abstract class SharedMemoryContract {

    private static final int BYTES = 2 * SharedMemory.PAGE_BYTES;

    /** Fresh zeroed memory of two pages, at a page boundary. */
    protected abstract SharedMemory twoPages();

    @Test
    void shouldStartZeroed_atItsFullSize() {
        SharedMemory memory = twoPages();
        byte[] bytes = new byte[BYTES];
        memory.copyOut(0, bytes, 0, BYTES);
        assertThat(memory.sizeBytes()).isEqualTo(BYTES);
        assertThat(bytes).containsOnly(0);
    }

    @Test
    void shouldBeLittleEndian_whateverTheWidth() {
        SharedMemory memory = twoPages();
        memory.putLong(8, 0x8877665544332211L);
        assertThat(memory.getByte(8)).isEqualTo((byte) 0x11);
        assertThat(memory.getByte(15)).isEqualTo((byte) 0x88);
        assertThat(memory.getShort(14)).isEqualTo((short) 0x8877);
        assertThat(memory.getInt(12)).isEqualTo(0x88776655);
        memory.putByte(8, (byte) 0xf1);
        memory.putShort(10, (short) 0xf4f3);
        memory.putInt(12, 0xf8f7f6f5);
        assertThat(memory.getLong(8)).isEqualTo(0xf8f7f6f5f4f322f1L);
    }

    @Test
    void shouldTouchNothingButTheField_whenItIsStored() {
        SharedMemory memory = twoPages();
        memory.putLong(BYTES - 8, -1);
        memory.putShort(BYTES - 4, (short) 0);
        assertThat(memory.getLong(BYTES - 8)).isEqualTo(0xffff0000ffffffffL);
        assertThat(memory.getLong(BYTES - 16)).isZero();
    }

    @Test
    void shouldSeeOneWord_throughPlainAndOrderedAccess() {
        SharedMemory memory = twoPages();
        memory.putIntRelease(4, -2);
        assertThat(memory.getInt(4)).isEqualTo(-2);
        memory.putInt(4, 0x7fffffff);
        assertThat(memory.getIntAcquire(4)).isEqualTo(0x7fffffff);
        memory.acquireFence();
        memory.releaseFence();
        memory.fullFence();
        assertThat(memory.getIntAcquire(4)).isEqualTo(0x7fffffff);
    }

    @Test
    void shouldStoreOnlyIfAsExpected_whenComparedAndSet() {
        SharedMemory memory = twoPages();
        memory.putInt(8, 5);
        assertThat(memory.compareAndSetInt(8, 4, 6)).isFalse();
        assertThat(memory.getInt(8)).isEqualTo(5);
        assertThat(memory.compareAndSetInt(8, 5, -6)).isTrue();
        assertThat(memory.getInt(8)).isEqualTo(-6);
        assertThat(memory.getInt(12)).isZero();
    }

    @Test
    void shouldCopyExactlyTheRange_whateverItsAlignment() {
        for (int at = 0; at < 9; at++) {
            for (int length = 0; length < 40; length++) {
                SharedMemory memory = twoPages();
                byte[] in = new byte[length + 3];
                for (int i = 0; i < in.length; i++) {
                    in[i] = (byte) (i + 1);
                }
                memory.copyIn(at + 16, in, 2, length);
                byte[] out = new byte[80];
                memory.copyOut(0, out, 1, 79);
                for (int i = 0; i < 79; i++) {
                    int inside = i - at - 16;
                    byte expected = inside >= 0 && inside < length ? in[inside + 2] : 0;
                    assertThat(out[i + 1])
                            .as("at=%d length=%d byte=%d", at, length, i)
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void shouldCopyBetweenMemories_andZeroARange() {
        SharedMemory from = twoPages();
        SharedMemory to = twoPages();
        byte[] text = "a page of another domain".getBytes(StandardCharsets.US_ASCII);
        from.copyIn(4090, text, 0, text.length);
        from.copyTo(4090, to, 13, text.length);
        byte[] got = new byte[text.length + 2];
        to.copyOut(12, got, 0, got.length);
        assertThat(got).startsWith(0).endsWith(0).containsSequence(text);

        to.zero(15, 3);
        to.copyOut(12, got, 0, got.length);
        assertThat(new String(got, StandardCharsets.US_ASCII)).isEqualTo("\0a \0\0\0e of another domain\0");
    }

    @Test
    void shouldShareBytes_withItsSlices() {
        SharedMemory memory = twoPages();
        SharedMemory slice = memory.slice(4096 - 8, 24).slice(4, 16);
        assertThat(slice.sizeBytes()).isEqualTo(16);
        slice.putInt(4, 0x12345678);
        assertThat(memory.getInt(4096)).isEqualTo(0x12345678);
        memory.putInt(4096 + 8, 77);
        assertThat(slice.getIntAcquire(12)).isEqualTo(77);
        SharedMemory odd = memory.slice(3, 32);
        odd.copyIn(0, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0, 10);
        byte[] back = new byte[10];
        odd.copyOut(0, back, 0, 10);
        assertThat(back).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        assertThat(memory.getByte(12)).isEqualTo((byte) 10);
    }

    @Test
    void shouldRefuse_whatDoesNotLieInside() {
        SharedMemory memory = twoPages();
        byte[] bytes = new byte[16];
        assertOutside(() -> memory.check(-1, 1, 1));
        assertOutside(() -> memory.check(0, -1, 1));
        assertOutside(() -> memory.check(BYTES - 7, 8, 1));
        assertOutside(() -> memory.check(Integer.MAX_VALUE, 8, 1));
        assertOutside(() -> memory.getIntAcquire(BYTES));
        assertOutside(() -> memory.getIntAcquire(-4));
        assertOutside(() -> memory.putIntRelease(BYTES, 1));
        assertOutside(() -> memory.compareAndSetInt(BYTES, 0, 1));
        assertOutside(() -> memory.copyIn(BYTES - 3, bytes, 0, 4));
        assertOutside(() -> memory.copyOut(BYTES - 3, bytes, 0, 4));
        assertOutside(() -> memory.copyIn(0, bytes, 13, 4));
        assertOutside(() -> memory.copyOut(0, bytes, -1, 4));
        assertOutside(() -> memory.copyOut(0, bytes, 0, -1));
        assertOutside(() -> memory.copyTo(BYTES - 3, memory, 0, 4));
        assertOutside(() -> memory.copyTo(0, memory, BYTES - 3, 4));
        assertOutside(() -> memory.zero(BYTES - 3, 4));
        assertOutside(() -> memory.slice(BYTES - 3, 4));
        memory.check(BYTES - 8, 8, 8);
        memory.check(BYTES, 0, 1);
        memory.copyIn(BYTES - 4, bytes, 12, 4);
    }

    @Test
    void shouldRefuse_whatIsMisaligned() {
        SharedMemory memory = twoPages();
        assertThatThrownBy(() -> memory.check(4, 8, 8)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.getIntAcquire(2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.putIntRelease(1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.compareAndSetInt(3, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        memory.check(4, 8, 4);
    }

    private static void assertOutside(Runnable access) {
        assertThatThrownBy(access::run).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
