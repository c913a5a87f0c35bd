package org.xenpv.event.linux;

/** Requests and structs of linux/include/uapi/xen/evtchn.h, spelled as in C; offsets are {@code STRUCT_FIELD}. */
final class Evtchn {

    static final long IOCTL_EVTCHN_BIND_VIRQ = 0x4_4500;
    static final long IOCTL_EVTCHN_BIND_INTERDOMAIN = 0x8_4501;
    static final long IOCTL_EVTCHN_BIND_UNBOUND_PORT = 0x4_4502;
    static final long IOCTL_EVTCHN_UNBIND = 0x4_4503;
    static final long IOCTL_EVTCHN_NOTIFY = 0x4_4504;
    static final long IOCTL_EVTCHN_RESET = 0x4505;

    static final int BIND_VIRQ_VIRQ = 0;
    static final int BIND_INTERDOMAIN_REMOTE_DOMAIN = 0;
    static final int BIND_INTERDOMAIN_REMOTE_PORT = 4;
    static final int BIND_UNBOUND_PORT_REMOTE_DOMAIN = 0;
    static final int UNBIND_PORT = 0;
    static final int NOTIFY_PORT = 0;

    /** What is read and written: evtchn_port_t. */
    static final int PORT_SIZEOF = 4;

    private Evtchn() {}
}
