package org.xenpv.event.abi;

/** The part of struct shared_info that carries events, x86_64, virtual CPU 0 (xen/xen.h). Offsets in bytes. */
public final class SharedInfoLayout {

    /** shared_info.vcpu_info[0].evtchn_upcall_pending, one byte. */
    public static final int EVTCHN_UPCALL_PENDING = 0;

    /** shared_info.vcpu_info[0].evtchn_upcall_mask, one byte. */
    public static final int EVTCHN_UPCALL_MASK = 1;

    /** shared_info.vcpu_info[0].evtchn_pending_sel: one bit for each 64-bit word of evtchn_pending. */
    public static final int EVTCHN_PENDING_SEL = 8;

    /** sizeof(struct vcpu_info). */
    public static final int VCPU_INFO_BYTES = 64;

    /** XEN_LEGACY_MAX_VCPUS: entries of shared_info.vcpu_info. */
    public static final int LEGACY_MAX_VCPUS = 32;

    /** shared_info.evtchn_pending, 64 words of 64 bits. */
    public static final int EVTCHN_PENDING = LEGACY_MAX_VCPUS * VCPU_INFO_BYTES;

    /** shared_info.evtchn_mask, 64 words of 64 bits. */
    public static final int EVTCHN_MASK = EVTCHN_PENDING + 64 * 8;

    /** EVTCHN_2L_NR_CHANNELS: ports of the 2-level ABI. */
    public static final int EVTCHN_2L_NR_CHANNELS = 64 * 64;

    /** What must be there: to the end of evtchn_mask. */
    static final int EVENTS_BYTES = EVTCHN_MASK + 64 * 8;

    private SharedInfoLayout() {}
}
