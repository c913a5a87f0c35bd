package org.xenpv.io.xs;

/** enum xsd_sockmsg_type (xen/io/xs_wire.h). The numbers have a gap: XS_RESTRICT, 20, was removed. */
public enum XsMessageType {
    /** Also XS_DEBUG. */
    CONTROL(0),
    DIRECTORY(1),
    READ(2),
    GET_PERMS(3),
    WATCH(4),
    UNWATCH(5),
    TRANSACTION_START(6),
    TRANSACTION_END(7),
    INTRODUCE(8),
    RELEASE(9),
    GET_DOMAIN_PATH(10),
    WRITE(11),
    MKDIR(12),
    RM(13),
    SET_PERMS(14),
    /** Only from xenstored, unasked. */
    WATCH_EVENT(15),
    /** Only from xenstored: the body is an {@link XsdError} by name. */
    ERROR(16),
    IS_DOMAIN_INTRODUCED(17),
    RESUME(18),
    SET_TARGET(19),
    RESET_WATCHES(21),
    DIRECTORY_PART(22);

    /** XS_TYPE_COUNT: one above the last valid number. */
    public static final int TYPE_COUNT = 23;
    /** XS_INVALID: never a valid number. */
    public static final int INVALID = 0xffff;

    private static final XsMessageType[] BY_VALUE = new XsMessageType[TYPE_COUNT];

    static {
        for (XsMessageType type : values()) {
            BY_VALUE[type.value] = type;
        }
    }

    private final int value;

    XsMessageType(int value) {
        this.value = value;
    }

    /** The number on the wire. */
    public int value() {
        return value;
    }

    /** The type with this number, or null if there is none. */
    public static XsMessageType of(int value) {
        return value < 0 || value >= TYPE_COUNT ? null : BY_VALUE[value];
    }
}
