/*
 * The best that an application gets of a block device through the kernel: io_uring with O_DIRECT, registered buffers and file, and
 * completions run by the thread that waits for them. uring-disk DEVICE; one command per line of its input, one line of answer to each:
 *
 *   uring[/WAIT] random|sequential read|write BYTES DEPTH MILLISECONDS
 *
 * WAIT is how many completions are waited for at a time, 1 without it. Every page of 4 KiB holds its number in its first eight bytes, by
 * which the first and the last page of each block that was read are checked. side-by-side-blk is the only user; OurDisk does the same through ours.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <liburing.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/fs.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 32, BLOCK_MAX = 1 << 20, PAGE = 4096 };

static char *buffer[DEPTH_MAX];
static uint64_t block_of[DEPTH_MAX];
static struct io_uring ring;
static uint64_t state = 88172645463325252ull;

static void die(const char *what, int error) {
    printf("error=%s:%s\n", what, strerror(error));
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state >> 1;
}

static uint64_t next_block(int random, uint64_t blocks) {
    static uint64_t at;
    return random ? next_random() % blocks : at++ % blocks;
}

static void prepare(int slot, int write, uint64_t block, unsigned bytes) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    block_of[slot] = block;
    if (write) {
        for (unsigned at = 0; at < bytes; at += PAGE)
            *(uint64_t *)(buffer[slot] + at) = (block * bytes + at) / PAGE;
        io_uring_prep_write_fixed(sqe, 0, buffer[slot], bytes, block * bytes, slot);
    } else {
        io_uring_prep_read_fixed(sqe, 0, buffer[slot], bytes, block * bytes, slot);
    }
    sqe->flags |= IOSQE_FIXED_FILE;
    sqe->user_data = slot;
}

static int intact(int slot, unsigned bytes) {
    uint64_t first = block_of[slot] * bytes / PAGE;
    uint64_t *head = (uint64_t *)buffer[slot], *tail = (uint64_t *)(buffer[slot] + bytes - PAGE);
    int same = *head == first && *tail == first + bytes / PAGE - 1;
    *head = *tail = ~0ull; /* what is read next must bring its own */
    return same;
}

static void run(int random, int write, unsigned bytes, int depth, int wait, uint64_t ns, uint64_t size) {
    uint64_t done = 0, bad = 0, waits = 0, blocks = size / bytes;
    int in_flight = 0;
    uint64_t began = now_ns(), end = began + ns;
    for (int slot = 0; slot < depth; slot++, in_flight++)
        prepare(slot, write, next_block(random, blocks), bytes);
    while (in_flight > 0) {
        int error = io_uring_submit_and_wait(&ring, in_flight < wait ? in_flight : wait);
        if (error < 0) die("submit", -error);
        waits++;
        int more = now_ns() < end;
        struct io_uring_cqe *cqe;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(&ring, head, cqe) {
            int slot = cqe->user_data;
            if (cqe->res != (int)bytes) die("transfer", cqe->res < 0 ? -cqe->res : 5);
            if (!write && !intact(slot, bytes)) bad++;
            seen++;
            if (more) prepare(slot, write, next_block(random, blocks), bytes);
            else in_flight--;
        }
        done += seen;
        io_uring_cq_advance(&ring, seen);
    }
    printf("blocks=%llu ns=%llu bad=%llu calls=%llu\n", (unsigned long long)done, (unsigned long long)(now_ns() - began),
           (unsigned long long)bad, (unsigned long long)waits);
    fflush(stdout);
}

int main(int argc, char **argv) {
    int fd = argc == 2 ? open(argv[1], O_RDWR | O_DIRECT) : -1;
    if (fd < 0) die("open", 2);
    uint64_t size;
    if (ioctl(fd, BLKGETSIZE64, &size) < 0) die("size", 25);
    struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN};
    int error = io_uring_queue_init_params(DEPTH_MAX, &ring, &p);
    if (error < 0) die("io_uring_setup", -error);
    struct iovec vectors[DEPTH_MAX];
    for (int slot = 0; slot < DEPTH_MAX; slot++) {
        if (posix_memalign((void **)&buffer[slot], PAGE, BLOCK_MAX)) die("memory", 12);
        memset(buffer[slot], 0xff, BLOCK_MAX);
        vectors[slot] = (struct iovec){buffer[slot], BLOCK_MAX};
    }
    if ((error = io_uring_register_buffers(&ring, vectors, DEPTH_MAX)) < 0) die("buffers", -error);
    if ((error = io_uring_register_files(&ring, &fd, 1)) < 0) die("file", -error);
    printf("READY\n");
    fflush(stdout);
    char line[256], mode[32], pattern[32], kind[32];
    while (fgets(line, sizeof line, stdin)) {
        unsigned bytes, depth, ms;
        if (sscanf(line, "%31s %31s %31s %u %u %u", mode, pattern, kind, &bytes, &depth, &ms) != 6 || bytes > BLOCK_MAX || bytes < PAGE ||
            depth < 1 || depth > DEPTH_MAX)
            die("command", 22);
        char *slash = strchr(mode, '/');
        run(pattern[0] == 'r', kind[0] == 'w', bytes, depth, slash ? atoi(slash + 1) : 1, ms * 1000000ull, size);
    }
    return 0;
}
