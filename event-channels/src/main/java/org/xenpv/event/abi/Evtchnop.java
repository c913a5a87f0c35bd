package org.xenpv.event.abi;

/** Commands of HYPERVISOR_event_channel_op and the structs they take (xen/event_channel.h). Offsets in bytes. */
public final class Evtchnop {

    public static final int BIND_INTERDOMAIN = 0;
    public static final int BIND_VIRQ = 1;
    public static final int CLOSE = 3;
    public static final int SEND = 4;
    public static final int ALLOC_UNBOUND = 6;
    public static final int UNMASK = 9;
    public static final int INIT_CONTROL = 11;
    public static final int EXPAND_ARRAY = 12;
    public static final int SET_PRIORITY = 13;

    /** DOMID_SELF: the calling domain (xen/xen.h). */
    public static final int DOMID_SELF = 0x7ff0;

    /** Room for the largest of the structs. */
    public static final int ARGS_BYTES = 32;

    // struct evtchn_alloc_unbound { domid_t dom, remote_dom; evtchn_port_t port; }
    public static final int ALLOC_UNBOUND_DOM = 0;
    public static final int ALLOC_UNBOUND_REMOTE_DOM = 2;
    public static final int ALLOC_UNBOUND_PORT = 4;

    // struct evtchn_bind_interdomain { domid_t remote_dom; evtchn_port_t remote_port; evtchn_port_t local_port; }
    public static final int BIND_INTERDOMAIN_REMOTE_DOM = 0;
    public static final int BIND_INTERDOMAIN_REMOTE_PORT = 4;
    public static final int BIND_INTERDOMAIN_LOCAL_PORT = 8;

    // struct evtchn_bind_virq { uint32_t virq; uint32_t vcpu; evtchn_port_t port; }
    public static final int BIND_VIRQ_VIRQ = 0;
    public static final int BIND_VIRQ_VCPU = 4;
    public static final int BIND_VIRQ_PORT = 8;

    /** struct evtchn_close, evtchn_send and evtchn_unmask hold a port and nothing else. */
    public static final int PORT = 0;

    // struct evtchn_init_control { uint64_t control_gfn; uint32_t offset; uint32_t vcpu; uint8_t link_bits; }
    public static final int INIT_CONTROL_GFN = 0;
    public static final int INIT_CONTROL_OFFSET = 8;
    public static final int INIT_CONTROL_VCPU = 12;
    public static final int INIT_CONTROL_LINK_BITS = 16;

    // struct evtchn_expand_array { uint64_t array_gfn; }
    public static final int EXPAND_ARRAY_GFN = 0;

    // struct evtchn_set_priority { evtchn_port_t port; uint32_t priority; }
    public static final int SET_PRIORITY_PORT = 0;
    public static final int SET_PRIORITY_PRIORITY = 4;

    private Evtchnop() {}
}
