package org.xenpv.backends.block;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenpv.grant.CopyBatch;
import org.xenpv.grant.CopyPages;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.MappedPages;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * A frontend's memory and the grants on it, and a mapper that maps them: pages that follow each other are mapped in
 * place, others scattered. Every mapping is accounted for.
 */
final class GuestMemory implements GrantMapper, AutoCloseable {

    private static final int GNTST_BAD_GREF = -3;

    private final ChronicleMemory memory;
    private final Map<Integer, Integer> pageOfGref = new HashMap<>();
    final List<GrantAccess> accesses = new ArrayList<>();
    int mappedNow;
    int mapCalls;

    GuestMemory(int pages) {
        memory = ChronicleMemory.allocatePages(pages);
    }

    GuestMemory grant(int gref, int page) {
        pageOfGref.put(gref, page);
        return this;
    }

    /** Grants page n under reference base + n. */
    GuestMemory grantAll(int base) {
        for (int page = 0; page < memory.sizeBytes() / SharedMemory.PAGE_BYTES; page++) {
            grant(base + page, page);
        }
        return this;
    }

    SharedMemory page(int page) {
        return memory.slice(page * SharedMemory.PAGE_BYTES, SharedMemory.PAGE_BYTES);
    }

    void fill(int page, int sector, int sectors, byte[] source, int at) {
        page(page).copyIn(sector * 512, source, at, sectors * 512);
    }

    byte[] bytes(int page, int sector, int sectors) {
        byte[] bytes = new byte[sectors * 512];
        page(page).copyOut(sector * 512, bytes, 0, bytes.length);
        return bytes;
    }

    @Override
    public MappedPages map(int domid, int[] grefs, int count, GrantAccess access) {
        int[] pages = new int[count];
        boolean contiguous = true;
        for (int i = 0; i < count; i++) {
            Integer page = pageOfGref.get(grefs[i]);
            if (page == null) {
                throw new GrantMapException(domid, grefs[i], GNTST_BAD_GREF);
            }
            pages[i] = page;
            contiguous &= page == pages[0] + i;
        }
        mapCalls++;
        mappedNow += count;
        accesses.add(access);
        SharedMemory mapped;
        if (contiguous) {
            mapped = memory.slice(pages[0] * SharedMemory.PAGE_BYTES, count * SharedMemory.PAGE_BYTES);
        } else {
            SharedMemory[] scattered = new SharedMemory[count];
            for (int i = 0; i < count; i++) {
                scattered[i] = page(pages[i]);
            }
            mapped = new ScatteredPages(scattered);
        }
        return new Mapped(mapped, count);
    }

    @Override
    public void copyFrom(int domid, int gref, int offset, byte[] target, int targetAt, int lengthBytes) {
        throw new UnsupportedOperationException("the block backend maps");
    }

    @Override
    public void copyTo(int domid, int gref, int offset, byte[] source, int sourceAt, int lengthBytes) {
        throw new UnsupportedOperationException("the block backend maps");
    }

    @Override
    public CopyPages copyPages(int pages) {
        throw new UnsupportedOperationException("the block backend maps");
    }

    @Override
    public CopyBatch copyBatch(int copiesMax) {
        throw new UnsupportedOperationException("the block backend maps");
    }

    @Override
    public void close() {
        memory.close();
    }

    private final class Mapped implements MappedPages {
        private final SharedMemory mapped;
        private final int count;
        private boolean open = true;

        Mapped(SharedMemory mapped, int count) {
            this.mapped = mapped;
            this.count = count;
        }

        @Override
        public SharedMemory memory() {
            return mapped;
        }

        @Override
        public int pages() {
            return count;
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                mappedNow -= count;
            }
        }
    }
}
