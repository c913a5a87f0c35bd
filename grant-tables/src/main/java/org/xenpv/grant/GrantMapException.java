package org.xenpv.grant;

import org.xenpv.fault.XenException;

/** The hypervisor refused to map or copy a grant. */
public final class GrantMapException extends XenException {

    private final int status;

    /** @param status GNTST_*, negative (xen/grant_table.h) */
    public GrantMapException(int domid, int gref, int status) {
        super("domid=" + domid + ", gref=" + Integer.toUnsignedString(gref) + ": GNTST status=" + status);
        this.status = status;
    }

    public int status() {
        return status;
    }
}
