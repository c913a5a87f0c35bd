package org.xenpv.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That the benchmark still runs, and both servers answer all that they are asked. No times. */
class DnsBenchmarkTest {

    @Test
    @Timeout(120)
    void shouldHaveEveryQueryAnsweredByBoth_whenCountsAreTiny() {
        DnsBenchmark.missing().ifPresent(reason -> assumeTrue(false, "skipped: " + reason));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String[] args = {"pairs=1", "seconds=0.001", "budget=30", "gate=100"};
        int exit = DnsBenchmark.run(args, new PrintStream(bytes, true, StandardCharsets.UTF_8), 1);
        String report = bytes.toString(StandardCharsets.UTF_8);
        assertThat(exit).as("a single pair says nothing: " + report).isEqualTo(2);
        assertThat(report)
                .containsPattern("answers remembered: lost by the guest 0 of [1-9]\\d+, by nsd 0 of [1-9]\\d+\n");
    }
}
