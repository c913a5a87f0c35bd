package org.xenpv.grant;

import org.xenpv.fault.XenException;

/** The hypervisor refused to map or copy a grant. */
public final class GrantMapException extends XenException {

    private final int status;

    /** @param status GNTST_*, negative (xen/grant_table.h) */
    public GrantMapException(int domid, int gref, int status) {
        super("domid=" + domid + ", gref=" + Integer.toUnsignedString(gref) + ": " + name(status));
        this.status = status;
    }

    public int status() {
        return status;
    }

    private static String name(int status) {
        return switch (status) {
            case -2 -> "GNTST_bad_domain (no such domain)";
            case -3 -> "GNTST_bad_gntref (not granted to us, or not for this access)";
            case -4 -> "GNTST_bad_handle";
            case -5 -> "GNTST_bad_virt_addr";
            case -6 -> "GNTST_bad_dev_addr";
            case -7 -> "GNTST_no_device_space";
            case -8 -> "GNTST_permission_denied";
            case -9 -> "GNTST_bad_page";
            case -10 -> "GNTST_bad_copy_arg (crosses a page boundary)";
            case -11 -> "GNTST_address_too_big";
            case -12 -> "GNTST_eagain (the page is paged out; may work later)";
            case -13 -> "GNTST_no_space (out of mapping handles)";
            default -> "GNTST_general_error, status=" + status;
        };
    }
}
