package org.xenpv.layers;

/** The neighbours, found by address: a fixed number of entries in chains. */
final class ArpTable {

    enum State {
        FREE,
        /** Asked for; packets may wait. */
        ASKED,
        KNOWN,
        /** Known, and asked again because the answer is old. */
        CONFIRMING
    }

    /** A neighbour. */
    static final class Entry {
        State state = State.FREE;
        int address;
        long mac;
        /** When something is to be done: ask again, forget. */
        long deadlineNs;

        int tries;
        boolean used;
        private long heard;
        private Entry next;

        boolean isKnown() {
            return state == State.KNOWN || state == State.CONFIRMING;
        }
    }

    private final Entry[] entries;
    private final Entry[] chains;
    private final int askedMax;
    private int asked;
    private long heard;

    ArpTable(int neighbours, int askedMax) {
        this.entries = new Entry[neighbours];
        for (int i = 0; i < neighbours; i++) {
            entries[i] = new Entry();
        }
        this.chains = new Entry[Integer.highestOneBit(Math.max(neighbours, 2) - 1) * 2];
        this.askedMax = askedMax;
    }

    private int chainOf(int address) {
        int mixed = address * 0x9e3779b9;
        return mixed >>> Integer.numberOfLeadingZeros(chains.length - 1) & chains.length - 1;
    }

    /** @return null if it is not there */
    Entry find(int address) {
        Entry entry = chains[chainOf(address)];
        while (entry != null && entry.address != address) {
            entry = entry.next;
        }
        return entry;
    }

    /** Adds a neighbour that is to be asked for. @return null if too many are */
    Entry addAsked(int address) {
        if (asked == askedMax) {
            return null;
        }
        Entry entry = add(address);
        if (entry != null) {
            entry.state = State.ASKED;
            asked++;
        }
        return entry;
    }

    /** Adds a neighbour that was heard of. @return null if all places are taken by such as are being asked for */
    Entry addKnown(int address, long mac) {
        Entry entry = add(address);
        if (entry != null) {
            entry.state = State.KNOWN;
            entry.mac = mac;
        }
        return entry;
    }

    /** The neighbour was heard of. */
    void heard(Entry entry, long mac) {
        if (entry.state == State.ASKED) {
            asked--;
        }
        entry.state = State.KNOWN;
        entry.mac = mac;
        entry.heard = heard++;
    }

    private Entry add(int address) {
        Entry entry = freeOrOldest();
        if (entry == null) {
            return null;
        }
        if (entry.state != State.FREE) {
            remove(entry);
        }
        int chain = chainOf(address);
        entry.address = address;
        entry.tries = 0;
        entry.used = false;
        entry.heard = heard++;
        entry.next = chains[chain];
        chains[chain] = entry;
        return entry;
    }

    private Entry freeOrOldest() {
        Entry oldest = null;
        for (Entry each : entries) {
            if (each.state == State.FREE) {
                return each;
            }
            if (each.isKnown() && (oldest == null || each.heard - oldest.heard < 0)) {
                oldest = each;
            }
        }
        return oldest;
    }

    void remove(Entry entry) {
        int chain = chainOf(entry.address);
        if (chains[chain] == entry) {
            chains[chain] = entry.next;
        } else {
            Entry before = chains[chain];
            while (before.next != entry) {
                before = before.next;
            }
            before.next = entry.next;
        }
        entry.next = null;
        if (entry.state == State.ASKED) {
            asked--;
        }
        entry.state = State.FREE;
    }

    /** How many places there are. */
    int size() {
        return entries.length;
    }

    /** A place, free or not. */
    Entry entry(int index) {
        return entries[index];
    }
}
