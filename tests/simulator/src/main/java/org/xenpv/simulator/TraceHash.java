package org.xenpv.simulator;

import org.xenpv.simulator.hypervisor.Trace;

/** What happened, as one number that two equal runs share, and the last of it in words. */
final class TraceHash implements Trace {

    private static final int KEPT = 64;
    private static final int FIELDS = 4;

    private final long[] recent = new long[KEPT * FIELDS];
    private long hash = 0xcbf29ce484222325L;
    private long length;

    @Override
    public void record(int what, int domid, long a, long b) {
        int at = (int) (length % KEPT) * FIELDS;
        recent[at] = what;
        recent[at + 1] = domid;
        recent[at + 2] = a;
        recent[at + 3] = b;
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

    /** The last entries, oldest first, one per line. */
    String recent(int entries) {
        StringBuilder text = new StringBuilder();
        long from = Math.max(0, length - Math.min(entries, KEPT));
        for (long i = from; i < length; i++) {
            int at = (int) (i % KEPT) * FIELDS;
            text.append("  #")
                    .append(i)
                    .append(" dom")
                    .append(recent[at + 1])
                    .append(' ')
                    .append(name((int) recent[at]))
                    .append(' ')
                    .append(recent[at + 2])
                    .append(' ')
                    .append(recent[at + 3])
                    .append('\n');
        }
        return text.toString();
    }

    private static String name(int what) {
        switch (what) {
            case EVENT:
                return "event port";
            case EVENT_HYPERCALL:
                return "event_channel_op cmd, result";
            case GRANT_HYPERCALL:
                return "grant_table_op cmd, result";
            case MAP:
                return "map domid<<32|ref, status";
            case UNMAP:
                return "unmap domid<<32|ref";
            case STEP:
                return "runs at";
            case TIME:
                return "time jumps to";
            case DOMAIN:
                return "domain (0 destroyed, 1 created, 2 restored)";
            case FAULT:
                return "fault port, fate";
            default:
                return "?";
        }
    }
}
