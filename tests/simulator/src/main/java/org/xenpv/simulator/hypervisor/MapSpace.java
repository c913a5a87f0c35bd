package org.xenpv.simulator.hypervisor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * Where a domain maps foreign pages: host addresses it may reserve, what is mapped at each, and the handles the
 * hypervisor gave for them (maptrack).
 *
 * <p>Addresses are numbers only: a mapped page is shown as a view of the granter's own memory. Called under the
 * hypervisor's lock.
 */
final class MapSpace {

    /** Address of the first page; far from anything a guest could mistake for its own memory. */
    static final long BASE = 0x7f00_0000_0000L;

    private final int pagesMax;
    private final int handlesMax;
    private final BitSet reserved = new BitSet();
    private int next;
    private Mapping[] byPage = new Mapping[64];
    private Mapping[] byHandle = new Mapping[64];
    private final BitSet handles = new BitSet();

    MapSpace(int pagesMax, int handlesMax) {
        this.pagesMax = pagesMax;
        this.handlesMax = handlesMax;
    }

    /** @throws IllegalStateException if no run of addresses is that long */
    long reserve(int pages) {
        if (pages < 1 || pages > pagesMax) {
            throw new IllegalArgumentException("pages=" + pages + ", must be 1 to " + pagesMax);
        }
        int first = run(next, pages);
        if (first < 0) {
            first = run(0, pages);
        }
        if (first < 0) {
            throw new IllegalStateException(
                    "pages=" + pages + ", no addresses left: reserved=" + reserved.cardinality() + " of " + pagesMax);
        }
        reserved.set(first, first + pages);
        next = first + pages;
        return BASE + (long) first * SharedMemory.PAGE_BYTES;
    }

    private int run(int from, int pages) {
        int first = reserved.nextClearBit(from);
        while (first <= pagesMax - pages) {
            int end = reserved.nextSetBit(first);
            if (end < 0 || end - first >= pages) {
                return first;
            }
            first = reserved.nextClearBit(end);
        }
        return -1;
    }

    /** @throws IllegalStateException if a page is mapped there still, or the addresses were not reserved */
    void release(long hostAddress, int pages) {
        int first = page(hostAddress);
        if (first < 0 || pages < 1 || reserved.nextClearBit(first) < first + pages) {
            throw new IllegalStateException(
                    "hostAddress=0x" + Long.toHexString(hostAddress) + ", pages=" + pages + ", not reserved");
        }
        for (int page = first; page < first + pages; page++) {
            if (at(page) != null) {
                throw new IllegalStateException(
                        "hostAddress=0x" + Long.toHexString(hostAddress) + ", released while mapped");
            }
        }
        reserved.clear(first, first + pages);
    }

    /** The page number of an address inside the space, or -1. */
    private int page(long hostAddress) {
        long offset = hostAddress - BASE;
        if (offset < 0 || offset % SharedMemory.PAGE_BYTES != 0) {
            return -1;
        }
        long page = offset / SharedMemory.PAGE_BYTES;
        return page < pagesMax ? (int) page : -1;
    }

    /** Whether a foreign page can be mapped here: reserved and not taken. */
    boolean vacant(long hostAddress) {
        int page = page(hostAddress);
        return page >= 0 && reserved.get(page) && at(page) == null;
    }

    private Mapping at(int page) {
        return page < byPage.length ? byPage[page] : null;
    }

    /** A handle that is free, or -1 if maptrack is full. */
    int freeHandle() {
        int handle = handles.nextClearBit(0);
        return handle < handlesMax ? handle : -1;
    }

    void add(int handle, Mapping mapping) {
        if (handle >= byHandle.length) {
            byHandle = Arrays.copyOf(byHandle, Math.max(handle + 1, byHandle.length * 2));
        }
        byHandle[handle] = mapping;
        handles.set(handle);
        int page = page(mapping.hostAddress);
        if (page >= byPage.length) {
            byPage = Arrays.copyOf(byPage, Math.max(page + 1, byPage.length * 2));
        }
        byPage[page] = mapping;
    }

    /** Null if the handle names no mapping. */
    Mapping byHandle(int handle) {
        return handle < 0 || handle >= byHandle.length ? null : byHandle[handle];
    }

    void remove(int handle) {
        Mapping mapping = byHandle[handle];
        byHandle[handle] = null;
        handles.clear(handle);
        byPage[page(mapping.hostAddress)] = null;
        mapping.closeWindows();
    }

    /** Handles of all mappings, in order. */
    List<Integer> mapped() {
        List<Integer> mapped = new ArrayList<>();
        for (int handle = handles.nextSetBit(0); handle >= 0; handle = handles.nextSetBit(handle + 1)) {
            mapped.add(handle);
        }
        return mapped;
    }

    int reservedPages() {
        return reserved.cardinality();
    }

    /**
     * What is mapped at an address, as memory that dies when any of its pages is unmapped.
     *
     * @throws IllegalStateException if a page is not mapped
     */
    SharedMemory memory(long hostAddress, int pages) {
        int first = page(hostAddress);
        Mapping[] mappings = new Mapping[pages];
        boolean contiguous = true;
        for (int i = 0; i < pages; i++) {
            Mapping mapping = first < 0 ? null : at(first + i);
            if (mapping == null) {
                throw new IllegalStateException(
                        "hostAddress=0x" + Long.toHexString(hostAddress) + ", page=" + i + ", nothing is mapped there");
            }
            mappings[i] = mapping;
            contiguous &= mapping.granter == mappings[0].granter && mapping.gfn == mappings[0].gfn + i;
        }
        if (contiguous) {
            ChronicleMemory view = mappings[0].granter.memory().view(mappings[0].gfn, pages);
            for (Mapping mapping : mappings) {
                mapping.addWindow(view::close);
            }
            return view;
        }
        ChronicleMemory[] views = new ChronicleMemory[pages];
        for (int i = 0; i < pages; i++) {
            views[i] = mappings[i].granter.memory().view(mappings[i].gfn, 1);
        }
        StitchedMemory stitched = new StitchedMemory(views);
        for (Mapping mapping : mappings) {
            mapping.addWindow(stitched::close);
        }
        return stitched;
    }
}
