/*
 * What the drivers need of the machine, for the C that TeaVM makes of them. Every access to a shared page is one
 * volatile access of its size; the compiler neither repeats nor merges it.
 */
#ifndef XENPV_H
#define XENPV_H

#include <stdint.h>
#include <string.h>

static inline int8_t xenpv_load8(int64_t a) { return *(volatile int8_t *)a; }
static inline int16_t xenpv_load16(int64_t a) { return *(volatile int16_t *)a; }
static inline int32_t xenpv_load32(int64_t a) { return *(volatile int32_t *)a; }
static inline int64_t xenpv_load64(int64_t a) { return *(volatile int64_t *)a; }

static inline void xenpv_store8(int64_t a, int8_t v) { *(volatile int8_t *)a = v; }
static inline void xenpv_store16(int64_t a, int16_t v) { *(volatile int16_t *)a = v; }
static inline void xenpv_store32(int64_t a, int32_t v) { *(volatile int32_t *)a = v; }
static inline void xenpv_store64(int64_t a, int64_t v) { *(volatile int64_t *)a = v; }

static inline int32_t xenpv_load32_acquire(int64_t a) { return __atomic_load_n((int32_t *)a, __ATOMIC_ACQUIRE); }
static inline void xenpv_store32_release(int64_t a, int32_t v) { __atomic_store_n((int32_t *)a, v, __ATOMIC_RELEASE); }

static inline int32_t xenpv_cas32(int64_t a, int32_t expected, int32_t v) {
    return __atomic_compare_exchange_n((int32_t *)a, &expected, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline void xenpv_fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
static inline void xenpv_fence_release(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
static inline void xenpv_fence_full(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

static inline void xenpv_copy(int64_t to, int64_t from, int32_t n) { memcpy((void *)to, (void *)from, n); }
static inline void xenpv_zero(int64_t a, int32_t n) { memset((void *)a, 0, n); }
static inline void xenpv_copy_out(int64_t from, void *array, int32_t at, int32_t n) {
    memcpy((char *)array + at, (void *)from, n);
}
static inline void xenpv_copy_in(int64_t to, void *array, int32_t at, int32_t n) {
    memcpy((void *)to, (char *)array + at, n);
}

/* The machine: hypercalls and start information. The kernel under this program defines them. */
int32_t xenpv_grant_table_op(int32_t cmd, int64_t args, int32_t count);
int32_t xenpv_event_channel_op(int32_t cmd, int64_t args);
void xenpv_block(int64_t deadline_ns);
int64_t xenpv_monotonic_ns(void);
int64_t xenpv_shared_info(void);
int32_t xenpv_domid(void);
int64_t xenpv_store_page(void);
int32_t xenpv_store_port(void);
int64_t xenpv_console_page(void);
int32_t xenpv_console_port(void);
int64_t xenpv_grant_frames(int32_t frames);
int64_t xenpv_status_frames(int32_t frames);
int64_t xenpv_alloc_frames(int32_t count);
void xenpv_free_frames(int64_t address, int32_t count);
int64_t xenpv_reserve_map_space(int32_t pages);
void xenpv_release_map_space(int64_t address, int32_t pages);
void xenpv_suspend(void);
int32_t xenpv_suspend_cancelled(void);

#endif
