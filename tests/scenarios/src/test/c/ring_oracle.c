/*
 * The macros of the Xen headers as functions, to compare our rings with. Nothing of the protocol is written here: every
 * decision is a macro or an inline function of the headers.
 *
 * Pages and private structs lie in memory of the caller. "kind" says which request and response a ring carries.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <xenctrl.h> /* xen_mb(), xen_rmb(), xen_wmb() */
#include <xen/grant_table.h>
#include <xen/io/ring.h>
#include <xen/io/blkif.h>
#include <xen/io/netif.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

/* A slot of a size that no Xen protocol has. */
struct odd_request { uint8_t bytes[100]; };
struct odd_response { uint8_t bytes[36]; };
DEFINE_RING_TYPES(odd, struct odd_request, struct odd_response);

DEFINE_XEN_FLEX_RING_AND_INTF(oracle);

enum { KIND_BLKIF, KIND_NETIF_TX, KIND_NETIF_RX, KIND_ODD };

/* Each macro as a function for one kind. */
#define DEFINE_KIND(tag)                                                                             \
    static unsigned tag##_slot_bytes(void) { return sizeof(union tag##_sring_entry); }               \
    static unsigned tag##_request_bytes(void)                                                        \
    {                                                                                                \
        return sizeof(((union tag##_sring_entry *)0)->req);                                          \
    }                                                                                                \
    static unsigned tag##_response_bytes(void)                                                       \
    {                                                                                                \
        return sizeof(((union tag##_sring_entry *)0)->rsp);                                          \
    }                                                                                                \
    static unsigned tag##_offset(tag##_sring_t *sring, void *slot)                                   \
    {                                                                                                \
        return (unsigned)((char *)slot - (char *)sring);                                             \
    }                                                                                                \
    static unsigned tag##_shared_init(void *page)                                                    \
    {                                                                                                \
        tag##_sring_t *sring = page;                                                                 \
        SHARED_RING_INIT(sring);                                                                     \
        return 0;                                                                                    \
    }                                                                                                \
    static unsigned tag##_front_init(tag##_front_ring_t *ring, void *page, unsigned bytes)           \
    {                                                                                                \
        XEN_FRONT_RING_INIT(ring, (tag##_sring_t *)page, bytes);                                     \
        return ring->nr_ents;                                                                        \
    }                                                                                                \
    static unsigned tag##_front_attach(tag##_front_ring_t *ring, void *page, unsigned index,         \
                                       unsigned bytes)                                               \
    {                                                                                                \
        FRONT_RING_ATTACH(ring, (tag##_sring_t *)page, index, bytes);                                \
        return ring->nr_ents;                                                                        \
    }                                                                                                \
    static unsigned tag##_front_req_prod_pvt(tag##_front_ring_t *ring) { return ring->req_prod_pvt; } \
    static unsigned tag##_front_rsp_cons(tag##_front_ring_t *ring) { return ring->rsp_cons; }        \
    static unsigned tag##_front_free(tag##_front_ring_t *ring) { return RING_FREE_REQUESTS(ring); }  \
    static unsigned tag##_front_full(tag##_front_ring_t *ring) { return RING_FULL(ring); }           \
    static unsigned tag##_front_next_request(tag##_front_ring_t *ring)                               \
    {                                                                                                \
        return tag##_offset(ring->sring, RING_GET_REQUEST(ring, ring->req_prod_pvt++));              \
    }                                                                                                \
    static unsigned tag##_front_put_request(tag##_front_ring_t *ring, void *source)                  \
    {                                                                                                \
        void *slot = RING_GET_REQUEST(ring, ring->req_prod_pvt);                                     \
        memcpy(slot, source, tag##_request_bytes());                                                 \
        ring->req_prod_pvt++;                                                                        \
        return tag##_offset(ring->sring, slot);                                                      \
    }                                                                                                \
    static unsigned tag##_front_push(tag##_front_ring_t *ring)                                       \
    {                                                                                                \
        RING_PUSH_REQUESTS(ring);                                                                    \
        return 0;                                                                                    \
    }                                                                                                \
    static unsigned tag##_front_push_check(tag##_front_ring_t *ring)                                 \
    {                                                                                                \
        int notify;                                                                                  \
        RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(ring, notify);                                           \
        return notify;                                                                               \
    }                                                                                                \
    static unsigned tag##_front_unconsumed(tag##_front_ring_t *ring)                                 \
    {                                                                                                \
        return XEN_RING_NR_UNCONSUMED_RESPONSES(ring);                                               \
    }                                                                                                \
    static unsigned tag##_front_overflow(tag##_front_ring_t *ring, unsigned prod)                    \
    {                                                                                                \
        return RING_RESPONSE_PROD_OVERFLOW(ring, prod);                                              \
    }                                                                                                \
    static unsigned tag##_front_next_response(tag##_front_ring_t *ring)                              \
    {                                                                                                \
        return tag##_offset(ring->sring, RING_GET_RESPONSE(ring, ring->rsp_cons++));                 \
    }                                                                                                \
    static unsigned tag##_front_copy_response(tag##_front_ring_t *ring, void *target)                \
    {                                                                                                \
        __typeof__(((union tag##_sring_entry *)0)->rsp) response;                                    \
        RING_COPY_RESPONSE(ring, ring->rsp_cons, &response);                                         \
        memcpy(target, &response, sizeof(response));                                                 \
        return tag##_offset(ring->sring, RING_GET_RESPONSE(ring, ring->rsp_cons++));                 \
    }                                                                                                \
    static unsigned tag##_front_final_check(tag##_front_ring_t *ring)                                \
    {                                                                                                \
        int work;                                                                                    \
        RING_FINAL_CHECK_FOR_RESPONSES(ring, work);                                                  \
        return work;                                                                                 \
    }                                                                                                \
    static unsigned tag##_back_attach(tag##_back_ring_t *ring, void *page, unsigned index,           \
                                      unsigned bytes)                                                \
    {                                                                                                \
        BACK_RING_ATTACH(ring, (tag##_sring_t *)page, index, bytes);                                 \
        return ring->nr_ents;                                                                        \
    }                                                                                                \
    static unsigned tag##_back_req_cons(tag##_back_ring_t *ring) { return ring->req_cons; }          \
    static unsigned tag##_back_rsp_prod_pvt(tag##_back_ring_t *ring) { return ring->rsp_prod_pvt; }  \
    static unsigned tag##_back_unconsumed(tag##_back_ring_t *ring)                                   \
    {                                                                                                \
        return XEN_RING_NR_UNCONSUMED_REQUESTS(ring);                                                \
    }                                                                                                \
    static unsigned tag##_back_overflow(tag##_back_ring_t *ring, unsigned prod)                      \
    {                                                                                                \
        return RING_REQUEST_PROD_OVERFLOW(ring, prod);                                               \
    }                                                                                                \
    static unsigned tag##_back_next_request(tag##_back_ring_t *ring)                                 \
    {                                                                                                \
        return tag##_offset(ring->sring, RING_GET_REQUEST(ring, ring->req_cons++));                  \
    }                                                                                                \
    static unsigned tag##_back_copy_request(tag##_back_ring_t *ring, void *target)                   \
    {                                                                                                \
        __typeof__(((union tag##_sring_entry *)0)->req) request;                                     \
        RING_COPY_REQUEST(ring, ring->req_cons, &request);                                           \
        memcpy(target, &request, sizeof(request));                                                   \
        return tag##_offset(ring->sring, RING_GET_REQUEST(ring, ring->req_cons++));                  \
    }                                                                                                \
    static unsigned tag##_back_next_response(tag##_back_ring_t *ring)                                \
    {                                                                                                \
        return tag##_offset(ring->sring, RING_GET_RESPONSE(ring, ring->rsp_prod_pvt++));             \
    }                                                                                                \
    static unsigned tag##_back_put_response(tag##_back_ring_t *ring, void *source)                   \
    {                                                                                                \
        void *slot = RING_GET_RESPONSE(ring, ring->rsp_prod_pvt);                                    \
        memcpy(slot, source, tag##_response_bytes());                                                \
        ring->rsp_prod_pvt++;                                                                        \
        return tag##_offset(ring->sring, slot);                                                      \
    }                                                                                                \
    static unsigned tag##_back_push(tag##_back_ring_t *ring)                                         \
    {                                                                                                \
        RING_PUSH_RESPONSES(ring);                                                                   \
        return 0;                                                                                    \
    }                                                                                                \
    static unsigned tag##_back_push_check(tag##_back_ring_t *ring)                                   \
    {                                                                                                \
        int notify;                                                                                  \
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(ring, notify);                                          \
        return notify;                                                                               \
    }                                                                                                \
    static unsigned tag##_back_final_check(tag##_back_ring_t *ring)                                  \
    {                                                                                                \
        int work;                                                                                    \
        RING_FINAL_CHECK_FOR_REQUESTS(ring, work);                                                   \
        return work;                                                                                 \
    }

DEFINE_KIND(blkif)
DEFINE_KIND(netif_tx)
DEFINE_KIND(netif_rx)
DEFINE_KIND(odd)

/* And for all: name(kind, ...). */
#define EXPORT(name, params, args)                 \
    unsigned name params                           \
    {                                              \
        switch (kind) {                            \
        case KIND_BLKIF: return blkif_##name args;       \
        case KIND_NETIF_TX: return netif_tx_##name args; \
        case KIND_NETIF_RX: return netif_rx_##name args; \
        default: return odd_##name args;                 \
        }                                          \
    }

EXPORT(slot_bytes, (int kind), ())
EXPORT(request_bytes, (int kind), ())
EXPORT(response_bytes, (int kind), ())
EXPORT(shared_init, (int kind, void *page), (page))
EXPORT(front_init, (int kind, void *ring, void *page, unsigned bytes), (ring, page, bytes))
EXPORT(front_attach, (int kind, void *ring, void *page, unsigned index, unsigned bytes), (ring, page, index, bytes))
EXPORT(front_req_prod_pvt, (int kind, void *ring), (ring))
EXPORT(front_rsp_cons, (int kind, void *ring), (ring))
EXPORT(front_free, (int kind, void *ring), (ring))
EXPORT(front_full, (int kind, void *ring), (ring))
EXPORT(front_next_request, (int kind, void *ring), (ring))
EXPORT(front_put_request, (int kind, void *ring, void *source), (ring, source))
EXPORT(front_push, (int kind, void *ring), (ring))
EXPORT(front_push_check, (int kind, void *ring), (ring))
EXPORT(front_unconsumed, (int kind, void *ring), (ring))
EXPORT(front_overflow, (int kind, void *ring, unsigned prod), (ring, prod))
EXPORT(front_next_response, (int kind, void *ring), (ring))
EXPORT(front_copy_response, (int kind, void *ring, void *target), (ring, target))
EXPORT(front_final_check, (int kind, void *ring), (ring))
EXPORT(back_attach, (int kind, void *ring, void *page, unsigned index, unsigned bytes), (ring, page, index, bytes))
EXPORT(back_req_cons, (int kind, void *ring), (ring))
EXPORT(back_rsp_prod_pvt, (int kind, void *ring), (ring))
EXPORT(back_unconsumed, (int kind, void *ring), (ring))
EXPORT(back_overflow, (int kind, void *ring, unsigned prod), (ring, prod))
EXPORT(back_next_request, (int kind, void *ring), (ring))
EXPORT(back_copy_request, (int kind, void *ring, void *target), (ring, target))
EXPORT(back_next_response, (int kind, void *ring), (ring))
EXPORT(back_put_response, (int kind, void *ring, void *source), (ring, source))
EXPORT(back_push, (int kind, void *ring), (ring))
EXPORT(back_push_check, (int kind, void *ring), (ring))
EXPORT(back_final_check, (int kind, void *ring), (ring))

/* __RING_SIZE for a slot of any size. */
unsigned ring_size(unsigned bytes, unsigned slot)
{
    return __RD32((bytes - (unsigned)offsetof(struct blkif_sring, ring)) / slot);
}

/* Where two pages differ first, or -1. */
int first_difference(const unsigned char *a, const unsigned char *b, int bytes)
{
    if (memcmp(a, b, bytes) == 0)
        return -1;
    for (int i = 0; i < bytes; i++)
        if (a[i] != b[i])
            return i;
    return -1;
}

/* Byte rings: each byte goes where the header's mask says. As much as there is room for, or there is. */
#define DEFINE_BYTE_RING(name, type, data, cons_field, prod_field, mask)                  \
    static int name##_write(type *intf, const char *source, int length)                  \
    {                                                                                     \
        uint32_t cons = intf->cons_field, prod = intf->prod_field;                        \
        int done = 0;                                                                     \
        xen_mb();                                                                         \
        while (done < length && prod - cons < sizeof(intf->data))                         \
            intf->data[mask(prod++, intf->data)] = source[done++];                        \
        xen_wmb();                                                                        \
        intf->prod_field = prod;                                                          \
        return done;                                                                      \
    }                                                                                     \
    static int name##_read(type *intf, char *target, int length)                         \
    {                                                                                     \
        uint32_t cons = intf->cons_field, prod = intf->prod_field;                        \
        int done = 0;                                                                     \
        xen_rmb();                                                                        \
        while (done < length && cons != prod)                                             \
            target[done++] = intf->data[mask(cons++, intf->data)];                        \
        xen_mb();                                                                         \
        intf->cons_field = cons;                                                          \
        return done;                                                                      \
    }

#define MASK_XENSTORE(idx, ring) MASK_XENSTORE_IDX(idx)
DEFINE_BYTE_RING(console_in, struct xencons_interface, in, in_cons, in_prod, MASK_XENCONS_IDX)
DEFINE_BYTE_RING(console_out, struct xencons_interface, out, out_cons, out_prod, MASK_XENCONS_IDX)
DEFINE_BYTE_RING(xenstore_req, struct xenstore_domain_interface, req, req_cons, req_prod, MASK_XENSTORE)
DEFINE_BYTE_RING(xenstore_rsp, struct xenstore_domain_interface, rsp, rsp_cons, rsp_prod, MASK_XENSTORE)

enum { CONSOLE_IN, CONSOLE_OUT, XENSTORE_REQ, XENSTORE_RSP };

int byte_write(int ring, void *page, const char *source, int length)
{
    switch (ring) {
    case CONSOLE_IN: return console_in_write(page, source, length);
    case CONSOLE_OUT: return console_out_write(page, source, length);
    case XENSTORE_REQ: return xenstore_req_write(page, source, length);
    default: return xenstore_rsp_write(page, source, length);
    }
}

int byte_read(int ring, void *page, char *target, int length)
{
    switch (ring) {
    case CONSOLE_IN: return console_in_read(page, target, length);
    case CONSOLE_OUT: return console_out_read(page, target, length);
    case XENSTORE_REQ: return xenstore_req_read(page, target, length);
    default: return xenstore_rsp_read(page, target, length);
    }
}

/* Flexible rings: whole packets, in and out in one allocation. */
int flex_size(int order)
{
    return (int)XEN_FLEX_RING_SIZE(order);
}

static RING_IDX *flex_prod(struct oracle_data_intf *intf, int out) { return out ? &intf->out_prod : &intf->in_prod; }
static RING_IDX *flex_cons(struct oracle_data_intf *intf, int out) { return out ? &intf->out_cons : &intf->in_cons; }

int flex_queued(struct oracle_data_intf *intf, int out, int order)
{
    return (int)oracle_queued(*flex_prod(intf, out), *flex_cons(intf, out), XEN_FLEX_RING_SIZE(order));
}

/* Writes or reads a packet whose length the caller found to fit. */
void flex_write(struct oracle_data_intf *intf, unsigned char *data, int out_and_order, const void *source, int length)
{
    int out = out_and_order & 1, order = out_and_order >> 1;
    RING_IDX size = XEN_FLEX_RING_SIZE(order);
    RING_IDX masked_prod = oracle_mask(*flex_prod(intf, out), size);
    RING_IDX masked_cons = oracle_mask(*flex_cons(intf, out), size);
    oracle_write_packet(data + (out ? size : 0), source, length, &masked_prod, masked_cons, size);
    xen_wmb();
    *flex_prod(intf, out) += length;
}

void flex_read(struct oracle_data_intf *intf, const unsigned char *data, int out_and_order, void *target, int length)
{
    int out = out_and_order & 1, order = out_and_order >> 1;
    RING_IDX size = XEN_FLEX_RING_SIZE(order);
    RING_IDX masked_prod = oracle_mask(*flex_prod(intf, out), size);
    RING_IDX masked_cons = oracle_mask(*flex_cons(intf, out), size);
    oracle_read_packet(target, data + (out ? size : 0), length, masked_prod, &masked_cons, size);
    xen_mb();
    *flex_cons(intf, out) += length;
}
