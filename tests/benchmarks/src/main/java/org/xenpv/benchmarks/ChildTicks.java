package org.xenpv.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Processor time of the processes that this one started, in ticks of /proc: of those that live and of those that have ended. */
final class ChildTicks {

    /** Fields of /proc/PID/stat, counted from behind the name; CUTIME and CSTIME are of children that ended and were waited for. */
    private static final int UTIME = 11;

    private static final int STIME = 12;
    private static final int CUTIME = 13;
    private static final int CSTIME = 14;

    private ChildTicks() {}

    static long total() {
        long ended = ofEndedChildren(stat(ProcessHandle.current().pid()));
        return ended
                + ProcessHandle.current()
                        .descendants()
                        .mapToLong(child -> ofProcess(stat(child.pid())))
                        .sum();
    }

    /** @return empty if it has ended meanwhile: what it used is in its parent's then */
    private static String stat(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        } catch (IOException ended) {
            return "";
        }
    }

    static long ofProcess(String stat) {
        return sum(stat, UTIME, STIME);
    }

    static long ofEndedChildren(String stat) {
        return sum(stat, CUTIME, CSTIME);
    }

    private static long sum(String stat, int user, int system) {
        if (stat.isEmpty()) {
            return 0;
        }
        String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(afterName[user]) + Long.parseLong(afterName[system]);
    }
}
