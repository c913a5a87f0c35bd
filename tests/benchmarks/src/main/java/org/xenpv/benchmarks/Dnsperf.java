package org.xenpv.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.xenpv.backends.net.linux.CommandResult;
import org.xenpv.backends.net.linux.NetworkNamespace;

/** Asks one name server with {@code dnsperf}, and adds up what that reports. */
final class Dnsperf {

    /** Queries on their way at a time. */
    static final int IN_FLIGHT = 100;

    private static final Pattern SENT = Pattern.compile("Queries sent: +(\\d+)");
    private static final Pattern LOST = Pattern.compile("Queries lost: +(\\d+)");
    private static final Pattern CODES = Pattern.compile("Response codes: +(.+)");
    private static final Pattern SECONDS = Pattern.compile("Run time \\(s\\): +([0-9.]+)");

    private final NetworkNamespace client;
    private final List<String> command;
    private final int queriesInFile;
    private long sent;
    private long lost;
    private long reportedNs;

    /** @param queries a file with {@code queriesInFile} lines of a name and a type */
    Dnsperf(NetworkNamespace client, String server, int port, Path queries, int queriesInFile) {
        this.client = client;
        this.queriesInFile = queriesInFile;
        this.command = List.of(
                "dnsperf", "-s", server, "-p", "" + port, "-d", queries.toString(), "-q", "" + IN_FLIGHT, "-t", "2");
    }

    /** @param queries a multiple of what is in the file */
    void ask(long queries) {
        String report = report(queries);
        sent += Long.parseLong(find(SENT, report));
        lost += Long.parseLong(find(LOST, report));
        reportedNs += (long) (Double.parseDouble(find(SECONDS, report)) * 1e9);
    }

    /** What a run through the file was answered with: how many of each response code. */
    String codes() {
        return find(CODES, report(queriesInFile));
    }

    private String report(long queries) {
        List<String> words = new ArrayList<>(command);
        words.add("-n");
        words.add(Long.toString(queries / queriesInFile));
        CommandResult result = client.run(words.toArray(String[]::new)).orThrow();
        return result.out();
    }

    private static String find(Pattern pattern, String report) {
        Matcher matcher = pattern.matcher(report);
        if (!matcher.find()) {
            throw new IllegalStateException("dnsperf says nothing like " + pattern + ":\n" + report);
        }
        return matcher.group(1);
    }

    long sent() {
        return sent;
    }

    long lost() {
        return lost;
    }

    /** The sum of all runs' times, from the first query to the last answer. */
    long reportedNs() {
        return reportedNs;
    }
}
