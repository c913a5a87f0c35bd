package org.xenpv.grant;

import org.xenpv.fault.XenException;

/** There are no more grant references, or pages, or the quarantine cap of a domain has been reached. */
public final class GrantExhaustedException extends XenException {

    public GrantExhaustedException(String message) {
        super(message);
    }
}
