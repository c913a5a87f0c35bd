package org.xenpv.netfront;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** A grant table of its own memory: what is granted can be found by its reference, as a backend would by mapping it. */
final class FakeGrants implements GrantTable, AutoCloseable {

    private record Page(SharedMemory memory, GrantAccess access) {}

    private final Map<Integer, Page> granted = new HashMap<>();
    private final List<ChronicleMemory> allocated = new ArrayList<>();
    private int nextRef = 8;

    /** References the other domain keeps mapped. */
    final Set<Integer> mapped = new HashSet<>();

    /** Allocations that are not released. */
    int live;

    /** What is granted by a reference now; fails if nothing is. */
    SharedMemory page(int gref) {
        return entry(gref).memory;
    }

    GrantAccess access(int gref) {
        return entry(gref).access;
    }

    boolean isGranted(int gref) {
        return granted.containsKey(gref);
    }

    private Page entry(int gref) {
        Page page = granted.get(gref);
        if (page == null) {
            throw new AssertionError("gref=" + gref + " is not granted");
        }
        return page;
    }

    @Override
    public GrantedPages grant(int domid, int pages, GrantAccess access, String purpose) {
        ChronicleMemory memory = ChronicleMemory.allocatePages(pages);
        allocated.add(memory);
        live++;
        int first = nextRef;
        nextRef += pages;
        for (int i = 0; i < pages; i++) {
            granted.put(first + i, new Page(slice(memory, i), access));
        }
        return new GrantedPages() {
            private boolean released;

            @Override
            public SharedMemory memory() {
                return memory;
            }

            @Override
            public int pages() {
                return pages;
            }

            @Override
            public int gref(int page) {
                return first + page;
            }

            @Override
            public boolean release() {
                if (!released) {
                    released = true;
                    live--;
                    for (int i = 0; i < pages; i++) {
                        granted.remove(first + i);
                    }
                }
                return true;
            }

            @Override
            public boolean revokePage(int page) {
                if (mapped.contains(first + page)) {
                    return false;
                }
                granted.remove(first + page);
                return true;
            }

            @Override
            public void regrantPage(int page, GrantAccess again) {
                granted.put(first + page, new Page(slice(memory, page), again));
            }
        };
    }

    private static SharedMemory slice(SharedMemory memory, int page) {
        return memory.slice(page * SharedMemory.PAGE_BYTES, SharedMemory.PAGE_BYTES);
    }

    @Override
    public boolean seesMappings() {
        return true;
    }

    @Override
    public boolean canRegrant() {
        return true;
    }

    @Override
    public void retryQuarantine() {}

    @Override
    public GrantLedger ledger() {
        throw new AssertionError("no ledger");
    }

    @Override
    public void close() {
        allocated.forEach(ChronicleMemory::close);
    }
}
