package org.xenpv.simulator.xenstored;

import org.xenpv.io.xs.XsdError;

/**
 * Xenstored says no. One instance per errno that can go over the wire (xs_wire.h, xsd_errors); they carry no stack
 * trace because they are answers, not failures.
 */
public final class StoreException extends Exception {

    public static final StoreException EINVAL = new StoreException(XsdError.EINVAL);
    public static final StoreException EACCES = new StoreException(XsdError.EACCES);
    public static final StoreException EEXIST = new StoreException(XsdError.EEXIST);
    public static final StoreException ENOENT = new StoreException(XsdError.ENOENT);
    public static final StoreException ENOMEM = new StoreException(XsdError.ENOMEM);
    public static final StoreException ENOSPC = new StoreException(XsdError.ENOSPC);
    public static final StoreException ENOSYS = new StoreException(XsdError.ENOSYS);
    public static final StoreException EIO = new StoreException(XsdError.EIO);
    public static final StoreException EBUSY = new StoreException(XsdError.EBUSY);
    public static final StoreException EAGAIN = new StoreException(XsdError.EAGAIN);
    public static final StoreException E2BIG = new StoreException(XsdError.E2BIG);
    public static final StoreException EPERM = new StoreException(XsdError.EPERM);

    private final XsdError error;

    private StoreException(XsdError error) {
        super(error.name(), null, false, false);
        this.error = error;
    }

    public XsdError error() {
        return error;
    }
}
