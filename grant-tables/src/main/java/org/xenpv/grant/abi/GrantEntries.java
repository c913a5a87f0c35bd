package org.xenpv.grant.abi;

import org.xenpv.grant.GrantAccess;

/** The array of entries shared with Xen, in one of its two formats. A running system loads one of them. */
interface GrantEntries {

    int version();

    /** Entries in one frame of the table. */
    int refsPerFrame();

    /** Looks at the first {@code frames} frames from now on; entries written before are there, too. */
    void attach(GrantPlatform platform, int frames);

    /** Whether an entry of this version can name the frame. */
    boolean canHold(long frame);

    /** Fills an invalid entry: frame first, then in one word the domain and the flags that make it valid. */
    void grant(int gref, int domid, GrantAccess access, long frame);

    /**
     * Makes an entry invalid in one atomic step, if the other domain has no mapping of the page and no copy under way.
     *
     * @return false if it has: the page is not ours
     */
    boolean revoke(int gref, int domid, GrantAccess access);
}
