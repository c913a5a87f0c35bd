package org.xenpv.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.xenpv.memory.ChronicleMemory;

/** That the benchmark still runs and measures equal work. No times. */
class RingBenchmarkTest {

    private static final int BATCH = 32;

    @Test
    void shouldRunAllRows_whenCountsAreTiny() {
        NativeRing.missing().ifPresent(reason -> assumeTrue(false, "skipped: " + reason));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String[] args = {"pairs=5", "seconds=0.001", "budget=30", "gate=100"};
        int exit = RingBenchmark.run(args, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        String report = bytes.toString(StandardCharsets.UTF_8);
        assertThat(exit).as(report).isIn(0, 1);
        assertThat(report).contains("1 thread, time of a request");
        assertThat(report).containsPattern("2 threads(, throughput|: skipped)");
    }

    @Test
    void shouldEndInTheChecksumOfTheMacros_onEitherSide() {
        NativeRing.missing().ifPresent(reason -> assumeTrue(false, "skipped: " + reason));
        NativeRing.Loops c = NativeRing.load();
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1);
                ChronicleMemory twin = ChronicleMemory.allocatePages(1)) {
            for (int batch = 1; batch <= BATCH; batch *= 2) {
                long requests = 10L * BATCH;
                assertThat(RingLoops.single(page, requests, batch))
                        .isNotZero()
                        .isEqualTo(c.c_single(twin.address(), twin.sizeBytes(), requests, batch));
                assertThat(RingLoops.pair(page, requests, batch, cpu -> {}, -1))
                        .isNotZero()
                        .isEqualTo(c.c_pair(twin.address(), twin.sizeBytes(), requests, batch, -1));
            }
        }
    }

    @Test
    void shouldAllocateNothing_perRequest() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assumeTrue(threads.isThreadAllocatedMemorySupported(), "skipped: this JVM does not count allocation");
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            FrontLoop front = new FrontLoop(page);
            BackLoop back = new BackLoop(page);
            long fewest = Long.MAX_VALUE; // now and then the JVM allocates something of its own
            for (int round = 0; round < 5; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int turn = 0; turn < 1000; turn++) {
                    RingLoops.turn(front, back, BATCH);
                }
                fewest = Math.min(fewest, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(fewest).as("bytes for " + 1000 * BATCH + " requests").isZero();
        }
    }

    @Test
    void shouldRefuseArguments_thatMakeNoSense() {
        assertThat(SideBySide.Options.parse(new String[] {"pairs=7", "gate=0"}).pairs())
                .isEqualTo(7);
        for (String arg :
                new String[] {"pairs=0", "seconds=-1", "seconds=NaN", "gate=101", "budget=x", "x=1", "pairs"}) {
            assertThatThrownBy(() -> SideBySide.Options.parse(new String[] {arg}))
                    .as(arg)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
