package org.xenpv.benchmarks;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.DoubleFunction;

/** The table of ratios that a benchmark prints, a row as soon as it is known, and the exit code that follows from all of them. */
final class RatioTable {

    static final int MET = 0;
    static final int MISSED = 1;
    static final int TOO_NOISY = 2;

    /** There is nothing to compare with. */
    static final int NOTHING_TO_COMPARE = 3;

    private final PrintStream out;
    private int exitCode = MET;

    /** @param ours what is measured, and {@code theirs} what with: heads of columns, at most 11 characters */
    RatioTable(PrintStream out, String ours, String theirs) {
        this.out = out;
        line("", ours, theirs, "ratio", "95 % interval", "target", "pairs", "discarded", "");
    }

    /** A row whose ratio is speed to speed. @param atLeast the target, 0 for none */
    void speeds(String row, SideBySide.Result result, double atLeast, DoubleFunction<String> speedOfNs) {
        String target = atLeast > 0 ? ">= " + atLeast : "";
        if (isTooNoisy(row, result, target)) {
            return;
        }
        PairedRatios time = result.timeRatio();
        double ratio = 1 / time.median();
        report(row, result, speedOfNs, new double[] {1 / time.high(), ratio, 1 / time.low()}, target, ratio >= atLeast);
    }

    /** A row whose ratio is time to time. @param atMost the target */
    void times(String row, SideBySide.Result result, double atMost) {
        String target = "<= " + atMost;
        if (isTooNoisy(row, result, target)) {
            return;
        }
        PairedRatios time = result.timeRatio();
        double[] ratios = {time.low(), time.median(), time.high()};
        report(row, result, ns -> number(ns) + " ns", ratios, target, time.median() <= atMost);
    }

    /** A row that could not be measured, and the reason. */
    void without(String row, String reason) {
        line(row, "-", "-", "-", "-", "", "", "", reason);
        exitCode = Math.max(exitCode, NOTHING_TO_COMPARE);
    }

    int exitCode() {
        return exitCode;
    }

    private boolean isTooNoisy(String row, SideBySide.Result result, String target) {
        if (result.isTooNoisy()) {
            line(row, "-", "-", "-", "-", target, count(result.accepted()), count(result.discarded()), "too noisy");
            exitCode = Math.max(exitCode, TOO_NOISY);
        }
        return result.isTooNoisy();
    }

    private void report(
            String row,
            SideBySide.Result result,
            DoubleFunction<String> speedOfNs,
            double[] ratios,
            String target,
            boolean met) {
        line(
                row,
                speedOfNs.apply(result.ours()),
                speedOfNs.apply(result.theirs()),
                number(ratios[1]),
                number(ratios[0]) + " to " + number(ratios[2]),
                target,
                count(result.accepted()),
                count(result.discarded()),
                target.isEmpty() ? "" : met ? "met" : "missed");
        exitCode = Math.max(exitCode, met ? MET : MISSED);
    }

    private static String count(int value) {
        return Integer.toString(value);
    }

    /** Two digits behind the point. */
    static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    private void line(String... cells) {
        out.println(String.format(Locale.ROOT, "%-38s %11s %11s %7s %16s %8s %6s %10s  %s", (Object[]) cells)
                .stripTrailing());
    }
}
