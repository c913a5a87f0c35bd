package org.xenpv.backends.block;

import java.util.Arrays;

/**
 * Pages of the frontend that stay mapped between requests (feature-persistent): a bounded map from grant reference to
 * mapping, least recently used out first. A page in use by a request is pinned and cannot go.
 *
 * <p>Entries are named by slot. Open addressing with backward-shift deletion and an intrusive list: nothing is
 * allocated per look-up.
 */
final class PersistentGrants {

    static final int NONE = -1;

    private final int capacity;
    private final int[] table; // slot + 1, 0 is empty; twice the capacity, a power of two
    private final int mask;
    private int[] gref = new int[16];
    private MappedRange[] range = new MappedRange[16];
    private int[] pins = new int[16];
    private int[] newer = new int[16];
    private int[] older = new int[16];
    private int[] free = new int[16];
    private int freeCount;
    private int slots;
    private int newest = NONE;
    private int oldest = NONE;
    private int size;

    PersistentGrants(int capacity) {
        this.capacity = capacity;
        this.table = new int[Integer.highestOneBit(Math.max(4, capacity * 2 - 1)) * 2];
        this.mask = table.length - 1;
    }

    int size() {
        return size;
    }

    MappedRange range(int slot) {
        return range[slot];
    }

    /** Finds a mapping, pins it and makes it the newest. @return its slot or {@link #NONE} */
    int acquire(int wanted) {
        for (int at = home(wanted); table[at] != 0; at = at + 1 & mask) {
            int slot = table[at] - 1;
            if (gref[slot] == wanted) {
                pins[slot]++;
                if (slot != newest) {
                    unlink(slot);
                    linkNewest(slot);
                }
                return slot;
            }
        }
        return NONE;
    }

    void release(int slot) {
        pins[slot]--;
    }

    /** Whether {@link #insert} would find room, by itself or by {@link #evict}. */
    boolean isFull() {
        return size == capacity;
    }

    /** Unmaps the least recently used page that no request uses. @return false if all are in use */
    boolean evict() {
        int slot = oldest;
        while (slot != NONE && pins[slot] > 0) {
            slot = newer[slot];
        }
        if (slot == NONE) {
            return false;
        }
        unlink(slot);
        removeFromTable(slot);
        range[slot].unmap();
        range[slot] = null;
        free[freeCount++] = slot;
        size--;
        return true;
    }

    /** Adds a mapping, pinned once; not for a reference that is there already, nor when full. @return its slot */
    int insert(int key, MappedRange mapping) {
        int slot = freeCount > 0 ? free[--freeCount] : newSlot();
        gref[slot] = key;
        range[slot] = mapping;
        pins[slot] = 1;
        linkNewest(slot);
        int at = home(key);
        while (table[at] != 0) {
            at = at + 1 & mask;
        }
        table[at] = slot + 1;
        size++;
        return slot;
    }

    /** Unmaps everything, in use or not. */
    void unmapAll() {
        for (int slot = newest; slot != NONE; slot = older[slot]) {
            range[slot].unmap();
            range[slot] = null;
        }
        Arrays.fill(table, 0);
        newest = NONE;
        oldest = NONE;
        freeCount = 0;
        slots = 0;
        size = 0;
    }

    private int newSlot() {
        if (slots == gref.length) {
            int length = slots * 2;
            gref = Arrays.copyOf(gref, length);
            range = Arrays.copyOf(range, length);
            pins = Arrays.copyOf(pins, length);
            newer = Arrays.copyOf(newer, length);
            older = Arrays.copyOf(older, length);
            free = Arrays.copyOf(free, length);
        }
        return slots++;
    }

    private int home(int key) {
        int mixed = key * 0x9e3779b9;
        return (mixed ^ mixed >>> 15) & mask;
    }

    private void removeFromTable(int slot) {
        int hole = home(gref[slot]);
        while (table[hole] != slot + 1) {
            hole = hole + 1 & mask;
        }
        for (int at = hole + 1 & mask; table[at] != 0; at = at + 1 & mask) {
            int wanted = home(gref[table[at] - 1]);
            if ((at - wanted & mask) >= (at - hole & mask)) {
                table[hole] = table[at];
                hole = at;
            }
        }
        table[hole] = 0;
    }

    private void linkNewest(int slot) {
        older[slot] = newest;
        newer[slot] = NONE;
        if (newest != NONE) {
            newer[newest] = slot;
        } else {
            oldest = slot;
        }
        newest = slot;
    }

    private void unlink(int slot) {
        if (newer[slot] != NONE) {
            older[newer[slot]] = older[slot];
        } else {
            newest = older[slot];
        }
        if (older[slot] != NONE) {
            newer[older[slot]] = newer[slot];
        } else {
            oldest = newer[slot];
        }
    }
}
