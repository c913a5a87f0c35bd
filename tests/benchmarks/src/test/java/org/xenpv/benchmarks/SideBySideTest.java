package org.xenpv.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.DoubleStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SideBySideTest {

    @Test
    void shouldGiveTheMedian_ofOddAndEvenCounts() {
        assertThat(PairedRatios.median(new double[] {3, 1, 2})).isEqualTo(2);
        assertThat(PairedRatios.median(new double[] {4, 1, 2, 3})).isEqualTo(2.5);
    }

    @Test
    void shouldPutTheMedianInsideItsInterval_andNarrowItForEqualRatios() {
        double[] spread = DoubleStream.iterate(1, x -> x + 0.1).limit(13).toArray();
        PairedRatios ratios = PairedRatios.of(spread, 1);
        assertThat(ratios.median()).isEqualTo(1.6, Offset.offset(1e-9));
        assertThat(ratios.low()).isBetween(1.0, 1.5);
        assertThat(ratios.high()).isBetween(1.7, 2.2);
        assertThat(PairedRatios.of(spread, 1)).isEqualTo(ratios);
        PairedRatios equal = PairedRatios.of(new double[] {2, 2, 2}, 1);
        assertThat(equal.low()).isEqualTo(equal.high()).isEqualTo(2);
    }

    @Test
    void shouldReadOthersTime_fromProc() {
        String stat = "cpu  100 1 50 1000 20 3 4 7 5 0\ncpu0 1 2 3\n";
        String self = "42 (a (strange) name) S 1 42 42 0 -1 4194560 9 9 9 9 30 12 9 9 20 0 9\n";
        long[] ticks = CpuGate.parse(stat, self);
        assertThat(ticks[0]).isEqualTo(100 + 1 + 50 + 1000 + 20 + 3 + 4 + 7);
        assertThat(ticks[1]).isEqualTo(100 + 1 + 50 + 3 + 4 + 7 - 42);
    }

    @Test
    void shouldReadChildrensTime_fromProc() {
        String stat = "42 (a (strange) name) S 1 42 42 0 -1 4194560 9 9 9 9 30 12 500 7 20 0 9\n";
        assertThat(ChildTicks.ofProcess(stat)).isEqualTo(42);
        assertThat(ChildTicks.ofEndedChildren(stat)).isEqualTo(507);
        assertThat(ChildTicks.ofProcess("")).isZero();
    }

    @Test
    void shouldCountWhatTheWorkItselfReports() {
        long[] reported = {0};
        SideBySide.Options options = new SideBySide.Options(5, 1e-6, 30, 100);
        SideBySide.Result result = SideBySide.inReportedTime(options, () -> reported[0])
                .run(n -> reported[0] += 3 * n, n -> reported[0] += 2 * n, 1);
        assertThat(result.ours()).isEqualTo(3);
        assertThat(result.theirs()).isEqualTo(2);
        assertThat(result.timeRatio().median()).isEqualTo(1.5);
    }

    @Test
    void shouldGiveBothSidesTheSameWork_inEveryPair() {
        AtomicLong ours = new AtomicLong();
        AtomicLong theirs = new AtomicLong();
        SideBySide.Options options = new SideBySide.Options(6, 1e-6, 30, 100);
        SideBySide.Result result =
                SideBySide.inElapsedTime(options).run(n -> ours.addAndGet(spin(n)), n -> theirs.addAndGet(spin(n)), 8);
        assertThat(result.isTooNoisy()).isFalse();
        assertThat(result.accepted()).isEqualTo(6);
        assertThat(result.timeRatio().count()).isEqualTo(6);
        assertThat(ours.get()).isEqualTo(theirs.get()).isPositive();
    }

    @Test
    void shouldGiveNoResult_whenPairsAreTooFew() {
        SideBySide.Options options = new SideBySide.Options(SideBySide.PAIRS_MIN - 1, 1e-6, 30, 100);
        SideBySide.Result result = SideBySide.inThreadTime(options).run(SideBySideTest::spin, SideBySideTest::spin, 1);
        assertThat(result.isTooNoisy()).isTrue();
        assertThat(result.accepted()).isEqualTo(SideBySide.PAIRS_MIN - 1);
    }

    private static long spin(long units) {
        for (long i = 0; i < units; i++) {
            Thread.onSpinWait();
        }
        return units;
    }
}
