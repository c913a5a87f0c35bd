package org.xenpv.fault;

/** GONE: the other end, or our device, is no longer there. */
public final class XenPeerGoneException extends XenException {

    public XenPeerGoneException(String message) {
        super(message);
    }
}
