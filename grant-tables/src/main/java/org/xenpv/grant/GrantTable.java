package org.xenpv.grant;

/**
 * Handing pages to other domains and getting them back.
 *
 * <p>The table gives out the pages: allocating and granting are one call, because a Linux guest cannot grant memory it
 * already owns. Pages are zeroed before they are first granted. A page whose grant cannot be revoked, because the
 * other domain still maps it, goes to quarantine: it and its grant reference are not used again until a later try
 * succeeds.
 *
 * <p>Owned by the thread of the domain's event loop.
 */
public interface GrantTable {

    /**
     * Allocates contiguous zeroed pages and grants each to a domain. All or nothing.
     *
     * @param pages 1 to 512
     * @param purpose for the ledger, e.g. {@code "vbd/51712 ring"}; a constant, not built per call
     * @throws GrantExhaustedException if there are not enough references or pages, or if this domain's quarantine has
     *     reached its cap
     */
    GrantedPages grant(int domid, int pages, GrantAccess access, String purpose);

    /**
     * Whether {@link GrantedPages#revokePage} and {@link GrantedPages#regrantPage} work: a table that writes its own
     * entries can, one behind /dev/xen/gntalloc cannot.
     */
    boolean canRegrant();

    /**
     * Whether {@link GrantedPages#release} can tell that the other domain still maps a page. Where it cannot (/dev/xen/gntalloc)
     * the kernel keeps such a page from everybody until that lets go: it is always true, and nothing is in quarantine here.
     */
    boolean seesMappings();

    /**
     * How many pages can be lent at most, as things stand, where there is a limit that a program shares with others (/dev/xen/gntalloc);
     * else {@link Integer#MAX_VALUE}, and memory is the limit.
     */
    default int pagesLeft() {
        return Integer.MAX_VALUE;
    }

    /** Tries to revoke what is in quarantine, a bounded number of pages per call; the event loop's timer calls it. */
    void retryQuarantine();

    /** Who holds which page, and why. */
    GrantLedger ledger();
}
