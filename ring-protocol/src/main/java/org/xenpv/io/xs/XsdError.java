package org.xenpv.io.xs;

/**
 * xsd_errors (xen/io/xs_wire.h): errors go over the wire by name, since errnos differ between systems. {@link #errno()}
 * is Xen's own number (xen/errno.h), the same as on Linux. Order is the header's.
 */
public enum XsdError {
    EINVAL(22),
    EACCES(13),
    EEXIST(17),
    EISDIR(21),
    ENOENT(2),
    ENOMEM(12),
    ENOSPC(28),
    EIO(5),
    ENOTEMPTY(39),
    ENOSYS(38),
    EROFS(30),
    EBUSY(16),
    EAGAIN(11),
    EISCONN(106),
    E2BIG(7),
    EPERM(1);

    private final int errno;

    XsdError(int errno) {
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }

    /** The error of this name, or null: names outside the header exist (oxenstored says EQUOTA) and mean what they say. */
    public static XsdError of(String name) {
        for (XsdError error : values()) {
            if (error.name().equals(name)) {
                return error;
            }
        }
        return null;
    }
}
