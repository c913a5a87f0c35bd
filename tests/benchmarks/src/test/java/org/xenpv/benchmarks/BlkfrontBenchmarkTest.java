package org.xenpv.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** That the benchmark still runs and both sides read the same. No times. */
class BlkfrontBenchmarkTest {

    @Test
    void shouldRunAllRows_whenCountsAreTiny() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String[] args = {"pairs=5", "seconds=0.001", "budget=30", "gate=100"};
        int exit = BlkfrontBenchmark.run(args, new PrintStream(bytes, true, StandardCharsets.UTF_8), 4 << 20);
        String report = bytes.toString(StandardCharsets.UTF_8);
        assertThat(exit).as(report).isIn(0, 1);
        assertThat(report).contains("sequential read, 128 KiB", "random read, 4 KiB");
        // What does not depend on time: no grants once connected, each byte copied once by the guest.
        assertThat(report).containsPattern("sequential read, 128 KiB +[0-9.]+ +[0-9.]+ +0\\.0000 +1\\.000 [|]");
        assertThat(report).containsPattern("random read, 4 KiB +[0-9.]+ +[0-9.]+ +0\\.0000 +1\\.000 [|]");
    }

    @Test
    void shouldVisitTheSameBlocks_whenMadeAnew() {
        for (boolean random : new boolean[] {false, true}) {
            BlockSequence one = new BlockSequence(1 << 20, 4096, random);
            BlockSequence two = new BlockSequence(1 << 20, 4096, random);
            for (int i = 0; i < 1000; i++) {
                long at = one.next();
                assertThat(two.next()).isEqualTo(at);
                assertThat(at).isBetween(0L, (1L << 20) - 4096);
                assertThat(at % 4096).isZero();
            }
        }
    }
}
