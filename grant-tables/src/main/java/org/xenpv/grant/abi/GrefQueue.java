package org.xenpv.grant.abi;

/**
 * A first-in first-out queue of grant references, without allocation but in {@link #ensureCapacity}.
 *
 * <p>The free list is one: a reference rests as long as it can before it is used again, so that a late answer to its
 * last use is noticed as such.
 */
final class GrefQueue {

    private int[] grefs = new int[0];
    private int first;
    private int size;

    int size() {
        return size;
    }

    void ensureCapacity(int capacity) {
        if (capacity <= grefs.length) {
            return;
        }
        int[] grown = new int[capacity];
        int tail = Math.min(size, grefs.length - first);
        System.arraycopy(grefs, first, grown, 0, tail);
        System.arraycopy(grefs, 0, grown, tail, size - tail);
        grefs = grown;
        first = 0;
    }

    void add(int gref) {
        if (size == grefs.length) {
            throw new IllegalStateException("size=" + size + ", more references than the table has entries");
        }
        int last = first + size;
        grefs[last < grefs.length ? last : last - grefs.length] = gref;
        size++;
    }

    int remove() {
        if (size == 0) {
            throw new IllegalStateException("size=0, no reference to take");
        }
        int gref = grefs[first];
        first = first + 1 < grefs.length ? first + 1 : 0;
        size--;
        return gref;
    }
}
