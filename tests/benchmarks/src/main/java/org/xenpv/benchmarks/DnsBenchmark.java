package org.xenpv.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.xenpv.backends.net.linux.NetworkNamespace;
import org.xenpv.backends.net.linux.TapDevice;

/**
 * A name server in a guest, reached through netfront, netback and a TAP device, against NSD in a namespace, reached through a pair of
 * veth devices; the same zone, the same queries, by the same dnsperf.
 *
 * <p>Arguments as {@link RingBenchmark}'s, and exit codes; 1 if the guest has lost a query.
 */
public final class DnsBenchmark {

    /** Rows of the table: answers remembered, and looked up. */
    static final int ROWS = 2;

    private static final int NAMES = 1000;

    private static final String CLIENT = "10.77.0.1/24";
    private static final String GUEST = "10.77.0.2";
    private static final String NSD_CLIENT = "10.78.0.1/24";
    private static final String NSD = "10.78.0.2";

    private final PrintStream out;
    private final SideBySide.Options options;
    private final StringBuilder losses = new StringBuilder();
    private RatioTable table;
    private boolean lost;

    private DnsBenchmark(PrintStream out, SideBySide.Options options) {
        this.out = out;
        this.options = options;
    }

    public static void main(String[] args) {
        System.exit(run(args, System.out, ROWS));
    }

    /** Why it cannot be run here; nothing if it can. */
    static Optional<String> missing() {
        for (List<String> needed : List.of(List.of("nsd", "nsd"), List.of("dnsperf", "dnsperf"))) {
            if (!NetworkNamespace.isInstalled(needed.get(0))) {
                return Optional.of(needed.get(0) + " is missing (package " + needed.get(1) + ")");
            }
        }
        return Optional.ofNullable(TapDevice.whyNot()).or(() -> Optional.ofNullable(NetworkNamespace.whyNot()));
    }

    /** Measures, prints, and says how to exit. @param rows how many, from the first */
    static int run(String[] args, PrintStream out, int rows) {
        SideBySide.Options options = SideBySide.Options.parse(args);
        Optional<String> missing = missing();
        if (missing.isPresent()) {
            out.println("no name servers to compare: " + missing.get());
            return RatioTable.NOTHING_TO_COMPARE;
        }
        try {
            Path directory = Files.createTempDirectory("xenpv-benchmark");
            try {
                return new DnsBenchmark(out, options).run(directory, rows);
            } finally {
                delete(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private int run(Path directory, int rows) throws IOException {
        out.println("a name server in a guest, over a TAP device, against nsd, over veth, Java "
                + System.getProperty("java.version") + ", zone of " + NAMES + " names, dnsperf with "
                + Dnsperf.IN_FLIGHT + " queries in flight");
        out.println();
        table = new RatioTable(out, "guest", "nsd");
        Path queries = Files.writeString(directory.resolve("queries"), queries());
        String zone = zone();
        try (NetworkNamespace client = NetworkNamespace.open();
                NetworkNamespace home = NetworkNamespace.open()) {
            client.withoutIpv6();
            home.withoutIpv6();
            client.cable(home, "veth0", NSD_CLIENT, NSD + "/24");
            try (DnsGuest ignored = new DnsGuest(client, CLIENT, GUEST + "/24", zone, NAMES);
                    Nsd nsd = new Nsd(home, NSD, directory, zone)) {
                Dnsperf theirs = new Dnsperf(client, NSD, Nsd.PORT, queries, NAMES);
                compare("answers remembered", new Dnsperf(client, GUEST, DnsGuest.PORT, queries, NAMES), theirs);
                if (rows > 1) {
                    int without = DnsGuest.PORT_WITHOUT_MEMO;
                    compare("every answer looked up", new Dnsperf(client, GUEST, without, queries, NAMES), theirs);
                }
            }
        }
        out.println();
        out.print(losses);
        return lost ? Math.max(RatioTable.MISSED, table.exitCode()) : table.exitCode();
    }

    private static String zone() {
        StringBuilder zone = new StringBuilder("""
                $TTL 3600
                @   IN SOA ns1 hostmaster 1 7200 3600 1209600 300
                    IN NS  ns1
                ns1 IN A   10.77.0.2
                """);
        for (int i = 0; i < NAMES; i++) {
            zone.append("host")
                    .append(i)
                    .append(" IN A 198.18.")
                    .append(i >> 8)
                    .append('.')
                    .append(i & 0xff)
                    .append('\n');
        }
        return zone.toString();
    }

    private static String queries() {
        StringBuilder queries = new StringBuilder();
        for (int i = 0; i < NAMES; i++) {
            queries.append("host").append(i).append(".example.test A\n");
        }
        return queries.toString();
    }

    private void compare(String row, Dnsperf ours, Dnsperf theirs) {
        String codes = ours.codes();
        String theirCodes = theirs.codes();
        if (!codes.equals(theirCodes)) {
            throw new IllegalStateException("answers differ: guest " + codes + ", nsd " + theirCodes);
        }
        long lostBefore = theirs.lost();
        long sentBefore = theirs.sent();
        SideBySide.Result result = SideBySide.inReportedTime(options, () -> ours.reportedNs() + theirs.reportedNs())
                .run(ours::ask, theirs::ask, NAMES);
        table.speeds(row, result, 0, ns -> String.format(Locale.ROOT, "%.1f kq/s", 1e6 / ns));
        losses.append(row)
                .append(": lost by the guest ")
                .append(ours.lost() + " of " + ours.sent())
                .append(", by nsd ")
                .append((theirs.lost() - lostBefore) + " of " + (theirs.sent() - sentBefore))
                .append('\n');
        lost |= ours.lost() > 0;
    }
}
