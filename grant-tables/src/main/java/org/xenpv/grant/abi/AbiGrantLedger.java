package org.xenpv.grant.abi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenpv.grant.GrantLedger;

/** The account by reference: whose page it is, and which one. A reference without an owner is free or reserved. */
final class AbiGrantLedger implements GrantLedger {

    private AbiGrantedPages[] owners = new AbiGrantedPages[0];
    private int[] pages = new int[0];
    private int lent;
    private int quarantined;
    private long grantsTotal;
    private long refusedTotal;

    void ensureCapacity(int refs) {
        if (refs > owners.length) {
            owners = Arrays.copyOf(owners, refs);
            pages = Arrays.copyOf(pages, refs);
        }
    }

    void lend(int gref, AbiGrantedPages owner, int page) {
        if (owners[gref] != null) {
            throw new IllegalStateException("gref=" + gref + ", already lent for " + owners[gref].purpose());
        }
        owners[gref] = owner;
        pages[gref] = page;
        lent++;
    }

    AbiGrantedPages owner(int gref) {
        return owners[gref];
    }

    int page(int gref) {
        return pages[gref];
    }

    void quarantine() {
        lent--;
        quarantined++;
    }

    void giveBack(int gref, boolean fromQuarantine) {
        if (owners[gref] == null) {
            throw new IllegalStateException("gref=" + gref + ", given back twice");
        }
        owners[gref] = null;
        if (fromQuarantine) {
            quarantined--;
        } else {
            lent--;
        }
    }

    void granted() {
        grantsTotal++;
    }

    void refused() {
        refusedTotal++;
    }

    @Override
    public List<Entry> entries() {
        List<Entry> entries = new ArrayList<>(lent + quarantined);
        for (int gref = 0; gref < owners.length; gref++) {
            AbiGrantedPages owner = owners[gref];
            if (owner != null) {
                int page = pages[gref];
                entries.add(
                        new Entry(gref, owner.domid(), owner.access(page), owner.purpose(), owner.isQuarantined(page)));
            }
        }
        return entries;
    }

    @Override
    public int lent() {
        return lent;
    }

    @Override
    public int quarantined() {
        return quarantined;
    }

    @Override
    public long grantsTotal() {
        return grantsTotal;
    }

    @Override
    public long refusedTotal() {
        return refusedTotal;
    }
}
