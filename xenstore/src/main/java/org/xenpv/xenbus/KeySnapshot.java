package org.xenpv.xenbus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.XenstoreOps;

/**
 * What stood under a directory of xenstore at one moment, decoded strictly: the other end wrote it, so every number is
 * a full ASCII decimal within stated limits or it is refused.
 */
public final class KeySnapshot {

    private final Map<String, String> values = new LinkedHashMap<>();

    KeySnapshot(String[] names, String[] found, int from) {
        for (int i = 0; i < names.length; i++) {
            if (found[from + i] != null) {
                values.put(names[i], found[from + i]);
            }
        }
    }

    /** What was found for some keys, in their order; null for one that is missing. */
    public static KeySnapshot of(String[] names, String... found) {
        return new KeySnapshot(names, found, 0);
    }

    /** For tests of a driver's parsing. */
    public KeySnapshot(Map<String, String> values) {
        this.values.putAll(values);
    }

    /** The raw text, or null if the key is missing. */
    public String text(String key) {
        return values.get(key);
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    /**
     * @throws XenConfigException if the key is missing, is not a decimal number, or lies outside the limits (unsigned)
     */
    public long number(String key, long min, long max) {
        String text = values.get(key);
        long number = parse(text);
        if (number < min || number > max) {
            throw new XenConfigException(key, text, "a decimal number from " + min + " to " + max);
        }
        return number;
    }

    /** The same for a key that may be missing. */
    public long number(String key, long min, long max, long missing) {
        return has(key) ? number(key, min, max) : missing;
    }

    /** A number clamped to a limit of ours: whatever larger decimal stands there counts as the limit. Missing is 0. */
    public int clamped(String key, int max) {
        String text = values.get(key);
        if (text == null) {
            return 0;
        }
        if (!isDecimal(text)) {
            throw new XenConfigException(key, text, "a decimal number");
        }
        long number = parse(text);
        return number < 0 || number > max ? max : (int) number;
    }

    /** A feature flag: 1 is on, 0 or missing is off. */
    public boolean flag(String key) {
        return number(key, 0, 1, 0) == 1;
    }

    /** The value, or -1 if it is not a decimal number of at most 18 digits. */
    private static long parse(String text) {
        if (text == null || text.length() > 18 || !isDecimal(text)) {
            return -1;
        }
        long number = 0;
        for (int i = 0; i < text.length(); i++) {
            number = number * 10 + (text.charAt(i) - '0');
        }
        return number;
    }

    private static boolean isDecimal(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return !text.isEmpty();
    }

    /** Names and values to publish, in order, and names to take away. */
    public static final class Writer {
        private final List<String> pairs = new ArrayList<>();
        private final List<String> removed = new ArrayList<>();

        public Writer put(String key, String value) {
            pairs.add(key);
            pairs.add(value);
            return this;
        }

        public Writer put(String key, long value) {
            return put(key, Long.toString(value));
        }

        public Writer put(String key, boolean value) {
            return put(key, value ? "1" : "0");
        }

        /** Says that a key must not be there: one of an earlier connection would be believed. */
        public Writer remove(String key) {
            removed.add(key);
            return this;
        }

        /** These and then others, which count where both say something of a key. */
        Writer and(Writer later) {
            Writer both = new Writer();
            for (int i = 0; i < pairs.size(); i += 2) {
                if (!later.removed.contains(pairs.get(i))) {
                    both.put(pairs.get(i), pairs.get(i + 1));
                }
            }
            both.pairs.addAll(later.pairs);
            both.removed.addAll(removed);
            both.removed.addAll(later.removed);
            return both;
        }

        /** Does all of it below a directory, and writes the state there; removals come first. The first error counts. */
        void write(XenstoreOps tx, String directory, XenbusState state, Result<Void> done) {
            XenException[] first = new XenException[1];
            int[] unanswered = {removed.size() + 1};
            Result<Void> one = (ok, error) -> {
                first[0] = first[0] == null ? error : first[0];
                if (--unanswered[0] == 0) {
                    done.accept(null, first[0]);
                }
            };
            for (String key : removed) {
                tx.remove(directory + "/" + key, one);
            }
            String[] array = new String[pairs.size() + 2];
            for (int i = 0; i < pairs.size(); i += 2) {
                array[i] = directory + "/" + pairs.get(i);
                array[i + 1] = pairs.get(i + 1);
            }
            array[array.length - 2] = directory + "/state";
            array[array.length - 1] = Integer.toString(state.value());
            tx.writeAll(one, array);
        }
    }
}
