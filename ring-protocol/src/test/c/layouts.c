/*
 * Prints every struct size, field offset and constant of Xen's public headers that the Java side uses, one per line:
 *
 *     sizeof.blkif_request 112
 *     blkif_request.id 8
 *     BLKIF_OP_WRITE 1
 *     XEN_IO_PROTO_ABI_X86_64 "x86_64-abi"
 *
 * Built against the headers of libxen-dev. As a 64-bit program it prints x86_64. Compiled with -m32 -ffreestanding -S it
 * needs no 32-bit C library: the numbers of the one protocol whose layout differs, blkif, go into the assembly as
 * comments that start with "#golden ".
 */
#define __XEN_TOOLS__ 1
#include <stddef.h>
#include <stdint.h>

#if defined(__i386__)

#define NUMBER(name, value) __asm__ volatile("\n#golden " name " %c0" : : "i"((long)(value)))
#define TEXT(name)

#else

#include <errno.h>
#include <stdio.h>

#define NUMBER(name, value) printf("%s %lld\n", name, (long long)(value))
#define TEXT(name) printf("%s \"%s\"\n", #name, name)

#endif

#define CONST(name) NUMBER(#name, name)
#define SIZE(type) NUMBER("sizeof." #type, sizeof(struct type))
#define SIZE_UNION(type) NUMBER("sizeof." #type, sizeof(union type))
#define FIELD(type, field) NUMBER(#type "." #field, offsetof(struct type, field))
#define FIELD_UNION(type, field) NUMBER(#type "." #field, offsetof(union type, field))

#include <xen/io/blkif.h>
#include <xen/io/protocols.h>

static void blkif(void)
{
    SIZE(blkif_request);
    FIELD(blkif_request, operation);
    FIELD(blkif_request, nr_segments);
    FIELD(blkif_request, handle);
    FIELD(blkif_request, id);
    FIELD(blkif_request, sector_number);
    FIELD(blkif_request, seg);
    SIZE(blkif_request_segment);
    FIELD(blkif_request_segment, gref);
    FIELD(blkif_request_segment, first_sect);
    FIELD(blkif_request_segment, last_sect);
    SIZE(blkif_request_discard);
    FIELD(blkif_request_discard, operation);
    FIELD(blkif_request_discard, flag);
    FIELD(blkif_request_discard, handle);
    FIELD(blkif_request_discard, id);
    FIELD(blkif_request_discard, sector_number);
    FIELD(blkif_request_discard, nr_sectors);
    SIZE(blkif_request_indirect);
    FIELD(blkif_request_indirect, operation);
    FIELD(blkif_request_indirect, indirect_op);
    FIELD(blkif_request_indirect, nr_segments);
    FIELD(blkif_request_indirect, id);
    FIELD(blkif_request_indirect, sector_number);
    FIELD(blkif_request_indirect, handle);
    FIELD(blkif_request_indirect, indirect_grefs);
    SIZE(blkif_response);
    FIELD(blkif_response, id);
    FIELD(blkif_response, operation);
    FIELD(blkif_response, status);
    SIZE_UNION(blkif_sring_entry);
}

#if !defined(__i386__)

#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/io/netif.h>
#include <xen/io/ring.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

DEFINE_XEN_FLEX_RING_AND_INTF(flex);

static void blkif_constants(void)
{
    CONST(BLKIF_OP_READ);
    CONST(BLKIF_OP_WRITE);
    CONST(BLKIF_OP_WRITE_BARRIER);
    CONST(BLKIF_OP_FLUSH_DISKCACHE);
    CONST(BLKIF_OP_RESERVED_1);
    CONST(BLKIF_OP_DISCARD);
    CONST(BLKIF_OP_INDIRECT);
    CONST(BLKIF_RSP_OKAY);
    CONST(BLKIF_RSP_ERROR);
    CONST(BLKIF_RSP_EOPNOTSUPP);
    CONST(BLKIF_MAX_SEGMENTS_PER_REQUEST);
    CONST(BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST);
    CONST(BLKIF_DISCARD_SECURE);
    CONST(VDISK_CDROM);
    CONST(VDISK_REMOVABLE);
    CONST(VDISK_READONLY);
    TEXT(XEN_IO_PROTO_ABI_X86_32);
    TEXT(XEN_IO_PROTO_ABI_X86_64);
    TEXT(XEN_IO_PROTO_ABI_NATIVE);
}

static void ring(void)
{
    FIELD(blkif_sring, req_prod);
    FIELD(blkif_sring, req_event);
    FIELD(blkif_sring, rsp_prod);
    FIELD(blkif_sring, rsp_event);
    FIELD(blkif_sring, pvt);
    FIELD(blkif_sring, ring);
    FIELD(flex_data_intf, in_cons);
    FIELD(flex_data_intf, in_prod);
    FIELD(flex_data_intf, out_cons);
    FIELD(flex_data_intf, out_prod);
    FIELD(flex_data_intf, ring_order);
    FIELD(flex_data_intf, ref);
    CONST(XEN_PAGE_SHIFT);
    NUMBER("XEN_FLEX_RING_SIZE.0", XEN_FLEX_RING_SIZE(0));
    NUMBER("XEN_FLEX_RING_SIZE.1", XEN_FLEX_RING_SIZE(1));
    NUMBER("XEN_FLEX_RING_SIZE.9", XEN_FLEX_RING_SIZE(9));
}

static void netif(void)
{
    CONST(XEN_NETIF_NR_SLOTS_MIN);
    CONST(XEN_NETIF_MAX_TX_SIZE);
    SIZE(netif_tx_request);
    FIELD(netif_tx_request, gref);
    FIELD(netif_tx_request, offset);
    FIELD(netif_tx_request, flags);
    FIELD(netif_tx_request, id);
    FIELD(netif_tx_request, size);
    SIZE(netif_tx_response);
    FIELD(netif_tx_response, id);
    FIELD(netif_tx_response, status);
    SIZE_UNION(netif_tx_sring_entry);
    SIZE(netif_rx_request);
    FIELD(netif_rx_request, id);
    FIELD(netif_rx_request, pad);
    FIELD(netif_rx_request, gref);
    SIZE(netif_rx_response);
    FIELD(netif_rx_response, id);
    FIELD(netif_rx_response, offset);
    FIELD(netif_rx_response, flags);
    FIELD(netif_rx_response, status);
    SIZE_UNION(netif_rx_sring_entry);
    SIZE(netif_extra_info);
    FIELD(netif_extra_info, type);
    FIELD(netif_extra_info, flags);
    FIELD(netif_extra_info, u.gso.size);
    FIELD(netif_extra_info, u.gso.type);
    FIELD(netif_extra_info, u.gso.features);
    FIELD(netif_extra_info, u.mcast.addr);
    FIELD(netif_extra_info, u.hash.type);
    FIELD(netif_extra_info, u.hash.algorithm);
    FIELD(netif_extra_info, u.hash.value);
    SIZE(xen_netif_ctrl_request);
    FIELD(xen_netif_ctrl_request, id);
    FIELD(xen_netif_ctrl_request, type);
    FIELD(xen_netif_ctrl_request, data);
    SIZE(xen_netif_ctrl_response);
    FIELD(xen_netif_ctrl_response, id);
    FIELD(xen_netif_ctrl_response, type);
    FIELD(xen_netif_ctrl_response, status);
    FIELD(xen_netif_ctrl_response, data);
    SIZE_UNION(xen_netif_ctrl_sring_entry);
    SIZE(xen_netif_gref);
    FIELD(xen_netif_gref, ref);
    FIELD(xen_netif_gref, flags);
    FIELD(xen_netif_gref, status);
    CONST(NETTXF_csum_blank);
    CONST(NETTXF_data_validated);
    CONST(NETTXF_more_data);
    CONST(NETTXF_extra_info);
    CONST(NETRXF_data_validated);
    CONST(NETRXF_csum_blank);
    CONST(NETRXF_more_data);
    CONST(NETRXF_extra_info);
    CONST(NETRXF_gso_prefix);
    CONST(NETIF_RSP_DROPPED);
    CONST(NETIF_RSP_ERROR);
    CONST(NETIF_RSP_OKAY);
    CONST(NETIF_RSP_NULL);
    CONST(XEN_NETIF_EXTRA_TYPE_NONE);
    CONST(XEN_NETIF_EXTRA_TYPE_GSO);
    CONST(XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
    CONST(XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
    CONST(XEN_NETIF_EXTRA_TYPE_HASH);
    CONST(XEN_NETIF_EXTRA_TYPE_MAX);
    CONST(XEN_NETIF_EXTRA_FLAG_MORE);
    CONST(XEN_NETIF_GSO_TYPE_NONE);
    CONST(XEN_NETIF_GSO_TYPE_TCPV4);
    CONST(XEN_NETIF_GSO_TYPE_TCPV6);
    CONST(_XEN_NETIF_CTRL_HASH_TYPE_IPV4);
    CONST(_XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP);
    CONST(_XEN_NETIF_CTRL_HASH_TYPE_IPV6);
    CONST(_XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP);
    CONST(XEN_NETIF_CTRL_HASH_TYPE_IPV4);
    CONST(XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP);
    CONST(XEN_NETIF_CTRL_HASH_TYPE_IPV6);
    CONST(XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP);
    CONST(XEN_NETIF_CTRL_HASH_ALGORITHM_NONE);
    CONST(XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);
    CONST(XEN_NETIF_CTRL_TYPE_INVALID);
    CONST(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS);
    CONST(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS);
    CONST(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY);
    CONST(XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE);
    CONST(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE);
    CONST(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING);
    CONST(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM);
    CONST(XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE);
    CONST(XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING);
    CONST(XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING);
    CONST(XEN_NETIF_CTRL_STATUS_SUCCESS);
    CONST(XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED);
    CONST(XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER);
    CONST(XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW);
    CONST(XEN_NETIF_CTRLF_GREF_readonly);
}

static void console(void)
{
    struct xencons_interface *intf = 0;

    FIELD(xencons_interface, in);
    NUMBER("xencons_interface.in.bytes", sizeof(intf->in));
    FIELD(xencons_interface, out);
    NUMBER("xencons_interface.out.bytes", sizeof(intf->out));
    FIELD(xencons_interface, in_cons);
    FIELD(xencons_interface, in_prod);
    FIELD(xencons_interface, out_cons);
    FIELD(xencons_interface, out_prod);
    SIZE(xencons_interface);
}

static void xs_wire(void)
{
    CONST(XS_CONTROL);
    CONST(XS_DIRECTORY);
    CONST(XS_READ);
    CONST(XS_GET_PERMS);
    CONST(XS_WATCH);
    CONST(XS_UNWATCH);
    CONST(XS_TRANSACTION_START);
    CONST(XS_TRANSACTION_END);
    CONST(XS_INTRODUCE);
    CONST(XS_RELEASE);
    CONST(XS_GET_DOMAIN_PATH);
    CONST(XS_WRITE);
    CONST(XS_MKDIR);
    CONST(XS_RM);
    CONST(XS_SET_PERMS);
    CONST(XS_WATCH_EVENT);
    CONST(XS_ERROR);
    CONST(XS_IS_DOMAIN_INTRODUCED);
    CONST(XS_RESUME);
    CONST(XS_SET_TARGET);
    CONST(XS_RESET_WATCHES);
    CONST(XS_DIRECTORY_PART);
    CONST(XS_TYPE_COUNT);
    CONST(XS_INVALID);
    TEXT(XS_WRITE_NONE);
    TEXT(XS_WRITE_CREATE);
    TEXT(XS_WRITE_CREATE_EXCL);
    for (unsigned i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
        printf("xsd_errors.%s %u\n", xsd_errors[i].errstring, i);
    SIZE(xsd_sockmsg);
    FIELD(xsd_sockmsg, type);
    FIELD(xsd_sockmsg, req_id);
    FIELD(xsd_sockmsg, tx_id);
    FIELD(xsd_sockmsg, len);
    CONST(XS_WATCH_PATH);
    CONST(XS_WATCH_TOKEN);
    CONST(XENSTORE_RING_SIZE);
    SIZE(xenstore_domain_interface);
    FIELD(xenstore_domain_interface, req);
    FIELD(xenstore_domain_interface, rsp);
    FIELD(xenstore_domain_interface, req_cons);
    FIELD(xenstore_domain_interface, req_prod);
    FIELD(xenstore_domain_interface, rsp_cons);
    FIELD(xenstore_domain_interface, rsp_prod);
    FIELD(xenstore_domain_interface, server_features);
    FIELD(xenstore_domain_interface, connection);
    FIELD(xenstore_domain_interface, error);
    CONST(XENSTORE_PAYLOAD_MAX);
    CONST(XENSTORE_ABS_PATH_MAX);
    CONST(XENSTORE_REL_PATH_MAX);
    CONST(XENSTORE_SERVER_FEATURE_RECONNECTION);
    CONST(XENSTORE_SERVER_FEATURE_ERROR);
    CONST(XENSTORE_CONNECTED);
    CONST(XENSTORE_RECONNECT);
    CONST(XENSTORE_ERROR_NONE);
    CONST(XENSTORE_ERROR_COMM);
    CONST(XENSTORE_ERROR_RINGIDX);
    CONST(XENSTORE_ERROR_PROTO);
}

static void xenbus(void)
{
    CONST(XenbusStateUnknown);
    CONST(XenbusStateInitialising);
    CONST(XenbusStateInitWait);
    CONST(XenbusStateInitialised);
    CONST(XenbusStateConnected);
    CONST(XenbusStateClosing);
    CONST(XenbusStateClosed);
    CONST(XenbusStateReconfiguring);
    CONST(XenbusStateReconfigured);
}

static void grant_table(void)
{
    SIZE(grant_entry_v1);
    FIELD(grant_entry_v1, flags);
    FIELD(grant_entry_v1, domid);
    FIELD(grant_entry_v1, frame);
    SIZE_UNION(grant_entry_v2);
    FIELD_UNION(grant_entry_v2, hdr.flags);
    FIELD_UNION(grant_entry_v2, hdr.domid);
    FIELD_UNION(grant_entry_v2, full_page.frame);
    FIELD_UNION(grant_entry_v2, sub_page.page_off);
    FIELD_UNION(grant_entry_v2, sub_page.length);
    FIELD_UNION(grant_entry_v2, sub_page.frame);
    FIELD_UNION(grant_entry_v2, transitive.trans_domid);
    FIELD_UNION(grant_entry_v2, transitive.gref);
    NUMBER("sizeof.grant_status_t", sizeof(grant_status_t));
    CONST(GNTTAB_NR_RESERVED_ENTRIES);
    CONST(GNTTAB_RESERVED_CONSOLE);
    CONST(GNTTAB_RESERVED_XENSTORE);
    CONST(GTF_invalid);
    CONST(GTF_permit_access);
    CONST(GTF_accept_transfer);
    CONST(GTF_transitive);
    CONST(GTF_type_mask);
    CONST(GTF_readonly);
    CONST(GTF_reading);
    CONST(GTF_writing);
    CONST(GTF_PWT);
    CONST(GTF_PCD);
    CONST(GTF_PAT);
    CONST(GTF_sub_page);
    CONST(GTF_transfer_committed);
    CONST(GTF_transfer_completed);
    CONST(GNTTABOP_map_grant_ref);
    CONST(GNTTABOP_unmap_grant_ref);
    CONST(GNTTABOP_setup_table);
    CONST(GNTTABOP_dump_table);
    CONST(GNTTABOP_transfer);
    CONST(GNTTABOP_copy);
    CONST(GNTTABOP_query_size);
    CONST(GNTTABOP_unmap_and_replace);
    CONST(GNTTABOP_set_version);
    CONST(GNTTABOP_get_status_frames);
    CONST(GNTTABOP_get_version);
    CONST(GNTTABOP_swap_grant_ref);
    CONST(GNTTABOP_cache_flush);
    SIZE(gnttab_map_grant_ref);
    FIELD(gnttab_map_grant_ref, host_addr);
    FIELD(gnttab_map_grant_ref, flags);
    FIELD(gnttab_map_grant_ref, ref);
    FIELD(gnttab_map_grant_ref, dom);
    FIELD(gnttab_map_grant_ref, status);
    FIELD(gnttab_map_grant_ref, handle);
    FIELD(gnttab_map_grant_ref, dev_bus_addr);
    SIZE(gnttab_unmap_grant_ref);
    FIELD(gnttab_unmap_grant_ref, host_addr);
    FIELD(gnttab_unmap_grant_ref, dev_bus_addr);
    FIELD(gnttab_unmap_grant_ref, handle);
    FIELD(gnttab_unmap_grant_ref, status);
    SIZE(gnttab_setup_table);
    FIELD(gnttab_setup_table, dom);
    FIELD(gnttab_setup_table, nr_frames);
    FIELD(gnttab_setup_table, status);
    FIELD(gnttab_setup_table, frame_list);
    SIZE(gnttab_copy);
    FIELD(gnttab_copy, source.u.ref);
    FIELD(gnttab_copy, source.u.gmfn);
    FIELD(gnttab_copy, source.domid);
    FIELD(gnttab_copy, source.offset);
    FIELD(gnttab_copy, dest.u.ref);
    FIELD(gnttab_copy, dest.u.gmfn);
    FIELD(gnttab_copy, dest.domid);
    FIELD(gnttab_copy, dest.offset);
    FIELD(gnttab_copy, len);
    FIELD(gnttab_copy, flags);
    FIELD(gnttab_copy, status);
    CONST(GNTCOPY_source_gref);
    CONST(GNTCOPY_dest_gref);
    SIZE(gnttab_query_size);
    FIELD(gnttab_query_size, dom);
    FIELD(gnttab_query_size, nr_frames);
    FIELD(gnttab_query_size, max_nr_frames);
    FIELD(gnttab_query_size, status);
    SIZE(gnttab_set_version);
    FIELD(gnttab_set_version, version);
    SIZE(gnttab_get_status_frames);
    FIELD(gnttab_get_status_frames, nr_frames);
    FIELD(gnttab_get_status_frames, dom);
    FIELD(gnttab_get_status_frames, status);
    FIELD(gnttab_get_status_frames, frame_list);
    SIZE(gnttab_get_version);
    FIELD(gnttab_get_version, dom);
    FIELD(gnttab_get_version, version);
    CONST(GNTMAP_device_map);
    CONST(GNTMAP_host_map);
    CONST(GNTMAP_readonly);
    CONST(GNTMAP_application_map);
    CONST(GNTMAP_contains_pte);
    CONST(GNTST_okay);
    CONST(GNTST_general_error);
    CONST(GNTST_bad_domain);
    CONST(GNTST_bad_gntref);
    CONST(GNTST_bad_handle);
    CONST(GNTST_bad_virt_addr);
    CONST(GNTST_bad_dev_addr);
    CONST(GNTST_no_device_space);
    CONST(GNTST_permission_denied);
    CONST(GNTST_bad_page);
    CONST(GNTST_bad_copy_arg);
    CONST(GNTST_address_too_big);
    CONST(GNTST_eagain);
    CONST(GNTST_no_space);
}

static void event_channel(void)
{
    CONST(EVTCHNOP_bind_interdomain);
    CONST(EVTCHNOP_bind_virq);
    CONST(EVTCHNOP_bind_pirq);
    CONST(EVTCHNOP_close);
    CONST(EVTCHNOP_send);
    CONST(EVTCHNOP_status);
    CONST(EVTCHNOP_alloc_unbound);
    CONST(EVTCHNOP_bind_ipi);
    CONST(EVTCHNOP_bind_vcpu);
    CONST(EVTCHNOP_unmask);
    CONST(EVTCHNOP_reset);
    CONST(EVTCHNOP_init_control);
    CONST(EVTCHNOP_expand_array);
    CONST(EVTCHNOP_set_priority);
    SIZE(evtchn_alloc_unbound);
    FIELD(evtchn_alloc_unbound, dom);
    FIELD(evtchn_alloc_unbound, remote_dom);
    FIELD(evtchn_alloc_unbound, port);
    SIZE(evtchn_bind_interdomain);
    FIELD(evtchn_bind_interdomain, remote_dom);
    FIELD(evtchn_bind_interdomain, remote_port);
    FIELD(evtchn_bind_interdomain, local_port);
    SIZE(evtchn_bind_virq);
    FIELD(evtchn_bind_virq, virq);
    FIELD(evtchn_bind_virq, vcpu);
    FIELD(evtchn_bind_virq, port);
    SIZE(evtchn_bind_ipi);
    FIELD(evtchn_bind_ipi, vcpu);
    FIELD(evtchn_bind_ipi, port);
    SIZE(evtchn_close);
    FIELD(evtchn_close, port);
    SIZE(evtchn_send);
    FIELD(evtchn_send, port);
    SIZE(evtchn_status);
    FIELD(evtchn_status, dom);
    FIELD(evtchn_status, port);
    FIELD(evtchn_status, status);
    FIELD(evtchn_status, vcpu);
    FIELD(evtchn_status, u.unbound.dom);
    FIELD(evtchn_status, u.interdomain.dom);
    FIELD(evtchn_status, u.interdomain.port);
    FIELD(evtchn_status, u.pirq);
    FIELD(evtchn_status, u.virq);
    CONST(EVTCHNSTAT_closed);
    CONST(EVTCHNSTAT_unbound);
    CONST(EVTCHNSTAT_interdomain);
    CONST(EVTCHNSTAT_pirq);
    CONST(EVTCHNSTAT_virq);
    CONST(EVTCHNSTAT_ipi);
    SIZE(evtchn_bind_vcpu);
    FIELD(evtchn_bind_vcpu, port);
    FIELD(evtchn_bind_vcpu, vcpu);
    SIZE(evtchn_unmask);
    FIELD(evtchn_unmask, port);
    SIZE(evtchn_reset);
    FIELD(evtchn_reset, dom);
    SIZE(evtchn_init_control);
    FIELD(evtchn_init_control, control_gfn);
    FIELD(evtchn_init_control, offset);
    FIELD(evtchn_init_control, vcpu);
    FIELD(evtchn_init_control, link_bits);
    SIZE(evtchn_expand_array);
    FIELD(evtchn_expand_array, array_gfn);
    SIZE(evtchn_set_priority);
    FIELD(evtchn_set_priority, port);
    FIELD(evtchn_set_priority, priority);
    CONST(EVTCHN_2L_NR_CHANNELS);
    CONST(EVTCHN_FIFO_PRIORITY_MAX);
    CONST(EVTCHN_FIFO_PRIORITY_DEFAULT);
    CONST(EVTCHN_FIFO_PRIORITY_MIN);
    CONST(EVTCHN_FIFO_MAX_QUEUES);
    CONST(EVTCHN_FIFO_PENDING);
    CONST(EVTCHN_FIFO_MASKED);
    CONST(EVTCHN_FIFO_LINKED);
    CONST(EVTCHN_FIFO_BUSY);
    CONST(EVTCHN_FIFO_LINK_BITS);
    CONST(EVTCHN_FIFO_LINK_MASK);
    CONST(EVTCHN_FIFO_NR_CHANNELS);
    SIZE(evtchn_fifo_control_block);
    FIELD(evtchn_fifo_control_block, ready);
    FIELD(evtchn_fifo_control_block, head);
    NUMBER("sizeof.event_word_t", sizeof(event_word_t));
}

static void xen(void)
{
    CONST(__HYPERVISOR_memory_op);
    CONST(__HYPERVISOR_grant_table_op);
    CONST(__HYPERVISOR_vcpu_op);
    CONST(__HYPERVISOR_sched_op);
    CONST(__HYPERVISOR_event_channel_op);
    CONST(__HYPERVISOR_hvm_op);
    CONST(XEN_LEGACY_MAX_VCPUS);
    SIZE(vcpu_info);
    FIELD(vcpu_info, evtchn_upcall_pending);
    FIELD(vcpu_info, evtchn_upcall_mask);
    FIELD(vcpu_info, evtchn_pending_sel);
    FIELD(vcpu_info, arch);
    FIELD(vcpu_info, time);
    SIZE(arch_vcpu_info);
    SIZE(vcpu_time_info);
    FIELD(vcpu_time_info, version);
    FIELD(vcpu_time_info, tsc_timestamp);
    FIELD(vcpu_time_info, system_time);
    FIELD(vcpu_time_info, tsc_to_system_mul);
    FIELD(vcpu_time_info, tsc_shift);
    SIZE(shared_info);
    FIELD(shared_info, vcpu_info);
    FIELD(shared_info, evtchn_pending);
    FIELD(shared_info, evtchn_mask);
    FIELD(shared_info, wc_version);
    FIELD(shared_info, wc_sec);
    FIELD(shared_info, wc_nsec);
    FIELD(shared_info, wc_sec_hi);
    FIELD(shared_info, arch);
    SIZE(arch_shared_info);
    SIZE(start_info);
    FIELD(start_info, magic);
    FIELD(start_info, nr_pages);
    FIELD(start_info, shared_info);
    FIELD(start_info, flags);
    FIELD(start_info, store_mfn);
    FIELD(start_info, store_evtchn);
    FIELD(start_info, console.domU.mfn);
    FIELD(start_info, console.domU.evtchn);
    CONST(DOMID_FIRST_RESERVED);
    CONST(DOMID_SELF);
    CONST(DOMID_IO);
    CONST(DOMID_XEN);
    CONST(DOMID_INVALID);
    CONST(VIRQ_TIMER);
    CONST(VIRQ_DEBUG);
    CONST(VIRQ_CONSOLE);
    CONST(VIRQ_DOM_EXC);
    NUMBER("sizeof.domid_t", sizeof(domid_t));
    NUMBER("sizeof.evtchn_port_t", sizeof(evtchn_port_t));
    NUMBER("sizeof.grant_ref_t", sizeof(grant_ref_t));
    NUMBER("sizeof.xen_pfn_t", sizeof(xen_pfn_t));
    NUMBER("sizeof.xen_ulong_t", sizeof(xen_ulong_t));
}

static void sched(void)
{
    CONST(SCHEDOP_yield);
    CONST(SCHEDOP_block);
    CONST(SCHEDOP_shutdown);
    CONST(SCHEDOP_poll);
    SIZE(sched_shutdown);
    FIELD(sched_shutdown, reason);
    CONST(SHUTDOWN_poweroff);
    CONST(SHUTDOWN_reboot);
    CONST(SHUTDOWN_suspend);
    CONST(SHUTDOWN_crash);
    SIZE(sched_poll);
    FIELD(sched_poll, ports);
    FIELD(sched_poll, nr_ports);
    FIELD(sched_poll, timeout);
    CONST(VCPUOP_register_vcpu_info);
    CONST(VCPUOP_set_singleshot_timer);
    CONST(VCPUOP_stop_singleshot_timer);
    CONST(VCPUOP_stop_periodic_timer);
    SIZE(vcpu_register_vcpu_info);
    FIELD(vcpu_register_vcpu_info, mfn);
    FIELD(vcpu_register_vcpu_info, offset);
    SIZE(vcpu_set_singleshot_timer);
    FIELD(vcpu_set_singleshot_timer, timeout_abs_ns);
    FIELD(vcpu_set_singleshot_timer, flags);
}

static void memory(void)
{
    CONST(XENMEM_add_to_physmap);
    SIZE(xen_add_to_physmap);
    FIELD(xen_add_to_physmap, domid);
    FIELD(xen_add_to_physmap, size);
    FIELD(xen_add_to_physmap, space);
    FIELD(xen_add_to_physmap, idx);
    FIELD(xen_add_to_physmap, gpfn);
    CONST(XENMAPSPACE_shared_info);
    CONST(XENMAPSPACE_grant_table);
    CONST(XENMAPIDX_grant_table_status);
    CONST(XENMEM_remove_from_physmap);
    SIZE(xen_remove_from_physmap);
    FIELD(xen_remove_from_physmap, domid);
    FIELD(xen_remove_from_physmap, gpfn);
}

static void hvm(void)
{
    CONST(HVMOP_set_param);
    CONST(HVMOP_get_param);
    SIZE(xen_hvm_param);
    FIELD(xen_hvm_param, domid);
    FIELD(xen_hvm_param, index);
    FIELD(xen_hvm_param, value);
    CONST(HVM_PARAM_CALLBACK_IRQ);
    CONST(HVM_PARAM_STORE_PFN);
    CONST(HVM_PARAM_STORE_EVTCHN);
    CONST(HVM_PARAM_CONSOLE_PFN);
    CONST(HVM_PARAM_CONSOLE_EVTCHN);
}

#include <xen/errno.h>

static void xen_errno(void)
{
#define XEN_ERRNO(name, value) printf("XEN_%s %d\n", #name, value);
#include <xen/errno.h>
}

#include <linux/ioctl.h>
#include <xen/gntalloc.h>
#include <xen/gntdev.h>
#include <xen/evtchn.h>

/* What Linux puts between a program and the hypervisor (linux/include/uapi/xen, from linux-libc-dev). */
static void linux_devices(void)
{
    CONST(IOCTL_GNTALLOC_ALLOC_GREF);
    CONST(IOCTL_GNTALLOC_DEALLOC_GREF);
    CONST(IOCTL_GNTALLOC_SET_UNMAP_NOTIFY);
    CONST(GNTALLOC_FLAG_WRITABLE);
    CONST(UNMAP_NOTIFY_CLEAR_BYTE);
    CONST(UNMAP_NOTIFY_SEND_EVENT);
    FIELD(ioctl_gntalloc_alloc_gref, domid);
    FIELD(ioctl_gntalloc_alloc_gref, flags);
    FIELD(ioctl_gntalloc_alloc_gref, count);
    FIELD(ioctl_gntalloc_alloc_gref, index);
    FIELD(ioctl_gntalloc_alloc_gref, gref_ids);
    FIELD(ioctl_gntalloc_dealloc_gref, index);
    FIELD(ioctl_gntalloc_dealloc_gref, count);
    FIELD(ioctl_gntalloc_unmap_notify, index);
    FIELD(ioctl_gntalloc_unmap_notify, action);
    FIELD(ioctl_gntalloc_unmap_notify, event_channel_port);
    CONST(IOCTL_GNTDEV_MAP_GRANT_REF);
    CONST(IOCTL_GNTDEV_UNMAP_GRANT_REF);
    CONST(IOCTL_GNTDEV_GRANT_COPY);
    FIELD(ioctl_gntdev_map_grant_ref, count);
    FIELD(ioctl_gntdev_map_grant_ref, index);
    FIELD(ioctl_gntdev_map_grant_ref, refs);
    SIZE(ioctl_gntdev_grant_ref);
    FIELD(ioctl_gntdev_grant_ref, domid);
    FIELD(ioctl_gntdev_grant_ref, ref);
    FIELD(ioctl_gntdev_unmap_grant_ref, index);
    FIELD(ioctl_gntdev_unmap_grant_ref, count);
    SIZE(ioctl_gntdev_grant_copy);
    FIELD(ioctl_gntdev_grant_copy, count);
    FIELD(ioctl_gntdev_grant_copy, segments);
    SIZE(gntdev_grant_copy_segment);
    FIELD(gntdev_grant_copy_segment, source.virt);
    FIELD(gntdev_grant_copy_segment, source.foreign.ref);
    FIELD(gntdev_grant_copy_segment, source.foreign.offset);
    FIELD(gntdev_grant_copy_segment, source.foreign.domid);
    FIELD(gntdev_grant_copy_segment, dest.virt);
    FIELD(gntdev_grant_copy_segment, len);
    FIELD(gntdev_grant_copy_segment, flags);
    FIELD(gntdev_grant_copy_segment, status);
    CONST(IOCTL_EVTCHN_BIND_VIRQ);
    CONST(IOCTL_EVTCHN_BIND_INTERDOMAIN);
    CONST(IOCTL_EVTCHN_BIND_UNBOUND_PORT);
    CONST(IOCTL_EVTCHN_UNBIND);
    CONST(IOCTL_EVTCHN_NOTIFY);
    CONST(IOCTL_EVTCHN_RESET);
    FIELD(ioctl_evtchn_bind_virq, virq);
    FIELD(ioctl_evtchn_bind_interdomain, remote_domain);
    FIELD(ioctl_evtchn_bind_interdomain, remote_port);
    FIELD(ioctl_evtchn_bind_unbound_port, remote_domain);
    FIELD(ioctl_evtchn_unbind, port);
    FIELD(ioctl_evtchn_notify, port);
}

int main(void)
{
    blkif();
    blkif_constants();
    ring();
    netif();
    console();
    xs_wire();
    xenbus();
    grant_table();
    event_channel();
    xen();
    sched();
    memory();
    hvm();
    xen_errno();
    linux_devices();
    return 0;
}

#else

void layouts(void)
{
    blkif();
}

#endif
