package org.xenpv.event;

import java.util.Arrays;

/**
 * Deadlines in the order (deadline, order of setting): a binary heap whose entries know their place, so that one can be
 * taken out and an entry can be set again without allocation. Deadlines are compared by subtraction and must lie within
 * 2^63 ns of each other.
 */
final class Timers {

    /** One deadline. An owner may set it again after it ran or was cancelled. */
    static final class Entry implements EventLoop.Timer {
        private static final int IDLE = -1;
        /** Taken out because it is due, not yet run. */
        private static final int DUE = -2;

        private final Timers timers;
        final Runnable action;
        private long deadlineNs;
        private long sequence;
        private int place = IDLE;

        private Entry(Timers timers, Runnable action) {
            this.timers = timers;
            this.action = action;
        }

        @Override
        public void cancel() {
            timers.loop.checkInLoop();
            timers.remove(this);
        }

        boolean isSet() {
            return place != IDLE;
        }
    }

    private final EventLoop loop;
    private Entry[] heap = new Entry[16];
    private int size;
    private long nextSequence;
    private Entry[] due = new Entry[16];

    Timers(EventLoop loop) {
        this.loop = loop;
    }

    Entry entry(Runnable action) {
        return new Entry(this, action);
    }

    /** Sets an entry that is not set. A deadline of {@link EventLoop#NEVER} is kept nowhere. */
    void set(Entry entry, long deadlineNs) {
        assert entry.place == Entry.IDLE;
        if (deadlineNs == EventLoop.NEVER) {
            return;
        }
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, size * 2);
        }
        entry.deadlineNs = deadlineNs;
        entry.sequence = nextSequence++;
        up(entry, size++);
    }

    void remove(Entry entry) {
        int place = entry.place;
        entry.place = Entry.IDLE;
        if (place < 0) {
            return;
        }
        Entry last = heap[--size];
        heap[size] = null;
        if (last != entry) {
            if (place > 0 && before(last, heap[(place - 1) >>> 1])) {
                up(last, place);
            } else {
                down(last, place);
            }
        }
    }

    /** The earliest deadline, or {@link EventLoop#NEVER}. */
    long nextNs() {
        return size == 0 ? EventLoop.NEVER : heap[0].deadlineNs;
    }

    /**
     * Runs what is due, each in the loop's care. What is set meanwhile waits for the next call, even if it is due
     * already: an action that sets itself again cannot hold the loop.
     */
    int run(long nowNs) {
        int count = 0;
        while (size > 0 && heap[0].deadlineNs - nowNs <= 0) {
            Entry entry = heap[0];
            remove(entry);
            entry.place = Entry.DUE;
            if (count == due.length) {
                due = Arrays.copyOf(due, count * 2);
            }
            due[count++] = entry;
        }
        int run = 0;
        for (int i = 0; i < count; i++) {
            Entry entry = due[i];
            due[i] = null;
            if (entry.place == Entry.DUE) {
                entry.place = Entry.IDLE;
                loop.guard().run("timer", entry.action);
                run++;
            }
        }
        return run;
    }

    private void up(Entry entry, int from) {
        int place = from;
        while (place > 0) {
            int parent = (place - 1) >>> 1;
            if (!before(entry, heap[parent])) {
                break;
            }
            put(heap[parent], place);
            place = parent;
        }
        put(entry, place);
    }

    private void down(Entry entry, int from) {
        int place = from;
        for (int child = 2 * place + 1; child < size; child = 2 * place + 1) {
            if (child + 1 < size && before(heap[child + 1], heap[child])) {
                child++;
            }
            if (!before(heap[child], entry)) {
                break;
            }
            put(heap[child], place);
            place = child;
        }
        put(entry, place);
    }

    private void put(Entry entry, int place) {
        heap[place] = entry;
        entry.place = place;
    }

    private static boolean before(Entry a, Entry b) {
        long difference = a.deadlineNs - b.deadlineNs;
        return difference < 0 || difference == 0 && a.sequence - b.sequence < 0;
    }
}
