package org.xenpv.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestReportTest {

    private static final int ROUNDS = 5;

    /** Five rounds of a second each of what the scenario prints, through a guest's console. */
    private static List<String> turns(String row, String side, int blocks, String counters) {
        List<String> lines = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            lines.add("domu| SIDE row=" + row + " side=" + side + " round=" + round + " blocks=" + (blocks + round)
                    + " ns=1000000000 bad=0 idleTicks=40 dom0.idle=20 domu.ns=1000000000 " + counters + "\r");
        }
        return lines;
    }

    private static List<String> log(int oursPerSecond) {
        List<String> lines = new ArrayList<>(List.of("domu| Linux version 6.1", "DOM0 UP c"));
        for (int round = 0; round < ROUNDS; round++) {
            lines.add("domu| SIDE row=idle side=none round=" + round + " domu.ns=1000000000 dom0.idle=95");
        }
        lines.addAll(turns("rand-read-4k-32", "uring", 800, "dom0.blkif=500 domu.blkif=500"));
        lines.addAll(turns("rand-read-4k-32", "uring/16", 1000, "dom0.blkif=400 domu.blkif=400"));
        lines.addAll(
                turns("rand-read-4k-32", "queue", oursPerSecond, "dom0.blkif=100 domu.evtchn=300 grants=0 reads=600"));
        return lines;
    }

    private static String lineOf(String report, String start) {
        return report.lines().filter(line -> line.startsWith(start)).findFirst().orElseThrow();
    }

    @Test
    void shouldCompareWithTheKernelsBest_andSayWhetherTheGoalIsMet() {
        String report = GuestReport.text(log(2500));

        assertThat(lineOf(report, "rand-read-4k-32, queue"))
                .contains("2502/s")
                .contains("uring/16 1002/s")
                .contains("2.50")
                .endsWith("met");
        assertThat(lineOf(report, "  queue: events"))
                .contains("0.20 x uring/16's, goal <= 1.0 met")
                .contains("grants 0.00, goal 0 met");
    }

    @Test
    void shouldSayThatAGoalIsMissed() {
        String report = GuestReport.text(log(1500));

        assertThat(lineOf(report, "rand-read-4k-32, queue")).endsWith("MISSED");
    }

    @Test
    void shouldTakeOffWhatDom0DoesWhenNothingIsDone() {
        GuestTurns turns = GuestTurns.of(log(1000));

        assertThat(turns.dom0Micros("rand-read-4k-32", "uring/16")).isBetween(740.0, 750.0);
        assertThat(turns.guestMicros("rand-read-4k-32", "uring/16")).isBetween(590.0, 600.0);
    }

    @Test
    void shouldNameALineThatCannotBeRead() {
        assertThatThrownBy(() -> GuestTurns.of(List.of("domu| SIDE row=a side=b round=0 blocks=many")))
                .hasMessageContaining("blocks=many");
        assertThatThrownBy(() -> GuestTurns.of(List.of("domu| SIDE row=a round=0 blocks=1")))
                .hasMessageContaining("side=");
    }

    @Test
    void shouldWriteTextAndPicture(@TempDir Path folder) throws Exception {
        Path log = Files.write(folder.resolve("serial-c.log"), log(2500));

        GuestReport.main(new String[] {log.toString(), folder.toString(), "side-by-side"});

        assertThat(folder.resolve("side-by-side.txt")).content().contains("rand-read-4k-32, queue");
        assertThat(folder.resolve("side-by-side.html"))
                .content()
                .contains("<svg ")
                .contains("rand-read-4k-32, queue</text>")
                .contains(">2.50</text>");
    }
}
