/*
 * What RingLoops.java does, with the macros of the Xen headers: blkif requests of 11 segments, each slot written and read
 * field by field where it lies.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <stddef.h>

#include <xenctrl.h> /* xen_mb(), xen_rmb(), xen_wmb() */
#include <xen/io/ring.h>
#include <xen/io/blkif.h>

#define CACHE_LINE 64
#define SPINS_BEFORE_YIELD 20000

struct front {
    blkif_front_ring_t ring;
    uint64_t next_id;
    uint64_t sum;
    uint64_t notifications;
} __attribute__((aligned(2 * CACHE_LINE)));

struct back {
    blkif_back_ring_t ring;
    uint64_t sum;
    uint64_t notifications;
    uint64_t requests;
} __attribute__((aligned(2 * CACHE_LINE)));

static void front_produce(struct front *f, unsigned count)
{
    int notify;

    for (unsigned n = 0; n < count; n++) {
        blkif_request_t *req = RING_GET_REQUEST(&f->ring, f->ring.req_prod_pvt);
        uint64_t id = f->next_id++;

        f->ring.req_prod_pvt++;
        req->operation = id & 1;
        req->nr_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
        req->handle = 51712;
        req->id = id;
        req->sector_number = id * 88;
        for (unsigned s = 0; s < BLKIF_MAX_SEGMENTS_PER_REQUEST; s++) {
            req->seg[s].gref = (uint32_t)id + s;
            req->seg[s].first_sect = s & 1;
            req->seg[s].last_sect = 7;
        }
    }
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&f->ring, notify);
    f->notifications += notify;
}

static unsigned back_serve(struct back *b)
{
    unsigned count = XEN_RING_NR_UNCONSUMED_REQUESTS(&b->ring);
    int notify;

    if (count == 0)
        return 0;
    xen_rmb();
    for (unsigned n = 0; n < count; n++) {
        const blkif_request_t *req = RING_GET_REQUEST(&b->ring, b->ring.req_cons);
        uint8_t operation = req->operation;
        uint8_t nr_segments = req->nr_segments;
        uint64_t id = req->id;
        uint64_t sum = req->handle + req->sector_number;
        blkif_response_t *rsp;

        b->ring.req_cons++;
        if (nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST)
            nr_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
        for (unsigned s = 0; s < nr_segments; s++)
            sum += req->seg[s].gref * (uint64_t)(req->seg[s].last_sect - req->seg[s].first_sect + 1);
        b->sum += sum;
        rsp = RING_GET_RESPONSE(&b->ring, b->ring.rsp_prod_pvt);
        b->ring.rsp_prod_pvt++;
        rsp->id = id;
        rsp->operation = operation;
        rsp->status = BLKIF_RSP_OKAY;
    }
    RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&b->ring, notify);
    b->notifications += notify;
    return count;
}

static unsigned front_complete(struct front *f)
{
    unsigned count = XEN_RING_NR_UNCONSUMED_RESPONSES(&f->ring);

    if (count == 0)
        return 0;
    xen_rmb();
    for (unsigned n = 0; n < count; n++) {
        const blkif_response_t *rsp = RING_GET_RESPONSE(&f->ring, f->ring.rsp_cons);

        f->ring.rsp_cons++;
        f->sum += rsp->id + rsp->operation + rsp->status;
    }
    return count;
}

static void front_start(struct front *f, void *page, unsigned bytes)
{
    memset(f, 0, sizeof(*f));
    XEN_FRONT_RING_INIT(&f->ring, (blkif_sring_t *)page, bytes);
}

static void back_start(struct back *b, void *page, unsigned bytes)
{
    memset(b, 0, sizeof(*b));
    BACK_RING_INIT(&b->ring, (blkif_sring_t *)page, bytes);
}

/* Both ends by turns in one thread; ends in the same checksum as RingLoops.single. */
uint64_t c_single(void *page, int bytes, int64_t requests, int batch)
{
    struct front f;
    struct back b;
    int work;

    front_start(&f, page, bytes);
    back_start(&b, page, bytes);
    for (int64_t done = 0; done < requests; done += batch) {
        front_produce(&f, batch);
        back_serve(&b);
        RING_FINAL_CHECK_FOR_REQUESTS(&b.ring, work);
        front_complete(&f);
        RING_FINAL_CHECK_FOR_RESPONSES(&f.ring, work);
        if (work)
            return 0;
    }
    return f.sum * 31 + b.sum + f.notifications + b.notifications;
}

int pin_thread(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void idle(unsigned *spins)
{
    if (++*spins % SPINS_BEFORE_YIELD == 0)
        sched_yield();
    else
        __builtin_ia32_pause();
}

struct back_thread {
    void *page;
    unsigned bytes;
    int64_t requests;
    int cpu;
    int ready;
    uint64_t sum;
};

static void *back_run(void *arg)
{
    struct back_thread *t = arg;
    struct back b;
    unsigned spins = 0;

    if (t->cpu >= 0)
        pin_thread(t->cpu);
    back_start(&b, t->page, t->bytes);
    __atomic_store_n(&t->ready, 1, __ATOMIC_RELEASE);
    for (int64_t served = 0; served < t->requests;) {
        unsigned count = back_serve(&b);

        if (count == 0)
            idle(&spins);
        served += count;
        __asm__ volatile("" ::: "memory");
    }
    t->sum = b.sum;
    return NULL;
}

/* One end per thread, both polling; the front sends a batch and waits for all its answers. The checksum, or 0. */
uint64_t c_pair(void *page, int bytes, int64_t requests, int batch, int back_cpu)
{
    struct front f;
    struct back_thread t = {.page = page, .bytes = bytes, .requests = requests, .cpu = back_cpu};
    unsigned spins = 0;
    pthread_t thread;

    front_start(&f, page, bytes);
    if (pthread_create(&thread, NULL, back_run, &t) != 0)
        return 0;
    while (!__atomic_load_n(&t.ready, __ATOMIC_ACQUIRE))
        idle(&spins);
    for (int64_t done = 0; done < requests; done += batch) {
        front_produce(&f, batch);
        for (int waiting = batch; waiting > 0;) {
            unsigned count = front_complete(&f);

            if (count == 0)
                idle(&spins);
            waiting -= count;
            __asm__ volatile("" ::: "memory");
        }
    }
    pthread_join(thread, NULL);
    return f.sum * 31 + t.sum;
}
