package org.xenpv.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That the benchmark still runs, all that was sent arrived, and no packet took an object. No times. */
class NetfrontBenchmarkTest {

    private static final int PAGES_GRANTED = 2;
    private static final int GUEST_ALLOCATES = 3;
    private static final int BACKEND_ALLOCATES = 4;

    /** A quarter of the smallest object there is: classes loaded late, and the hand-over of work, take that much at most. */
    private static final double ALLOCATED_MAX = 4;

    @Test
    @Timeout(60)
    void shouldRunAllRows_whenCountsAreTiny() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String[] args = {"pairs=5", "seconds=0.001", "budget=30", "gate=100"};
        int exit = NetfrontBenchmark.run(args, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        String report = bytes.toString(StandardCharsets.UTF_8);
        assertThat(exit).as(report).isIn(RatioTable.MET, RatioTable.MISSED, RatioTable.NOTHING_TO_COMPARE);
        assertThat(report).contains("64 B to the backend", "64 B to the guest", "64 KiB to the backend");
        for (String row : new String[] {"64 B out", "64 KiB out", "64 KiB out, all written"}) {
            assertThat(columns(report, row)[PAGES_GRANTED]).as(row).isZero();
        }
        for (String row : new String[] {"64 B out", "64 B in", "64 KiB out", "64 KiB out, all written", "64 KiB in"}) {
            double[] columns = columns(report, row);
            assertThat(columns[GUEST_ALLOCATES])
                    .as("guest's bytes a packet, %s", row)
                    .isLessThan(ALLOCATED_MAX);
            assertThat(columns[BACKEND_ALLOCATES]).as("backend's, %s", row).isLessThan(ALLOCATED_MAX);
        }
    }

    /** The figures of a row of the exact table. */
    private static double[] columns(String report, String row) {
        Matcher line = Pattern.compile("^" + row + " +([0-9][0-9. ]+)[|]", Pattern.MULTILINE)
                .matcher(report);
        assertThat(line.find()).as("%s in%n%s", row, report).isTrue();
        return Arrays.stream(line.group(1).trim().split(" +"))
                .mapToDouble(Double::parseDouble)
                .toArray();
    }
}
