package org.xenpv.benchmarks;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Compares two ways to do the same work in one process.
 *
 * <p>Repetitions alternate A B, B A, A B, ... A pair counts only if during neither of its halves others used more of the
 * machine than the gate allows; otherwise it is thrown away and repeated, until enough pairs are there or the time is up.
 * With fewer than {@value #PAIRS_MIN} pairs there is no result.
 */
final class SideBySide {

    /** Fewer say nothing. */
    static final int PAIRS_MIN = 5;

    private static final long LOOK_NS = 200_000_000;

    /**
     * How long and how strictly to measure.
     *
     * @param pairs how many are wanted
     * @param seconds how long one repetition of the slower side lasts
     * @param budgetSeconds after which no further pair is begun
     * @param gatePercent how much of the machine others may use
     */
    record Options(int pairs, double seconds, double budgetSeconds, double gatePercent) {
        Options {
            if (pairs < 1) {
                throw new IllegalArgumentException("pairs=" + pairs + ", must be at least 1");
            }
            if (!(seconds > 0) || !(budgetSeconds > 0)) {
                throw new IllegalArgumentException(
                        "seconds=" + seconds + ", budget=" + budgetSeconds + ", must be more than 0");
            }
            if (!(gatePercent >= 0 && gatePercent <= 100)) {
                throw new IllegalArgumentException("gate=" + gatePercent + ", must be 0 to 100");
            }
        }

        /** {@code pairs=13 seconds=0.25 budget=120 gate=8}, all optional; those are the defaults. */
        static Options parse(String[] args) {
            int pairs = 13;
            double seconds = 0.25;
            double budget = 120;
            double gate = 8;
            for (String arg : args) {
                int equals = arg.indexOf('=');
                String value = arg.substring(equals + 1);
                try {
                    switch (equals < 0 ? "" : arg.substring(0, equals)) {
                        case "pairs" -> pairs = Integer.parseInt(value);
                        case "seconds" -> seconds = Double.parseDouble(value);
                        case "budget" -> budget = Double.parseDouble(value);
                        case "gate" -> gate = Double.parseDouble(value);
                        default ->
                            throw new IllegalArgumentException(
                                    "argument=" + arg + ", must be pairs=, seconds=, budget= or gate=");
                    }
                } catch (NumberFormatException e) {
                    throw new IllegalArgumentException("argument=" + arg + ", must be a number", e);
                }
            }
            return new Options(pairs, seconds, budget, gate);
        }
    }

    /**
     * What came out.
     *
     * @param ours nanoseconds per unit of work, median
     * @param theirs the same of the other side
     * @param timeRatio ours to theirs, paired; null if there were too few pairs
     * @param accepted pairs that counted
     * @param discarded pairs thrown away
     */
    record Result(double ours, double theirs, PairedRatios timeRatio, int accepted, int discarded) {
        boolean isTooNoisy() {
            return timeRatio == null;
        }
    }

    private final Options options;
    private final LongSupplier clockNs;
    private final CpuGate gate;
    private final boolean gated = CpuGate.isAvailable();

    private SideBySide(Options options, LongSupplier clockNs, CpuGate gate) {
        this.options = options;
        this.clockNs = clockNs;
        this.gate = gate;
    }

    /** For work done by several threads. */
    static SideBySide inElapsedTime(Options options) {
        return new SideBySide(options, System::nanoTime, new CpuGate());
    }

    /** For work done by the calling thread: time it spends waiting for a processor does not count. */
    static SideBySide inThreadTime(Options options) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return new SideBySide(options, threads::getCurrentThreadCpuTime, new CpuGate());
    }

    /**
     * For work done by other programs that this one started and that say themselves how long it took.
     *
     * @param reportedNs the sum of what they have said
     */
    static SideBySide inReportedTime(Options options, LongSupplier reportedNs) {
        return new SideBySide(options, reportedNs, CpuGate.withChildren());
    }

    /**
     * @param ours does the given number of units of work
     * @param theirs does the same
     * @param unit what the number of units is a multiple of
     */
    Result run(LongConsumer ours, LongConsumer theirs, int unit) {
        long units = calibrate(ours, theirs, unit);
        List<double[]> pairs = new ArrayList<>();
        int discarded = 0;
        long deadline = System.nanoTime() + (long) (options.budgetSeconds() * 1e9);
        while (pairs.size() < options.pairs() && awaitQuiet(deadline)) {
            boolean oursFirst = (pairs.size() + discarded) % 2 == 0;
            double first = measure(oursFirst ? ours : theirs, units);
            double second = first < 0 ? -1 : measure(oursFirst ? theirs : ours, units);
            if (first < 0 || second < 0) {
                discarded++;
            } else {
                pairs.add(oursFirst ? new double[] {first, second} : new double[] {second, first});
            }
        }
        return summarise(pairs, discarded);
    }

    private static Result summarise(List<double[]> pairs, int discarded) {
        if (pairs.size() < PAIRS_MIN) {
            return new Result(Double.NaN, Double.NaN, null, pairs.size(), discarded);
        }
        double[] ours = pairs.stream().mapToDouble(pair -> pair[0]).toArray();
        double[] theirs = pairs.stream().mapToDouble(pair -> pair[1]).toArray();
        double[] ratios = pairs.stream().mapToDouble(pair -> pair[0] / pair[1]).toArray();
        return new Result(
                PairedRatios.median(ours),
                PairedRatios.median(theirs),
                PairedRatios.of(ratios, 42),
                pairs.size(),
                discarded);
    }

    /** Warms both sides up and finds how many units the slower does in the wanted time. */
    private long calibrate(LongConsumer ours, LongConsumer theirs, int unit) {
        long wantedNs = (long) (options.seconds() * 1e9);
        long units = unit;
        for (int rounds = 0; ; rounds++) {
            long slower = Math.max(time(ours, units), time(theirs, units));
            if (slower >= wantedNs / 2 && rounds >= 3) {
                return Math.max(unit, units * wantedNs / slower / unit * unit);
            }
            if (slower < wantedNs / 2) {
                units *= 2;
            }
        }
    }

    private long time(LongConsumer side, long units) {
        long start = clockNs.getAsLong();
        side.accept(units);
        return clockNs.getAsLong() - start;
    }

    /** Sleeps until the machine is quiet enough to be worth a try; false if the time is up. */
    private boolean awaitQuiet(long deadline) {
        while (System.nanoTime() - deadline < 0) {
            if (!gated || options.gatePercent() >= 100) {
                return true;
            }
            gate.start();
            LockSupport.parkNanos(LOOK_NS);
            if (gate.othersPercent() <= options.gatePercent()) {
                return true;
            }
        }
        return false;
    }

    /** Nanoseconds per unit, or -1 if others used too much of the machine. */
    private double measure(LongConsumer side, long units) {
        if (gated) {
            gate.start();
        }
        long elapsed = time(side, units);
        return gated && gate.othersPercent() > options.gatePercent() ? -1 : (double) elapsed / units;
    }
}
