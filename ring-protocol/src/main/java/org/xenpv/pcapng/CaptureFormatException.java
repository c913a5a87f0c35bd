package org.xenpv.pcapng;

import org.xenpv.fault.XenException;

/** A capture that is not what the format says. Names the place: {@code offset=24: ...}, in bytes from the capture's start. */
public final class CaptureFormatException extends XenException {

    private final long offsetBytes;

    public CaptureFormatException(long offsetBytes, String reason) {
        super("offset=" + offsetBytes + ": " + reason);
        this.offsetBytes = offsetBytes;
    }

    public long offsetBytes() {
        return offsetBytes;
    }
}
