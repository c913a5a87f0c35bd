package org.xenpv.scenarios.hostile;

import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantedPages;
import org.xenpv.xenbus.XenGuest;

/** A guest that has memory to grant so many times and not once more. */
final class ExhaustedGuest extends GuestView {

    private int left;

    ExhaustedGuest(XenGuest guest, int grants) {
        super(guest);
        this.left = grants;
    }

    @Override
    public GrantedPages grant(int domid, int pages, GrantAccess access, String purpose) {
        if (left-- <= 0) {
            throw new GrantExhaustedException("pages: wanted=" + pages + ", none left");
        }
        return guest.grants().grant(domid, pages, access, purpose);
    }
}
