package org.xenpv.io.xs;

/** The limits and words of xen/io/xs_wire.h, spelled as in C. */
public final class XsWire {

    /** Longest body. A sender that goes beyond it has lost the thread: the connection is dead. */
    public static final int XENSTORE_PAYLOAD_MAX = 4096;
    /** Longest absolute path, without a terminating NUL. */
    public static final int XENSTORE_ABS_PATH_MAX = 3072;
    /** Longest path relative to the domain's own, without a terminating NUL. */
    public static final int XENSTORE_REL_PATH_MAX = 2048;

    /** Strings of a watch event, in this order. */
    public static final int XS_WATCH_PATH = 0;

    public static final int XS_WATCH_TOKEN = 1;

    public static final String XS_WRITE_NONE = "NONE";
    public static final String XS_WRITE_CREATE = "CREATE";
    public static final String XS_WRITE_CREATE_EXCL = "CREATE|EXCL";

    private XsWire() {}
}
