package org.xenpv.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.BlkbackStats;
import org.xenpv.backends.block.StoreFactory;
import org.xenpv.blkfront.BlkStats;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/**
 * Reading a page-cached image through blkfront and blkback, against FileChannel.read of the same file with the same
 * block size and as many buffers.
 *
 * <p>Arguments and exit codes as {@link RingBenchmark}'s.
 */
public final class BlkfrontBenchmark {

    static final int IMAGE_BYTES = 128 << 20;
    private static final int DEPTH = 32;
    private static final double SEQUENTIAL_RATIO_MIN = 0.5;
    private static final int CHECKED = 256;
    private static final double BYTES_PER_SECOND = 2e9;

    private final PrintStream out;
    private final SideBySide.Options options;
    private final Path image;
    private final long imageBytes;
    private RatioTable table;

    private BlkfrontBenchmark(PrintStream out, SideBySide.Options options, Path image, long imageBytes) {
        this.out = out;
        this.options = options;
        this.image = image;
        this.imageBytes = imageBytes;
    }

    public static void main(String[] args) {
        System.exit(run(args, System.out, IMAGE_BYTES));
    }

    /** Measures, prints, and says how to exit. */
    static int run(String[] args, PrintStream out, int imageBytes) {
        SideBySide.Options options = SideBySide.Options.parse(args);
        try {
            Path image = Files.createTempFile("xenpv-benchmark", ".img");
            try {
                fill(image, imageBytes);
                return new BlkfrontBenchmark(out, options, image, imageBytes).run();
            } finally {
                Files.delete(image);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void fill(Path image, int bytes) throws IOException {
        byte[] chunk = new byte[1 << 20];
        Random random = new Random(1);
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            for (int at = 0; at < bytes; at += chunk.length) {
                random.nextBytes(chunk);
                ByteBuffer buffer = ByteBuffer.wrap(chunk);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            }
        }
    }

    private int run() throws IOException {
        out.println("blkfront over blkback on a live simulated host against FileChannel.read, Java "
                + System.getProperty("java.version") + ", image of " + (imageBytes >> 20) + " MiB in the page cache, "
                + DEPTH + " in flight");
        out.println();
        table = new RatioTable(out, "blkfront", "FileChannel");
        try (SimulatedXen xen = SimulatedXen.live();
                FileChannel channel = FileChannel.open(image, StandardOpenOption.READ)) {
            SimDomain driver = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
            SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
            BlkbackService service = driver.start(domain -> {
                BlkbackService started = new BlkbackService(domain, StoreFactory.RAW_IMAGES, BlkbackConfig.DEFAULT);
                started.start();
                return started;
            });
            SimDevice device =
                    xen.toolstack().attachBlock(guest, driver, "xvda", Map.of("params", image.toString(), "mode", "r"));
            try (Blkfront disk = Blkfront.connect(guest.guest(), device.nodename())) {
                Counters counters = new Counters(guest, driver, disk, service, device);
                Row sequential = new Row("sequential read, 128 KiB", 128 << 10, false, SEQUENTIAL_RATIO_MIN);
                Row random = new Row("random read, 4 KiB", 4 << 10, true, 0);
                String ofSequential = compare(sequential, guest, disk, channel, counters);
                String ofRandom = compare(random, guest, disk, channel, counters);
                out.println();
                out.println("per request, exact            events to backend  to guest  grants  copies of a byte"
                        + " | processor us: guest  driver domain  FileChannel");
                out.println(ofSequential);
                out.println(ofRandom);
            }
        }
        return table.exitCode();
    }

    /** @param ratioMin the target, 0 for none */
    private record Row(String name, int blockBytes, boolean random, double ratioMin) {}

    private String compare(Row row, SimDomain guest, Blkfront disk, FileChannel channel, Counters counters) {
        DiskReads ours = new DiskReads(guest.guest().loop(), disk.device(), sequence(row), DEPTH);
        FileReads theirs = new FileReads(channel, sequence(row), DEPTH);
        verify(ours.read(CHECKED), theirs.read(CHECKED));
        counters.start();
        SideBySide.Result result = SideBySide.inElapsedTime(options).run(ours::read, theirs::read, DEPTH);
        table.speeds(row.name(), result, row.ratioMin(), ns -> speed(row, ns));
        return counters.since(row.name()) + processorTimes(row, ours, theirs);
    }

    /** What a block costs each thread: unlike elapsed time hardly disturbed by others on the machine. */
    private String processorTimes(Row row, DiskReads ours, FileReads theirs) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long count = Math.max(DEPTH, (long) (options.seconds() * BYTES_PER_SECOND / row.blockBytes()));
        ThreadCosts guest = ThreadCosts.of("guest");
        ThreadCosts driver = ThreadCosts.of("disks");
        ours.read(count);
        ThreadCosts ofDriver = ThreadCosts.of("disks").since(driver);
        ThreadCosts ofGuest = ThreadCosts.of("guest").since(guest);
        long start = threads.getCurrentThreadCpuTime();
        theirs.read(count);
        long ofTheirs = threads.getCurrentThreadCpuTime() - start;
        return String.format(
                Locale.ROOT,
                " | %19.2f %14.2f %12.2f",
                ofGuest.processorNs() / 1e3 / count,
                ofDriver.processorNs() / 1e3 / count,
                ofTheirs / 1e3 / count);
    }

    private BlockSequence sequence(Row row) {
        return new BlockSequence(imageBytes, row.blockBytes(), row.random());
    }

    private static void verify(long ours, long theirs) {
        if (ours != theirs) {
            throw new IllegalStateException("checksums differ: blkfront " + ours + ", FileChannel " + theirs);
        }
    }

    /** What the two halves count, from a moment on. */
    private record Counters(
            SimDomain guest,
            SimDomain driver,
            Blkfront disk,
            BlkbackService service,
            SimDevice device,
            BlkStats[] front,
            BlkbackStats[] back,
            long[] grants) {

        Counters(SimDomain guest, SimDomain driver, Blkfront disk, BlkbackService service, SimDevice device) {
            this(guest, driver, disk, service, device, new BlkStats[1], new BlkbackStats[1], new long[1]);
        }

        private BlkbackStats backend() {
            return driver.call(
                    domain -> service.device(device.backendNodename()).stats());
        }

        private long granted() {
            return guest.call(domain -> domain.grants().ledger().grantsTotal());
        }

        void start() {
            front[0] = disk.stats();
            back[0] = backend();
            grants[0] = granted();
        }

        String since(String name) {
            BlkStats now = disk.stats();
            double requests = now.requests() - front[0].requests();
            return String.format(
                    Locale.ROOT,
                    "%-28s %18.4f %9.4f %7.4f %17.3f",
                    name,
                    (now.notificationsSent() - front[0].notificationsSent()) / requests,
                    (backend().notificationsSent() - back[0].notificationsSent()) / requests,
                    (granted() - grants[0]) / requests,
                    (double) (now.bytesCopied() - front[0].bytesCopied()) / (now.bytesRead() - front[0].bytesRead()));
        }
    }

    private static String speed(Row row, double nsPerBlock) {
        return row.random()
                ? String.format(Locale.ROOT, "%.0f k/s", 1e6 / nsPerBlock)
                : String.format(Locale.ROOT, "%.0f MB/s", row.blockBytes() * 1e3 / nsPerBlock);
    }
}
