package org.xenpv.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How much of the machine others used meanwhile: busy time of /proc/stat, stolen time included, less our own.
 *
 * <p>The clock of /proc ticks every 10 ms, so what is measured should last 200 ms or more.
 */
final class CpuGate {

    private static final Path STAT = Path.of("/proc/stat");
    private static final Path SELF = Path.of("/proc/self/stat");
    private static final int IDLE = 3;
    private static final int IOWAIT = 4;
    private static final int TIMES = 8;

    private final boolean withChildren;
    private long all;
    private long others;

    /** Counts as others every process but this one. */
    CpuGate() {
        this(false);
    }

    private CpuGate(boolean withChildren) {
        this.withChildren = withChildren;
    }

    /** Counts the processes that this one started, and those they started, as our own. */
    static CpuGate withChildren() {
        return new CpuGate(true);
    }

    /** Whether this machine has what is needed. */
    static boolean isAvailable() {
        return Files.isReadable(STAT) && Files.isReadable(SELF);
    }

    void start() {
        long[] now = now();
        all = now[0];
        others = now[1];
    }

    /** The share of all processors' time that others used since the start, 0 to 100. */
    double othersPercent() {
        long[] now = now();
        long elapsed = now[0] - all;
        return elapsed <= 0 ? 0 : Math.max(0, 100.0 * (now[1] - others) / elapsed);
    }

    private long[] now() {
        long[] now = read();
        if (withChildren) {
            now[1] -= ChildTicks.total();
        }
        return now;
    }

    private static long[] read() {
        try {
            String stat = Files.readString(STAT);
            String self = Files.readString(SELF);
            return parse(stat, self);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Total ticks, and those used by others. */
    static long[] parse(String stat, String self) {
        String[] cpu = stat.substring(0, stat.indexOf('\n')).trim().split("\\s+");
        long total = 0;
        long busy = 0;
        for (int i = 0; i < TIMES; i++) {
            long ticks = Long.parseLong(cpu[i + 1]);
            total += ticks;
            busy += i == IDLE || i == IOWAIT ? 0 : ticks;
        }
        String[] afterName = self.substring(self.lastIndexOf(')') + 2).split(" ");
        long own = Long.parseLong(afterName[11]) + Long.parseLong(afterName[12]);
        return new long[] {total, busy - own};
    }
}
