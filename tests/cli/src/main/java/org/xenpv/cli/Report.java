package org.xenpv.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.xenpv.backends.block.BlkbackStats;
import org.xenpv.blkfront.BlkStats;
import org.xenpv.blkfront.BlkfrontFeatures;
import org.xenpv.xenbus.XenbusState;

/** What the main job prints. */
final class Report {

    private final PrintWriter out;
    private final List<String> digests = new ArrayList<>();

    Report(PrintWriter out) {
        this.out = out;
    }

    void title(Image image, DemoOptions options) {
        line("A simulated Xen host: a driver domain serves %s (%.1f MiB), a guest uses it.", image.path(), mib(image));
        line(
                "Operations in flight: %d; sequential ones of %d KiB; JDK %s.",
                options.depth(), options.requestKib(), System.getProperty("java.version"));
        out.flush();
    }

    private static double mib(Image image) {
        return image.bytes() / (double) (1 << 20);
    }

    void handshake(DemoDisk.Account disk) {
        BlkfrontFeatures features = disk.features();
        line("");
        line("%-26s %10s  %-14s %-14s", disk.device().nodename(), "ms", "guest", "driver domain");
        for (Handshake.Step step : disk.handshake()) {
            String state = name(step.state());
            line(
                    "  %-24s %10.2f  %-14s %-14s",
                    meaning(step), step.afterNs() / 1e6, step.frontend() ? state : "", step.frontend() ? "" : state);
        }
        line(
                "  negotiated: %d queue(s), ring of %d page(s), indirect requests of %d segments,%s persistent grants,"
                        + "%s flush,%s%s",
                features.queues(),
                1 << features.ringPageOrder(),
                features.indirectSegments(),
                features.persistent() ? "" : " no",
                features.flush() ? "" : " no",
                features.discard() ? " discard" : " no discard",
                disk.geometry().readOnly() ? ", read-only" : "");
    }

    /** InitWait, not INIT_WAIT: as the header and every other tool writes it. */
    private static String name(XenbusState state) {
        StringBuilder name = new StringBuilder();
        for (String word : state.name().split("_")) {
            name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
        }
        return name.toString();
    }

    private static String meaning(Handshake.Step step) {
        return switch (step.state()) {
            case INITIALISING -> "attached by the toolstack";
            case INIT_WAIT -> "disk advertised";
            case INITIALISED -> "ring, port published";
            case CONNECTED -> step.frontend() ? "operations taken" : "ring mapped";
            case CLOSING -> step.frontend() ? "finishing" : "asked to detach";
            case CLOSED -> step.frontend() ? "ring given up" : "ring unmapped";
            default -> "";
        };
    }

    void measurements(List<Measurement> measurements) {
        line("");
        line(
                "%-22s %10s %8s %9s   %8s %8s %8s %8s %8s",
                "", "operations", "MB/s", "IOPS", "p50 us", "p90", "p99", "p99.9", "max");
        for (Measurement measurement : measurements) {
            Histogram latency = measurement.latencyNs();
            line(
                    "%-22s %10d %8.0f %9.0f   %8.1f %8.1f %8.1f %8.1f %8.1f",
                    measurement.what(),
                    measurement.operations(),
                    measurement.megabytesPerSecond(),
                    measurement.operationsPerSecond(),
                    latency.getValueAtPercentile(50) / 1e3,
                    latency.getValueAtPercentile(90) / 1e3,
                    latency.getValueAtPercentile(99) / 1e3,
                    latency.getValueAtPercentile(99.9) / 1e3,
                    latency.getMaxValue() / 1e3);
        }
    }

    /** All of the disk's work together. */
    void counters(DemoDisk.Account disk) {
        BlkStats front = disk.front();
        BlkbackStats back = disk.back();
        double requests = Math.max(1, front.requests());
        double bytes = Math.max(1, front.bytesRead() + front.bytesWritten());
        line("");
        line("%-34s %12s %14s", disk.device().nodename() + ", all of its work", "", "per request");
        line("%-34s %12d", "requests on the ring", front.requests());
        count("segments (pages)", front.segments(), requests);
        count("notifications to the backend", front.notificationsSent(), requests);
        count("  suppressed", front.notificationsSuppressed(), requests);
        count("notifications to the guest", back.notificationsSent(), requests);
        count("  suppressed", back.notificationsSuppressed(), requests);
        count("pages granted by the guest", disk.grants(), requests);
        count("pages mapped by the backend", back.grantsMapped(), requests);
        line(
                "%-34s %12d %14.3f per byte",
                "bytes copied by the guest", front.bytesCopied(), front.bytesCopied() / bytes);
    }

    /** What went from one guest to another through the switch. */
    void network(List<DemoNetwork.Pass> passes) {
        line("");
        line(
                "%-22s %10s %11s %8s %17s   %s",
                "guest to guest, switch", "packets", "packets/s", "Gb/s", "events per packet", "dropped");
        for (DemoNetwork.Pass pass : passes) {
            line(
                    "%-22s %10d %11.0f %8.2f %17.4f   %s",
                    pass.what(),
                    pass.sent(),
                    pass.packetsPerSecond(),
                    pass.gigabitsPerSecond(),
                    (double) pass.notifications() / pass.sent(),
                    drops(pass));
        }
    }

    /** What this machine's own network stack exchanged with the guest; null if it was not allowed to, and why. */
    void host(DemoHostLink.Account link, String whyNot) {
        line("");
        if (link == null) {
            line("this machine's own network stack over a TAP device: skipped, %s", whyNot);
            return;
        }
        line(
                "%-26s %8s %9s %9s %8s %11s   %s",
                "this machine, TAP, switch", "echoes", "answered", "echoes/s", "Gb/s", "avg rtt us", "dropped");
        for (DemoHostLink.Pass pass : link.passes()) {
            line(
                    "%-26s %8d %9d %9.0f %8.3f %11.0f   %s",
                    pass.what(),
                    pass.sent(),
                    pass.received(),
                    pass.echoesPerSecond(),
                    pass.echoesPerSecond() * pass.payloadBytes() * 8 / 1e9,
                    pass.roundTripMs() * 1e3,
                    link.dropped() == 0 ? "none" : Long.toString(link.dropped()));
        }
    }

    private static String drops(DemoNetwork.Pass pass) {
        return pass.drops().isEmpty()
                ? "none"
                : pass.drops().entrySet().stream()
                        .map(drop -> drop.getValue() + " " + drop.getKey())
                        .collect(Collectors.joining(", "));
    }

    void console(DemoConsole.Account console) {
        line("");
        line(
                "console, as the daemon in dom0 received it: %d bytes out, %d in, %d notifications",
                console.stats().bytesOut(),
                console.stats().bytesIn(),
                console.stats().notifications());
        for (String text : console.received().split("\r\n")) {
            line("  > %s", text);
        }
        line("  < %s (typed there, read by the guest)", console.typed().strip());
    }

    private void count(String what, long count, double requests) {
        line("%-34s %12d %14.4f", what, count, count / requests);
    }

    void sha256(String what, String sha256) {
        digests.add(row(what, sha256));
    }

    void sameSha256(String what, String sha256) {
        digests.add(row(what, sha256 + "  same"));
    }

    private static String row(String what, String text) {
        return String.format(Locale.ROOT, "  %-24s %s", what, text);
    }

    void end() {
        line("");
        line("sha256");
        digests.forEach(out::println);
        line("");
        line("Everything read and written is as it should be; the guest holds no grant, port or watch any more.");
        out.flush();
    }

    private void line(String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values).stripTrailing());
    }
}
