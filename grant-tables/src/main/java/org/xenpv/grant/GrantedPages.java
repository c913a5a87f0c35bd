package org.xenpv.grant;

import org.xenpv.memory.SharedMemory;

/** Contiguous pages granted to one domain by {@link GrantTable#grant}. */
public interface GrantedPages {

    /** The pages; do not touch it after {@link #release()}. */
    SharedMemory memory();

    int pages();

    /** The grant reference of a page (grant_ref_t, unsigned 32 bits). */
    int gref(int page);

    /**
     * Revokes the grants and gives the pages back, in one atomic try per page (a compare-and-set of the entry whose
     * result is looked at). Pages that the other domain still maps go to quarantine. Idempotent.
     *
     * @return true if every page came back; false if any is in quarantine
     */
    boolean release();

    /**
     * Revokes one page's grant and keeps page and reference, for drivers that grant per request.
     *
     * @return true if the page is ours alone again; false if the other domain still maps it: its content must not be
     *     used, and the page stays lent, until a later try succeeds or {@link #release()} quarantines it. Whether the
     *     other domain can make further mappings of it meanwhile is the table's affair; it cannot be granted again
     * @throws UnsupportedOperationException if the table cannot (see {@link GrantTable#canRegrant})
     */
    boolean revokePage(int page);

    /** Grants a page revoked by {@link #revokePage} again, to the same domain, under the same reference. */
    void regrantPage(int page, GrantAccess access);
}
