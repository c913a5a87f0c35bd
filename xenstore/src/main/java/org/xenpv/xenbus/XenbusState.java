package org.xenpv.xenbus;

/** enum xenbus_state (xen/io/xenbus.h). */
public enum XenbusState {
    /** Also: the node does not exist, or holds no state. */
    UNKNOWN(0),
    INITIALISING(1),
    INIT_WAIT(2),
    INITIALISED(3),
    CONNECTED(4),
    CLOSING(5),
    CLOSED(6),
    RECONFIGURING(7),
    RECONFIGURED(8);

    private static final XenbusState[] BY_VALUE = values();

    private final int value;

    XenbusState(int value) {
        this.value = value;
    }

    /** The number that stands in xenstore. */
    public int value() {
        return value;
    }

    /** Strict: anything but one of the numbers is UNKNOWN, as is a missing node (null). */
    public static XenbusState parse(String text) {
        if (text == null || text.length() != 1) {
            return UNKNOWN;
        }
        int value = text.charAt(0) - '0';
        return value < 0 || value >= BY_VALUE.length ? UNKNOWN : BY_VALUE[value];
    }
}
