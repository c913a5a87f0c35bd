package org.xenpv.grant.linux;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.xenpv.grant.GrantLedger;

/** The account of what this program holds. What the kernel holds back because another domain maps it is not in it. */
final class LinuxGrantLedger implements GrantLedger {

    private final Set<LinuxGrantedPages> lent = new LinkedHashSet<>();
    private int pages;
    private long grantsTotal;

    void lend(LinuxGrantedPages granted) {
        lent.add(granted);
        pages += granted.pages();
        grantsTotal += granted.pages();
    }

    void giveBack(LinuxGrantedPages granted) {
        if (lent.remove(granted)) {
            pages -= granted.pages();
        }
    }

    List<LinuxGrantedPages> held() {
        return new ArrayList<>(lent);
    }

    @Override
    public List<Entry> entries() {
        List<Entry> entries = new ArrayList<>(pages);
        for (LinuxGrantedPages granted : lent) {
            for (int page = 0; page < granted.pages(); page++) {
                entries.add(new Entry(granted.gref(page), granted.domid(), granted.access(), granted.purpose(), false));
            }
        }
        entries.sort((a, b) -> Integer.compareUnsigned(a.gref(), b.gref()));
        return entries;
    }

    @Override
    public int lent() {
        return pages;
    }

    @Override
    public int quarantined() {
        return 0;
    }

    @Override
    public long grantsTotal() {
        return grantsTotal;
    }

    @Override
    public long refusedTotal() {
        return 0;
    }
}
