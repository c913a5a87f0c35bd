package org.xenpv.realxen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.XenstoreOps;

/**
 * Counters of dom0 and of this guest, as often as they are asked for. While this is open dom0 runs no other commands
 * and looks for none: it sleeps until a number is written to {@code data/sample}.
 */
final class Counters implements AutoCloseable {

    private static final String COMMAND = "counters";
    private static final String SAMPLE = "data/sample";
    private static final String SAMPLED = "data/sampled";

    private final Dom0 dom0;
    private int number;

    Counters(Dom0 dom0) {
        this.dom0 = dom0;
        dom0.store().write(SAMPLE, "0");
        dom0.store().write(SAMPLED, "-");
        dom0.start(COMMAND);
    }

    /**
     * Everything by name, growing: those of dom0 with {@code dom0.} in front, those of the guest with {@code domu.}.
     */
    Map<String, Long> sample() throws IOException {
        number++;
        dom0.store().write(SAMPLE, Integer.toString(number));
        String mark = number + " ";
        String answer = dom0.store()
                .await(
                        RealGuest.PATIENCE_NS,
                        (XenstoreOps reads, Result<String> found) -> reads.read(
                                SAMPLED,
                                (text, error) ->
                                        found.accept(text != null && text.startsWith(mark) ? text : null, error)));
        Map<String, Long> all = new LinkedHashMap<>();
        for (String word : answer.substring(mark.length()).trim().split("\\s+")) {
            int equals = word.indexOf('=');
            all.put("dom0." + word.substring(0, equals), Long.parseLong(word.substring(equals + 1)));
        }
        guest(all);
        return all;
    }

    /** Hundredths of a second that the guest's processor has had nothing to do. */
    static long idleTicks() throws IOException {
        String[] cpu = Files.readAllLines(Path.of("/proc/stat")).get(0).split("\\s+");
        return Long.parseLong(cpu[4]) + Long.parseLong(cpu[5]);
    }

    private static void guest(Map<String, Long> all) throws IOException {
        all.put("domu.ns", System.nanoTime());
        for (String line : Files.readAllLines(Path.of("/proc/interrupts"))) {
            String[] words = line.trim().split("\\s+");
            if (words.length < 3 || !words[1].matches("\\d+")) {
                continue;
            }
            String who = words[words.length - 1];
            String key = who.startsWith("evtchn:") ? "domu.evtchn" : who.startsWith("blkif") ? "domu.blkif" : null;
            if (who.startsWith("vif") || who.startsWith("eth")) {
                key = "domu.vif";
            }
            if (key != null) {
                all.merge(key, Long.parseLong(words[1]), Long::sum);
            }
        }
    }

    @Override
    public void close() {
        dom0.store().write(SAMPLE, "stop");
        dom0.result(COMMAND);
    }
}
