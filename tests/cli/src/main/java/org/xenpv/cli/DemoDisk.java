package org.xenpv.cli;

import java.security.MessageDigest;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.xenpv.backends.block.BlkbackStats;
import org.xenpv.blkfront.BlkGeometry;
import org.xenpv.blkfront.BlkOp;
import org.xenpv.blkfront.BlkStats;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontFeatures;
import org.xenpv.simulator.SimDevice;

/** One disk of the guest, from the toolstack's attach to its detach, and the work done on it. */
final class DemoDisk implements AutoCloseable {

    /** What is read or written between two looks at what came: nothing is hashed while something is in flight. */
    private static final int WINDOW_BYTES = 32 << 20;

    /**
     * What came of it all.
     *
     * @param handshake every state, until the device was gone
     * @param grants pages the guest granted for it
     */
    record Account(
            SimDevice device,
            BlkGeometry geometry,
            BlkfrontFeatures features,
            List<Handshake.Step> handshake,
            BlkStats front,
            BlkbackStats back,
            long grants) {}

    private final DemoHost host;
    private final Image image;
    private final DemoOptions options;
    private final Progress progress;
    private final Handshake handshake;
    private final SimDevice device;
    private final long grantsBefore;
    private final Blkfront disk;
    private final BlockLoad load;

    /** Attaches and connects. */
    DemoDisk(DemoHost host, Image image, int devid, boolean writable, DemoOptions options, Progress progress) {
        this.host = host;
        this.image = image;
        this.options = options;
        this.progress = progress;
        this.grantsBefore = host.grantsTotal();
        this.handshake = host.watchDisk(devid);
        this.device = host.attach(image, devid, writable);
        this.disk = Blkfront.connect(host.guest().guest(), device.nodename());
        this.load = new BlockLoad(host.guest().guest().loop(), disk, options.depth());
        long seen = disk.geometry().sectors() * BlkfrontFeatures.SECTOR_BYTES;
        if (seen != image.bytes()) {
            throw CommandFailure.failed(
                    "the guest sees a disk of " + seen + " bytes, the image has " + image.bytes() + " bytes");
        }
    }

    /** What a pass over a range found. */
    record Pass(Measurement measurement, String sha256) {}

    /** Reads the first bytes in order, with requests of the size asked for. */
    Pass readAll(String what, long bytes) {
        MessageDigest digest = Image.digest();
        Histogram latency = Measurement.histogram();
        long elapsedNs = 0;
        long operations = 0;
        try (Progress.Bar bar = progress.begin(what, bytes)) {
            byte[] window = new byte[(int) Math.min(WINDOW_BYTES, bytes)];
            for (long at = 0; at < bytes; at += window.length) {
                BlockPlan plan = window(at, window.length, bytes);
                elapsedNs += load.run(BlkOp.Kind.READ, plan, window, latency);
                operations += plan.count();
                digest.update(window, 0, plan.totalBytes());
                bar.stepBy(plan.totalBytes());
            }
        }
        return new Pass(new Measurement(what, operations, bytes, elapsedNs, latency), Image.hex(digest));
    }

    private BlockPlan window(long at, int windowBytes, long end) {
        return BlockPlan.sequential(at, (int) Math.min(windowBytes, end - at), options.requestBytes());
    }

    /** Reads random blocks and compares each with the file. */
    Measurement readRandom(String what) {
        BlockPlan plan = BlockPlan.random(image.bytes(), options.blocks(), Image.BLOCK_BYTES, options.seed());
        byte[] memory = new byte[plan.totalBytes()];
        Histogram latency = Measurement.histogram();
        long elapsedNs = load.run(BlkOp.Kind.READ, plan, memory, latency);
        image.compareBlocks(plan, memory);
        return new Measurement(what, plan.count(), plan.totalBytes(), elapsedNs, latency);
    }

    /** Reads the first bytes, inverts every bit, writes them back and flushes. Only the writing is measured. */
    Measurement invert(String what, long bytes) {
        Histogram latency = Measurement.histogram();
        Histogram ofReads = Measurement.histogram();
        long elapsedNs = 0;
        long operations = 0;
        try (Progress.Bar bar = progress.begin(what, bytes)) {
            byte[] window = new byte[(int) Math.min(WINDOW_BYTES, bytes)];
            for (long at = 0; at < bytes; at += window.length) {
                BlockPlan plan = window(at, window.length, bytes);
                load.run(BlkOp.Kind.READ, plan, window, ofReads);
                Image.flip(window, plan.totalBytes(), 0xff);
                elapsedNs += load.run(BlkOp.Kind.WRITE, plan, window, latency);
                operations += plan.count();
                bar.stepBy(plan.totalBytes());
            }
        }
        disk.flush().join();
        return new Measurement(what, operations, bytes, elapsedNs, latency);
    }

    /** Lets the toolstack take the disk away while it is open, as xl block-detach does. */
    Account detach() {
        BlkGeometry geometry = disk.geometry();
        BlkfrontFeatures features = disk.features();
        BlkStats front = disk.stats();
        BlkbackStats back = host.backendStats(device);
        long grants = host.grantsTotal() - grantsBefore;
        if (!host.detach(device)) {
            throw CommandFailure.failed("the guest does not let go of " + device.nodename());
        }
        List<Handshake.Step> steps = handshake.steps();
        close();
        return new Account(device, geometry, features, steps, front, back, grants);
    }

    @Override
    public void close() {
        disk.close();
        handshake.close();
    }
}
