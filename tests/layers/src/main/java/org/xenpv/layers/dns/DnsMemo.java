package org.xenpv.layers.dns;

import java.util.Arrays;

/** Answers that were given, by the key of their query: a fixed number, four places for each hash, replaced in turn. */
final class DnsMemo {

    private static final int WAYS = 4;

    private final byte[][] keys;
    private final byte[][] answers;
    private final int[] hashes;
    private final int sets;
    private int turn;

    /** @param places rounded up to four times a power of two; 0 to remember nothing */
    DnsMemo(int places) {
        if (places < 0 || places > 1 << 24) {
            throw new IllegalArgumentException("places=" + places + ", must be 0 to " + (1 << 24));
        }
        int wanted = (places + WAYS - 1) / WAYS;
        this.sets = wanted == 0 ? 0 : Integer.highestOneBit(wanted * 2 - 1);
        this.keys = new byte[sets * WAYS][];
        this.answers = new byte[sets * WAYS][];
        this.hashes = new int[sets * WAYS];
    }

    /** @return null if it is not there; not to be changed */
    byte[] find(DnsQuery query) {
        int first = first(query);
        for (int i = first; sets > 0 && i < first + WAYS; i++) {
            byte[] key = keys[i];
            if (key != null
                    && hashes[i] == query.hash()
                    && Arrays.equals(key, 0, key.length, query.key(), 0, query.keyBytes())) {
                return answers[i];
            }
        }
        return null;
    }

    void put(DnsQuery query, byte[] answer) {
        if (sets == 0) {
            return;
        }
        int at = first(query) + (turn++ & WAYS - 1);
        keys[at] = Arrays.copyOf(query.key(), query.keyBytes());
        answers[at] = answer;
        hashes[at] = query.hash();
    }

    private int first(DnsQuery query) {
        return (query.hash() >>> 8 & sets - 1) * WAYS;
    }

    void clear() {
        Arrays.fill(keys, null);
        Arrays.fill(answers, null);
    }
}
