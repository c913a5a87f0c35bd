package org.xenpv.xenstore;

import org.xenpv.fault.XenException;

/** Xenstored refused a request, or the connection to it failed. */
public final class XenstoreException extends XenException {

    private final String error;

    /**
     * @param error the errno's name as it goes over the wire (xs_wire.h, xsd_errors): ENOENT, EACCES, EAGAIN, EQUOTA...
     * @param request what was asked, e.g. {@code read /local/domain/1/name}
     */
    public XenstoreException(String error, String request) {
        super(request + ": " + error);
        this.error = error;
    }

    public String error() {
        return error;
    }

    public boolean is(String errno) {
        return error.equals(errno);
    }
}
