package org.xenpv.fault;

/** FAIL-REQ: the other end reported, in legal form, that one operation failed. The device stays up. */
public final class XenIoException extends XenException {

    private final int status;

    /** @param status the raw status of the response, e.g. BLKIF_RSP_ERROR = -1 */
    public XenIoException(String operation, int status) {
        super(operation + " failed, status=" + status);
        this.status = status;
    }

    public int status() {
        return status;
    }
}
