package org.xenpv.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.xenpv.backends.block.StoreFactory;

/**
 * The main job: a guest reads a whole disk image through blkfront, rewrites a copy of it, sends packets to another guest through netfront, and
 * everything is checked.
 */
final class Demo {

    private static final int XVDA = 202 << 8;
    private static final int XVDB = 202 << 8 | 16;
    private static final int ALL_BITS = 0xff;

    private final DemoOptions options;
    private final StoreFactory stores;
    private final PrintWriter out;
    private final Progress progress;

    Demo(DemoOptions options, StoreFactory stores, PrintWriter out, Progress progress) {
        this.options = options;
        this.stores = stores;
        this.out = out;
        this.progress = progress;
    }

    /** @throws CommandFailure if anything is not as it should be */
    void run() {
        if (options.disk() != null) {
            Image image = Image.existing(options.disk());
            if (options.write() && !Files.isWritable(image.path())) {
                throw CommandFailure.refused("the disk image " + options.disk() + " is not writable");
            }
            run(image);
            return;
        }
        Path path = options.workDir().resolve("xenpv-demo.img");
        long bytes = (long) options.sizeMib() << 20;
        Image image;
        try (Progress.Bar bar = progress.begin("make an image", bytes)) {
            image = Image.fresh(path, bytes, options.seed(), bar);
        }
        try {
            run(image);
        } finally {
            image.delete();
        }
    }

    private void run(Image image) {
        Report report = new Report(out);
        report.title(image, options);
        String before = image.sha256(0);
        DemoDisk.Account disk;
        DemoConsole.Account console;
        Packets packets;
        List<Measurement> measurements = new ArrayList<>();
        try (DemoHost host = new DemoHost(stores)) {
            try (DemoConsole screen = new DemoConsole(host)) {
                screen.say("hello from domain " + host.guest().domid());
                disk = readDisk(host, image, before, measurements, report);
                screen.say("read the disk: sha256 as expected");
                if (!options.write()) {
                    rewriteScratch(host, image, measurements, report);
                    screen.say("rewrote the scratch copy: sha256 as expected");
                }
                packets = sendPackets(host);
                screen.say("sent packets to a neighbour: all accounted for");
                console = screen.check();
            }
            check(host.remains());
        }
        report.handshake(disk);
        report.measurements(measurements);
        report.counters(disk);
        report.network(packets.guests());
        report.host(packets.host(), packets.whyNot());
        report.console(console);
        same(report, "the file afterwards", image.sha256(0), before);
        report.end();
    }

    private DemoDisk.Account readDisk(
            DemoHost host, Image image, String expected, List<Measurement> measurements, Report report) {
        try (DemoDisk disk = new DemoDisk(host, image, XVDA, options.write(), options, progress)) {
            DemoDisk.Pass whole = disk.readAll("sequential read", image.bytes());
            measurements.add(whole.measurement());
            report.sha256("the file", expected);
            same(report, "read by the guest", whole.sha256(), expected);
            measurements.add(disk.readRandom("random read, 4 KiB"));
            if (options.write()) {
                invertInPlace(disk, image, measurements, report);
            }
            return disk.detach();
        }
    }

    private void invertInPlace(DemoDisk disk, Image image, List<Measurement> measurements, Report report) {
        long bytes = Math.min(image.bytes(), options.scratchBytes());
        String inverted = image.sha256(ALL_BITS, bytes);
        measurements.add(disk.invert("write inverted", bytes));
        try {
            DemoDisk.Pass back = disk.readAll("read back", bytes);
            measurements.add(back.measurement());
            report.sha256("inverted", inverted);
            same(report, "written and read back", back.sha256(), inverted);
        } finally {
            disk.invert("put back", bytes);
        }
    }

    private void rewriteScratch(DemoHost host, Image image, List<Measurement> measurements, Report report) {
        Image scratch = image.copy(options.workDir().resolve("xenpv-demo-scratch.img"), options.scratchBytes());
        try {
            rewrite(host, scratch, measurements, report);
        } finally {
            scratch.delete();
        }
    }

    private void rewrite(DemoHost host, Image scratch, List<Measurement> measurements, Report report) {
        String inverted = scratch.sha256(ALL_BITS);
        try (DemoDisk disk = new DemoDisk(host, scratch, XVDB, true, options, progress)) {
            measurements.add(disk.invert("write inverted", scratch.bytes()));
            DemoDisk.Pass back = disk.readAll("read back", scratch.bytes());
            measurements.add(back.measurement());
            report.sha256("scratch copy, inverted", inverted);
            same(report, "written and read back", back.sha256(), inverted);
            disk.detach();
        }
        same(report, "its file afterwards", scratch.sha256(0), inverted);
    }

    /** @param host null where this machine does not allow it, for the reason {@code whyNot} */
    private record Packets(List<DemoNetwork.Pass> guests, DemoHostLink.Account host, String whyNot) {}

    private Packets sendPackets(DemoHost host) {
        try (DemoNetwork network = new DemoNetwork(host)) {
            List<DemoNetwork.Pass> guests = network.run(options.packets());
            String whyNot = DemoHostLink.whyNot();
            if (whyNot != null) {
                return new Packets(guests, null, whyNot);
            }
            try (DemoHostLink link = new DemoHostLink(network)) {
                return new Packets(guests, link.run(options.packets()), null);
            }
        }
    }

    private static void same(Report report, String what, String sha256, String expected) {
        if (!sha256.equals(expected)) {
            throw CommandFailure.failed(
                    "what the guest moved differs (" + what + "): sha256 " + sha256 + ", should be " + expected);
        }
        report.sameSha256(what, sha256);
    }

    private static void check(List<String> remains) {
        if (!remains.isEmpty()) {
            throw CommandFailure.failed("the host is not as it was before: " + String.join("; ", remains));
        }
    }
}
