package org.xenpv.benchmarks;

import java.io.PrintStream;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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

    private final PrintStream out;
    private final SideBySide.Options options;
    private final NativeRing.Loops c;
    private RatioTable table;

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
        SideBySide.Options options = SideBySide.Options.parse(args);
        Optional<String> missing = NativeRing.missing();
        if (missing.isPresent()) {
            out.println("nothing to compare with: " + missing.get());
            return RatioTable.NOTHING_TO_COMPARE;
        }
        return new RingBenchmark(out, options).run();
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
            table = new RatioTable(out, "ours", "C");
            single(page, twin);
            pair(page, twin);
        }
        return table.exitCode();
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
        table.times("1 thread, time of a request", result, SINGLE_TIME_RATIO_MAX);
    }

    private void pair(ChronicleMemory page, ChronicleMemory twin) {
        int processors = Runtime.getRuntime().availableProcessors();
        if (processors < 2) {
            out.println("2 threads: skipped, this machine has one processor");
            return;
        }
        RingLoops.Pin pin = cpu -> c.pin_thread(cpu);
        CompletableFuture.runAsync(
                        () -> {
                            pin.pin(0);
                            pinnedPair(page, twin, pin);
                        },
                        task -> new Thread(task, "ring-benchmark-front").start())
                .join();
    }

    private void pinnedPair(ChronicleMemory page, ChronicleMemory twin, RingLoops.Pin pin) {
        verify(
                RingLoops.pair(page, 64L * BATCH, BATCH, pin, 1),
                c.c_pair(twin.address(), twin.sizeBytes(), 64L * BATCH, BATCH, 1));
        LongConsumer ours = requests -> RingLoops.pair(page, requests, BATCH, pin, 1);
        LongConsumer theirs = requests -> c.c_pair(twin.address(), twin.sizeBytes(), requests, BATCH, 1);
        table.speeds(
                "2 threads, throughput",
                SideBySide.inElapsedTime(options).run(ours, theirs, BATCH),
                PAIR_THROUGHPUT_RATIO_MIN,
                ns -> RatioTable.number(1e3 / ns) + " M/s");
    }

    /** Both sides must have moved the same bytes, or the times mean nothing. */
    private static void verify(long ours, long theirs) {
        if (ours != theirs) {
            throw new IllegalStateException(
                    "checksums differ: ours 0x" + Long.toHexString(ours) + ", C 0x" + Long.toHexString(theirs));
        }
    }
}
