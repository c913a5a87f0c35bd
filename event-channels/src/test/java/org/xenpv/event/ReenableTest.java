package org.xenpv.event;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ReenableTest {

    /** The bucket as its definition has it: tokens that are counted. */
    @Property(edgeCases = EdgeCasesMode.NONE)
    void shouldLetThroughBurstAndRate(
            @ForAll @Size(max = 200) long @LongRange(min = 0, max = 300) [] gapsNs,
            @ForAll @IntRange(min = 1, max = 20) int burst,
            @ForAll @IntRange(min = 1, max = 100) int intervalNs,
            @ForAll long startNs) {
        Reenable reenable = new Reenable(intervalNs, burst, startNs);
        long nowNs = startNs;
        long emptied = 0;
        for (long gapNs : gapsNs) {
            nowNs += gapNs;
            // In units of a token's interval: how far the bucket is from full.
            emptied = Math.max(0, emptied - gapNs);
            long expected = Math.max(0, emptied - (long) (burst - 1) * intervalNs);
            assertThat(reenable.reenable(nowNs)).isEqualTo(expected);
            emptied += intervalNs;
            // Who has to wait comes back when he may go.
            nowNs += expected;
            emptied -= expected;
        }
    }

    @Test
    void shouldTakeTheLongerDelay() {
        Reenable reenable = new Reenable(10_000_000, 1, 0);
        assertThat(reenable.reenable(0)).isZero();
        for (int i = 0; i < 3; i++) {
            reenable.spurious(0);
        }
        assertThat(reenable.backingOff()).isTrue();
        assertThat(reenable.reenable(0)).as("bucket, not 2 ms").isEqualTo(10_000_000);
        reenable.spurious(10_000_000);
        reenable.spurious(10_000_000);
        reenable.spurious(10_000_000);
        assertThat(reenable.reenable(10_000_000)).as("16 ms, not the bucket").isEqualTo(16_000_000);
        reenable.progress();
        assertThat(reenable.backingOff()).isFalse();
    }
}
