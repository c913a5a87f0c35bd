package org.xenpv.benchmarks;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.SharedRing;

/**
 * FrontRing and BackRing against the macros of xen/io/ring.h, in one run.
 *
 * <p>Arguments, all optional: {@code pairs=13 seconds=0.25 budget=120 gate=8}. Exit code 0 if both targets are met, 1 if
 * one is missed, 2 if the machine was too noisy to tell, 3 if there is no C side to compare with.
 */
public final class RingBenchmark {

    private static final int BATCH = 32;
    private static final double SINGLE_TIME_RATIO_MAX = 1.5;
    private static final double PAIR_THROUGHPUT_RATIO_MIN = 0.5;

    private static final int MET = 0;
    private static final int MISSED = 1;
    private static final int TOO_NOISY = 2;
    private static final int NO_C_SIDE = 3;

    private final PrintStream out;
    private final SideBySide.Options options;
    private final NativeRing.Loops c;
    private int exitCode = MET;

    private RingBenchmark(PrintStream out, SideBySide.Options options) {
        this.out = out;
        this.options = options;
        this.c = NativeRing.load();
    }

    public static void main(String[] args) {
        System.exit(run(args, System.out));
    }

    /** Measures, prints, and says how to exit. */
    static int run(String[] args, PrintStream out) {
        SideBySide.Options options = parse(args);
        Optional<String> missing = NativeRing.missing();
        if (missing.isPresent()) {
            out.println("nothing to compare with: " + missing.get());
            return NO_C_SIDE;
        }
        return new RingBenchmark(out, options).run();
    }

    static SideBySide.Options parse(String[] args) {
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
        return new SideBySide.Options(pairs, seconds, budget, gate);
    }

    private int run() {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1);
                ChronicleMemory twin = ChronicleMemory.allocatePages(1)) {
            int nrEnts = new SharedRing(page, BlkifRequest.SLOT_BYTES).nrEnts();
            out.println("FrontRing and BackRing against the macros of xen/io/ring.h (" + NativeRing.compiler()
                    + " -O3), Java " + System.getProperty("java.version") + ", " + nrEnts + " slots of "
                    + BlkifRequest.SLOT_BYTES + " bytes, batch " + BATCH);
            out.println("ratios: median of pairs run A B B A, with a 95 % bootstrap interval; a pair counts if others"
                    + " used at most " + options.gatePercent() + " % of the processors");
            out.println();
            line("", "ours", "C", "ratio", "95 % interval", "target", "pairs", "discarded", "");
            single(page, twin);
            pair(page, twin);
        }
        return exitCode;
    }

    private void single(ChronicleMemory page, ChronicleMemory twin) {
        verify(
                RingLoops.single(page, 64L * BATCH, BATCH),
                c.c_single(twin.address(), twin.sizeBytes(), 64L * BATCH, BATCH));
        SideBySide.Result result = SideBySide.inThreadTime(options)
                .run(
                        requests -> RingLoops.single(page, requests, BATCH),
                        requests -> c.c_single(twin.address(), twin.sizeBytes(), requests, BATCH),
                        BATCH);
        report("1 thread, time of a request", result, false);
    }

    private void pair(ChronicleMemory page, ChronicleMemory twin) {
        int processors = Runtime.getRuntime().availableProcessors();
        if (processors < 2) {
            out.println("2 threads: skipped, this machine has one processor");
            return;
        }
        RingLoops.Pin pin = cpu -> c.pin_thread(cpu);
        Thread front = new Thread(
                () -> {
                    pin.pin(0);
                    verify(
                            RingLoops.pair(page, 64L * BATCH, BATCH, pin, 1),
                            c.c_pair(twin.address(), twin.sizeBytes(), 64L * BATCH, BATCH, 1));
                    LongConsumer ours = requests -> RingLoops.pair(page, requests, BATCH, pin, 1);
                    LongConsumer theirs = requests -> c.c_pair(twin.address(), twin.sizeBytes(), requests, BATCH, 1);
                    report(
                            "2 threads, throughput",
                            SideBySide.inElapsedTime(options).run(ours, theirs, BATCH),
                            true);
                },
                "ring-benchmark-front");
        front.start();
        try {
            front.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            exitCode = TOO_NOISY;
        }
    }

    /** Both sides must have moved the same bytes, or the times mean nothing. */
    private static void verify(long ours, long theirs) {
        if (ours != theirs) {
            throw new IllegalStateException(
                    "checksums differ: ours 0x" + Long.toHexString(ours) + ", C 0x" + Long.toHexString(theirs));
        }
    }

    private void report(String row, SideBySide.Result result, boolean throughput) {
        String pairs = Integer.toString(result.accepted());
        String discarded = Integer.toString(result.discarded());
        String target = throughput ? ">= " + PAIR_THROUGHPUT_RATIO_MIN : "<= " + SINGLE_TIME_RATIO_MAX;
        if (result.isTooNoisy()) {
            line(row, "-", "-", "-", "-", target, pairs, discarded, "too noisy");
            exitCode = Math.max(exitCode, TOO_NOISY);
            return;
        }
        PairedRatios time = result.timeRatio();
        double ratio = throughput ? 1 / time.median() : time.median();
        double low = throughput ? 1 / time.high() : time.low();
        double high = throughput ? 1 / time.low() : time.high();
        boolean met = throughput ? ratio >= PAIR_THROUGHPUT_RATIO_MIN : ratio <= SINGLE_TIME_RATIO_MAX;
        line(
                row,
                throughput ? number(1e3 / result.ours()) + " M/s" : number(result.ours()) + " ns",
                throughput ? number(1e3 / result.theirs()) + " M/s" : number(result.theirs()) + " ns",
                number(ratio),
                number(low) + " to " + number(high),
                target,
                pairs,
                discarded,
                met ? "met" : "missed");
        exitCode = Math.max(exitCode, met ? MET : MISSED);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    private void line(String... cells) {
        out.println(String.format(Locale.ROOT, "%-28s %10s %10s %7s %16s %8s %6s %10s  %s", (Object[]) cells)
                .stripTrailing());
    }
}
