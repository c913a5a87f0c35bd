package org.xenpv.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That the benchmark still runs, and all that was sent arrived. No times. */
class NetfrontBenchmarkTest {

    @Test
    @Timeout(60)
    void shouldRunAllRows_whenCountsAreTiny() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String[] args = {"pairs=5", "seconds=0.001", "budget=30", "gate=100"};
        int exit = NetfrontBenchmark.run(args, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        String report = bytes.toString(StandardCharsets.UTF_8);
        assertThat(exit).as(report).isIn(RatioTable.MET, RatioTable.MISSED, RatioTable.NOTHING_TO_COMPARE);
        assertThat(report).contains("64 B to the backend", "64 B to the guest", "64 KiB to the backend");
        assertThat(report).containsPattern("64 B out +[0-9.]+ +[0-9.]+ +0\\.0000 ");
    }
}
