package org.xenpv.grant;

import java.util.List;

/** A table's account of every page it has given out. At rest, after everything is closed, it holds nothing. */
public interface GrantLedger {

    /** @param quarantined true if the owner gave it back and the other domain still maps it */
    record Entry(int gref, int domid, GrantAccess access, String purpose, boolean quarantined) {}

    /** A snapshot, ordered by reference. */
    List<Entry> entries();

    /** Pages lent out and not given back by their owner. */
    int lent();

    /** Pages given back by their owner that the other domain still maps. */
    int quarantined();

    /** Grants made since the table was opened (entries written, not pages allocated). */
    long grantsTotal();

    /** Revocations that found the page still mapped. */
    long refusedTotal();
}
