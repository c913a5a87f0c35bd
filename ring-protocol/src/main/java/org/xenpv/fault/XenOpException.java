package org.xenpv.fault;

/** The hypervisor or the operating system said no. */
public final class XenOpException extends XenException {

    private final int errno;

    /**
     * @param operation the hypercall or system call, e.g. {@code EVTCHNOP_alloc_unbound}
     * @param errno positive (xen/errno.h)
     * @param arguments what was asked, as {@code name=value}
     */
    public XenOpException(String operation, int errno, String arguments) {
        this(operation, errno, arguments, "");
    }

    /** @param meaning what the errno means here; may be empty */
    public XenOpException(String operation, int errno, String arguments, String meaning) {
        super(operation + "(" + arguments + ") failed, errno=" + errno
                + (meaning.isEmpty() ? "" : " (" + meaning + ")"));
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }
}
