package org.xenpv.realxen;

import java.io.IOException;
import java.util.Map;

/**
 * The turns in which contenders are measured: prints a line for each, its answer with what it cost this guest and dom0, of which the host
 * makes a report.
 */
final class Turns {

    /** What is done in a turn. */
    interface Work {
        /** @return {@code key=value} words */
        String run() throws IOException;
    }

    private final Counters counters;
    private Map<String, Long> before;

    Turns(Counters counters) throws IOException {
        this.counters = counters;
        this.before = counters.sample();
    }

    /** What a turn costs in which nothing is done. */
    void idle(int round, int milliseconds) throws IOException {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Map<String, Long> after = counters.sample();
        System.out.println("SIDE row=idle side=none round=" + round + grown(before, after));
        before = after;
    }

    /** @param who whose processor time counts @return the answer */
    String turn(String row, String side, int round, Work work, Contender... who) throws IOException {
        final long ticks = ticks(who);
        final long idle = Counters.idleTicks();
        String answer = work.run();
        String cpu = " idleTicks=" + (Counters.idleTicks() - idle) + " cpuTicks=" + (ticks(who) - ticks);
        Map<String, Long> after = counters.sample();
        System.out.println(
                "SIDE row=" + row + " side=" + side + " round=" + round + " " + answer + cpu + grown(before, after));
        before = after;
        return answer;
    }

    private static long ticks(Contender... who) throws IOException {
        long ticks = 0;
        for (Contender each : who) {
            ticks += each.cpuTicks();
        }
        return ticks;
    }

    private static String grown(Map<String, Long> before, Map<String, Long> after) {
        StringBuilder text = new StringBuilder();
        after.forEach((key, value) -> {
            long by = value - before.getOrDefault(key, 0L);
            if (by != 0) {
                text.append(' ').append(key).append('=').append(by);
            }
        });
        return text.toString();
    }
}
