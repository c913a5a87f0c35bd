package org.xenpv.backends.block;

import java.util.Arrays;
import org.xenpv.memory.SharedMemory;

/**
 * Pages of the frontend that stay mapped between requests (feature-persistent): a bounded map from grant reference to
 * page. Pages are mapped in groups, one range of memory each, and given up in groups, the least recently used first. A
 * group with a page in use by a request is pinned and cannot go.
 *
 * <p>Entries are named by slot. Open addressing with backward-shift deletion and an intrusive list: nothing is
 * allocated per look-up.
 */
final class PersistentGrants {

    static final int NONE = -1;

    /** Pages mapped by one call; slot of each, or NONE if its reference was mapped already. */
    private static final class Group {
        private final MappedRange range;
        private final int[] slots;
        private int pins;
        private Group newer;
        private Group older;

        Group(MappedRange range, int pages) {
            this.range = range;
            this.slots = new int[pages];
        }
    }

    private final int capacity;
    private final int[] table; // slot + 1, 0 is empty; twice the capacity, a power of two
    private final int mask;
    private int[] gref = new int[16];
    private Group[] group = new Group[16];
    private int[] page = new int[16];
    private int[] free = new int[16];
    private int freeCount;
    private int slots;
    private Group newest;
    private Group oldest;
    private int size;

    PersistentGrants(int capacity) {
        this.capacity = capacity;
        this.table = new int[Integer.highestOneBit(Math.max(4, capacity * 2 - 1)) * 2];
        this.mask = table.length - 1;
    }

    int capacity() {
        return capacity;
    }

    /** Pages mapped. */
    int size() {
        return size;
    }

    /** The range that a slot's page was mapped in. */
    MappedRange range(int slot) {
        return group[slot].range;
    }

    /** Where in {@link #range} the page is, in bytes. */
    int rangeAt(int slot) {
        return page[slot] * SharedMemory.PAGE_BYTES;
    }

    /** Finds a page, pins its group and makes it the newest. @return its slot or {@link #NONE} */
    int acquire(int wanted) {
        int slot = find(wanted);
        if (slot != NONE) {
            Group found = group[slot];
            found.pins++;
            if (found != newest) {
                unlink(found);
                linkNewest(found);
            }
        }
        return slot;
    }

    private int find(int wanted) {
        for (int at = home(wanted); table[at] != 0; at = at + 1 & mask) {
            if (gref[table[at] - 1] == wanted) {
                return table[at] - 1;
            }
        }
        return NONE;
    }

    void release(int slot) {
        group[slot].pins--;
    }

    /** Whether so many more pages can be {@link #insert}ed before something is {@link #evict}ed. */
    boolean fits(int pages) {
        return pages <= capacity - size;
    }

    /** Unmaps the least recently used group that no request uses. @return its pages, 0 if all are in use */
    int evict() {
        Group goes = oldest;
        while (goes != null && goes.pins > 0) {
            goes = goes.newer;
        }
        if (goes == null) {
            return 0;
        }
        unlink(goes);
        for (int slot : goes.slots) {
            if (slot != NONE) {
                removeFromTable(slot);
                group[slot] = null;
                free[freeCount++] = slot;
            }
        }
        goes.range.unmap();
        size -= goes.slots.length;
        return goes.slots.length;
    }

    /**
     * Adds a group that {@link #fits}, as the newest. A reference that stands there twice, or is known already, is found at
     * its first page.
     *
     * @param keys the references of the range's pages, in order
     */
    void insert(int[] keys, int count, MappedRange range) {
        Group added = new Group(range, count);
        for (int i = 0; i < count; i++) {
            added.slots[i] = find(keys[i]) == NONE ? addToTable(keys[i], added, i) : NONE;
        }
        linkNewest(added);
        size += count;
    }

    private int addToTable(int key, Group of, int index) {
        int slot = freeCount > 0 ? free[--freeCount] : newSlot();
        gref[slot] = key;
        group[slot] = of;
        page[slot] = index;
        int at = home(key);
        while (table[at] != 0) {
            at = at + 1 & mask;
        }
        table[at] = slot + 1;
        return slot;
    }

    /** Unmaps everything, in use or not. */
    void unmapAll() {
        for (Group each = newest; each != null; each = each.older) {
            each.range.unmap();
        }
        Arrays.fill(table, 0);
        Arrays.fill(group, null);
        newest = null;
        oldest = null;
        freeCount = 0;
        slots = 0;
        size = 0;
    }

    private int newSlot() {
        if (slots == gref.length) {
            int length = slots * 2;
            gref = Arrays.copyOf(gref, length);
            group = Arrays.copyOf(group, length);
            page = Arrays.copyOf(page, length);
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

    private void linkNewest(Group added) {
        added.older = newest;
        added.newer = null;
        if (newest != null) {
            newest.newer = added;
        } else {
            oldest = added;
        }
        newest = added;
    }

    private void unlink(Group gone) {
        if (gone.newer != null) {
            gone.newer.older = gone.older;
        } else {
            newest = gone.older;
        }
        if (gone.older != null) {
            gone.older.newer = gone.newer;
        } else {
            oldest = gone.newer;
        }
    }
}
