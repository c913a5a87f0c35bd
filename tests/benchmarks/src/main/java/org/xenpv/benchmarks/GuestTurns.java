package org.xenpv.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The turns that a guest of tests/real-xen has printed, {@code SIDE row=R side=S round=N key=value ...}: by row,
 * then by side, then by round. What a turn costs in which nothing is done (row {@code idle}) is kept apart.
 */
final class GuestTurns {

    private static final Pattern LINE = Pattern.compile("\\bSIDE (row=.*)");

    /** A turn, its words by key. */
    record Turn(Map<String, Double> words) {

        double get(String key) {
            return words.getOrDefault(key, 0.0);
        }

        /** Blocks or packets. */
        double units() {
            return get("blocks") + get("packets");
        }

        double unitsPerSecond() {
            return units() / get("ns") * 1e9;
        }
    }

    private final Map<String, Map<String, TreeMap<Integer, Turn>>> rows = new LinkedHashMap<>();
    private final List<Turn> idle = new ArrayList<>();

    /** @throws IllegalArgumentException naming a line that cannot be read */
    static GuestTurns of(List<String> lines) {
        GuestTurns turns = new GuestTurns();
        for (String line : lines) {
            Matcher matcher = LINE.matcher(line);
            if (matcher.find()) {
                turns.add(matcher.group(1).trim());
            }
        }
        return turns;
    }

    private void add(String text) {
        Map<String, String> names = new LinkedHashMap<>();
        Map<String, Double> words = new LinkedHashMap<>();
        for (String word : text.split("\\s+")) {
            int equals = word.indexOf('=');
            String key = word.substring(0, Math.max(0, equals));
            String value = word.substring(equals + 1);
            if (key.equals("row") || key.equals("side")) {
                names.put(key, value);
                continue;
            }
            try {
                words.put(key, Double.valueOf(value));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("word=\"" + word + "\" of \"" + text + "\", must be key=number", e);
            }
        }
        String row = names.get("row");
        String side = names.get("side");
        if (row == null || side == null || !words.containsKey("round")) {
            throw new IllegalArgumentException("line=\"" + text + "\", must have row=, side= and round=");
        }
        Turn turn = new Turn(words);
        if (row.equals("idle")) {
            idle.add(turn);
        } else {
            rows.computeIfAbsent(row, r -> new LinkedHashMap<>())
                    .computeIfAbsent(side, s -> new TreeMap<>())
                    .put(words.get("round").intValue(), turn);
        }
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    Iterable<String> rows() {
        return rows.keySet();
    }

    /** In a fixed order, whatever the order of the first round was: the kernel's before ours. */
    List<String> sides(String row) {
        List<String> sides = new ArrayList<>(rows.get(row).keySet());
        sides.sort((a, b) -> isKernels(a) == isKernels(b) ? a.compareTo(b) : isKernels(a) ? -1 : 1);
        return sides;
    }

    static boolean isKernels(String side) {
        return side.startsWith("uring") || side.startsWith("kernel");
    }

    /** Of the kernel's sides the one that was fastest in the median. */
    String kernelsBest(String row) {
        String best = null;
        for (String side : sides(row)) {
            if (isKernels(side) && (best == null || speed(row, side) > speed(row, best))) {
                best = side;
            }
        }
        if (best == null) {
            throw new IllegalArgumentException("row=" + row + ", the kernel had no turn");
        }
        return best;
    }

    TreeMap<Integer, Turn> turns(String row, String side) {
        return rows.get(row).get(side);
    }

    /** Units per second, median over the rounds. */
    double speed(String row, String side) {
        return median(row, side, GuestTurns.Turn::unitsPerSecond);
    }

    /** Something per block or packet, median over the rounds. */
    double perUnit(String row, String side, String... keys) {
        return median(row, side, turn -> sum(turn, keys) / turn.units());
    }

    private static double sum(Turn turn, String... keys) {
        double sum = 0;
        for (String key : keys) {
            sum += turn.get(key);
        }
        return sum;
    }

    /** Microseconds that the guest's processor was busy for a unit. */
    double guestMicros(String row, String side) {
        return median(row, side, turn -> (turn.get("ns") / 1e3 - turn.get("idleTicks") * 1e4) / turn.units());
    }

    /**
     * Microseconds that dom0's processor was busy for a unit, more than in a turn in which nothing is done: what it
     * does to take its samples is not the backend's.
     */
    double dom0Micros(String row, String side) {
        double nothing = PairedRatios.median(
                idle.stream().mapToDouble(GuestTurns::dom0Busy).toArray());
        return median(row, side, turn -> Math.max(0, dom0Busy(turn) - nothing) / turn.units());
    }

    private static double dom0Busy(Turn turn) {
        return turn.get("domu.ns") / 1e3 - turn.get("dom0.idle") * 1e4;
    }

    private double median(String row, String side, java.util.function.ToDoubleFunction<Turn> of) {
        return PairedRatios.median(
                turns(row, side).values().stream().mapToDouble(of).toArray());
    }

    /** Ours to theirs, round by round. */
    PairedRatios speeds(String row, String ours, String theirs) {
        TreeMap<Integer, Turn> a = turns(row, ours);
        TreeMap<Integer, Turn> b = turns(row, theirs);
        double[] ratios = a.keySet().stream()
                .filter(b::containsKey)
                .mapToDouble(
                        round -> a.get(round).unitsPerSecond() / b.get(round).unitsPerSecond())
                .toArray();
        return PairedRatios.of(ratios, 42);
    }
}
