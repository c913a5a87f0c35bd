package org.xenpv.scenarios.rings;

/** The functions of ring_oracle.c. Addresses are {@code long}; no function has exactly six integer arguments. */
public interface RingMacros {

    int slot_bytes(int kind);

    int request_bytes(int kind);

    int response_bytes(int kind);

    int shared_init(int kind, long page);

    int front_init(int kind, long ring, long page, int bytes);

    int front_attach(int kind, long ring, long page, int index, int bytes);

    int front_req_prod_pvt(int kind, long ring);

    int front_rsp_cons(int kind, long ring);

    int front_free(int kind, long ring);

    int front_full(int kind, long ring);

    int front_next_request(int kind, long ring);

    int front_put_request(int kind, long ring, long source);

    int front_push(int kind, long ring);

    int front_push_check(int kind, long ring);

    int front_unconsumed(int kind, long ring);

    int front_overflow(int kind, long ring, int prod);

    int front_next_response(int kind, long ring);

    int front_copy_response(int kind, long ring, long target);

    int front_final_check(int kind, long ring);

    int back_attach(int kind, long ring, long page, int index, int bytes);

    int back_req_cons(int kind, long ring);

    int back_rsp_prod_pvt(int kind, long ring);

    int back_unconsumed(int kind, long ring);

    int back_overflow(int kind, long ring, int prod);

    int back_next_request(int kind, long ring);

    int back_copy_request(int kind, long ring, long target);

    int back_next_response(int kind, long ring);

    int back_put_response(int kind, long ring, long source);

    int back_push(int kind, long ring);

    int back_push_check(int kind, long ring);

    int back_final_check(int kind, long ring);

    int ring_size(int bytes, int slot);

    int first_difference(long a, long b, int bytes);

    int byte_write(int ring, long page, long source, int length);

    int byte_read(int ring, long page, long target, int length);

    int flex_size(int order);

    int flex_queued(long intf, int out, int order);

    void flex_write(long intf, long data, int outAndOrder, long source, int length);

    void flex_read(long intf, long data, int outAndOrder, long target, int length);
}
