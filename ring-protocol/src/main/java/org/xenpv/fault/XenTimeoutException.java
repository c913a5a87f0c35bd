package org.xenpv.fault;

/** TIMEOUT: legal silence for too long. The outcome is unknown: a write may still land. */
public final class XenTimeoutException extends XenException {

    public XenTimeoutException(String message) {
        super(message);
    }
}
