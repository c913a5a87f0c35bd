package org.xenpv.fault;

/** BROKEN: the other end violated the protocol; the device is out of service until it is re-connected. */
public final class XenProtocolException extends XenException {

    private final PeerFault fault;

    /** @param detail names the offending value and the limit */
    public XenProtocolException(PeerFault fault, String detail) {
        super(fault + ": " + detail);
        this.fault = fault;
    }

    public PeerFault fault() {
        return fault;
    }
}
