package org.xenpv.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Makes a report of what the scenarios side-by-side-blk and side-by-side-net of tests/real-xen have printed: the
 * kernel's frontends and ours in one guest against one backend. {@code GuestReport LOG FOLDER NAME} writes NAME.txt
 * and NAME.html into the folder, and prints the first.
 */
public final class GuestReport {

    private static final String DISTORTIONS = """
            Only ratios count. Everything is emulated, dom0's processor and the guest's on two threads of one emulator:
            - a system call or an interrupt in a PV guest costs hundreds of times what it costs in hardware, since the
              emulator forgets all translations of addresses whenever Xen changes the page tables;
            - copies in the kernel go byte by byte through the emulator (rep movsb), those of a JVM are vectors;
            - what spins takes the processor from dom0 if the machine has no second one free.
            A frontend in user space pays a system call for an event it sends, and a ppoll, a read and a write (the
            unmask) for one it gets. Times of dom0's processor are above those of a turn in which nothing was done.
            """;

    private final GuestTurns turns;
    private final StringBuilder text = new StringBuilder();
    private final List<RatioBars.Bar> bars = new ArrayList<>();

    private GuestReport(GuestTurns turns) {
        this.turns = turns;
    }

    /** @param args the serial log, the folder, the name */
    public static void main(String[] args) throws IOException {
        if (args.length != 3) {
            throw new IllegalArgumentException("arguments=" + args.length + ", must be LOG FOLDER NAME");
        }
        GuestTurns turns = GuestTurns.of(Files.readAllLines(Path.of(args[0]), StandardCharsets.ISO_8859_1));
        if (turns.isEmpty()) {
            throw new IllegalArgumentException(args[0] + " has no turns of a scenario side-by-side");
        }
        GuestReport report = new GuestReport(turns);
        String written = report.write();
        System.out.print(written);
        Files.writeString(Path.of(args[1], args[2] + ".txt"), written);
        Files.writeString(Path.of(args[1], args[2] + ".html"), RatioBars.page(args[2], report.bars, written));
    }

    /** The text of a log's lines. */
    static String text(List<String> lines) {
        return new GuestReport(GuestTurns.of(lines)).write();
    }

    /** What is wanted of a row: at least so many times the kernel's speed; 0 for nothing. */
    static double goal(String row) {
        if (row.startsWith("rand-read-4k-32")) {
            return 2;
        }
        if (row.startsWith("seq-")) {
            return 1;
        }
        if (row.startsWith("udp-")) {
            return 1;
        }
        return row.startsWith("gso-") ? 0.7 : 0;
    }

    private String write() {
        text.append("Ours to the kernel's frontend: speed, in the median of rounds that were measured by turns\n\n");
        line("row", "ours", "kernel's", "ratio", "95 % interval", "goal", "rounds", "");
        for (String row : turns.rows()) {
            String best = turns.kernelsBest(row);
            for (String side : turns.sides(row)) {
                if (!GuestTurns.isKernels(side)) {
                    speed(row, side, best);
                }
            }
        }
        text.append("\nPer block or packet: exact counts, and microseconds of processor time\n\n");
        cost("row, side", "per s", "us guest", "us dom0", "to back", "to front", "on ring", "calls", "grants");
        for (String row : turns.rows()) {
            for (String side : turns.sides(row)) {
                costs(row, side);
            }
            notifications(row);
        }
        return text.append('\n').append(DISTORTIONS).toString();
    }

    private void speed(String row, String side, String kernels) {
        PairedRatios ratio = turns.speeds(row, side, kernels);
        double goal = goal(row);
        line(
                row + ", " + side,
                number(turns.speed(row, side)) + "/s",
                kernels + " " + number(turns.speed(row, kernels)) + "/s",
                RatioTable.number(ratio.median()),
                RatioTable.number(ratio.low()) + " to " + RatioTable.number(ratio.high()),
                goal > 0 ? ">= " + goal : "",
                Integer.toString(ratio.count()),
                verdict(goal, ratio.median() >= goal));
        bars.add(new RatioBars.Bar(row + ", " + side, ratio.median(), ratio.low(), ratio.high(), goal));
    }

    private void costs(String row, String side) {
        cost(
                row + ", " + side,
                number(turns.speed(row, side)),
                RatioTable.number(turns.guestMicros(row, side)),
                RatioTable.number(turns.dom0Micros(row, side)),
                count(row, side, "dom0.blkif", "dom0.vif"),
                count(row, side, "domu.blkif", "domu.evtchn", "domu.vif"),
                count(row, side, "dom0.rd_req", "dom0.wr_req"),
                count(row, side, "calls", "ioctls", "reads", "writes", "polls", "maps"),
                GuestTurns.isKernels(side) ? "" : count(row, side, "grants"));
    }

    /** At most as many events for a block or a packet as the kernel needs, either way, and no grants. */
    private void notifications(String row) {
        String kernels = turns.kernelsBest(row);
        double theirs = turns.perUnit(row, kernels, "dom0.blkif", "dom0.vif", "domu.blkif", "domu.evtchn", "domu.vif");
        for (String side : turns.sides(row)) {
            if (!GuestTurns.isKernels(side)) {
                double events =
                        turns.perUnit(row, side, "dom0.blkif", "dom0.vif", "domu.blkif", "domu.evtchn", "domu.vif");
                double grants = turns.perUnit(row, side, "grants");
                text.append("  ")
                        .append(side)
                        .append(": events ")
                        .append(RatioTable.number(events / theirs))
                        .append(" x ")
                        .append(kernels)
                        .append("'s, goal <= 1.0 ")
                        .append(verdict(1, events <= theirs * 1.005))
                        .append("; grants ")
                        .append(RatioTable.number(grants))
                        .append(", goal 0 ")
                        .append(verdict(1, grants == 0))
                        .append('\n');
            }
        }
    }

    private static String verdict(double goal, boolean met) {
        return goal == 0 ? "" : met ? "met" : "MISSED";
    }

    private String count(String row, String side, String... keys) {
        return String.format(Locale.ROOT, "%.3f", turns.perUnit(row, side, keys));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.0f", value);
    }

    private void line(String... cells) {
        append("%-26s %10s %19s %7s %16s %7s %6s  %s", cells);
    }

    private void cost(String... cells) {
        append("%-28s %8s %9s %8s %8s %8s %8s %8s %7s", cells);
    }

    private void append(String format, String... cells) {
        text.append(String.format(Locale.ROOT, format, (Object[]) cells).stripTrailing())
                .append('\n');
    }
}
