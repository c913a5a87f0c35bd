package org.xenpv.simulator;

import org.xenpv.simulator.hypervisor.Trace;

/** What happened, as one number that two equal runs share, the last of it in words, and all of it in a file. */
final class TraceHash implements Trace, AutoCloseable {

    private static final int KEPT = 4096;
    private static final int FIELDS = 4;

    private final long[] recent = new long[KEPT * FIELDS];
    private long hash = 0xcbf29ce484222325L;
    private long length;
    private final TraceFile file;

    /** @param file for all of it, or null; closed with this */
    TraceHash(TraceFile file) {
        this.file = file;
    }

    @Override
    public void record(int what, int domid, long a, long b) {
        int at = (int) (length % KEPT) * FIELDS;
        recent[at] = what;
        recent[at + 1] = domid;
        recent[at + 2] = a;
        recent[at + 3] = b;
        if (file != null) {
            file.record(length, what, domid, a, b);
        }
        length++;
        add(what);
        add(domid);
        add(a);
        add(b);
    }

    private void add(long value) {
        hash = (hash ^ value) * 0x100000001b3L;
        hash ^= hash >>> 29;
    }

    long hash() {
        return hash;
    }

    /** Entries recorded so far. */
    long length() {
        return length;
    }

    /** How many of the last entries are kept. */
    int kept() {
        return (int) Math.min(length, KEPT);
    }

    /** The last entries, oldest first, one per line. */
    String recent(int entries) {
        StringBuilder text = new StringBuilder();
        long from = length - Math.min(entries, kept());
        for (long i = from; i < length; i++) {
            int at = (int) (i % KEPT) * FIELDS;
            TraceText.append(text.append("  "), i, (int) recent[at], recent[at + 1], recent[at + 2], recent[at + 3]);
            text.append('\n');
        }
        return text.toString();
    }

    @Override
    public void close() {
        if (file != null) {
            file.close();
        }
    }
}
