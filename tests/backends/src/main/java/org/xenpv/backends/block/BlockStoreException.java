package org.xenpv.backends.block;

import org.xenpv.fault.XenException;

/** A medium that cannot be served: missing, of an impossible size, not readable or writable, in use. */
public final class BlockStoreException extends XenException {

    /** @param medium the path or name of the medium, e.g. {@code image /srv/disk.img} */
    public BlockStoreException(String medium, String reason) {
        super(medium + ": " + reason);
    }

    public BlockStoreException(String medium, String reason, Throwable cause) {
        super(medium + ": " + reason, cause);
    }
}
