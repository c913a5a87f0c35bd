/*
 * What is sent while interfaces are measured side by side, by net-load and OurNet in the guest and by net-peer in dom0: datagrams of 64
 * bytes, in the byte order of the machine, all of one size. A flood is datagrams DATA of one turn, numbered from 0; what was in flight of
 * another turn is known by that. It goes from port 9 to port 9, what is asked and answered about it between ports 10, both to the guest's
 * address or from it.
 *
 * And of TCP, to port 11: a datagram DRAIN (the guest sends until it has no more, and gets a DRAINED back) or SEND (it gets so many
 * milliseconds of it); the stream is blocks of 64 KiB, in which each page of 4 KiB begins with its number in eight bytes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATA_PORT = 9, CONTROL_PORT = 10, TCP_PORT = 11 };

enum what {
    DATA = 0x78656e30,
    SEND,    /* number: milliseconds for which a flood is wanted */
    SENT,    /* count: how many those were; comes behind them */
    DRAIN,   /* the flood is over: look at what came of it */
    DRAINED, /* number: how many were not what was sent; count: how many came */
    HELLO,   /* answered by the same, as the next is: both know the other's address then */
    OVER,    /* comes behind a flood of the guest's: dom0 has it then */
};

enum { DATAGRAM = 64, BATCH = 64, BLOCK = 1 << 16, PAGE = 4096 };

struct datagram {
    uint32_t what, turn, number, count;
    uint8_t rest[DATAGRAM - 16]; /* each byte its place in the datagram */
};

static inline struct datagram datagram(uint32_t what, uint32_t turn, uint32_t number, uint32_t count) {
    struct datagram made = {what, turn, number, count, {0}};
    for (int i = 0; i < (int)sizeof made.rest; i++)
        made.rest[i] = 16 + i;
    return made;
}

static inline void die(const char *what, int error) {
    printf("error=%s:%s\n", what, strerror(error));
    exit(1);
}

static inline uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static inline struct sockaddr_in address(const char *text, int port) {
    struct sockaddr_in made = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (text && !inet_aton(text, &made.sin_addr)) die(text, EINVAL);
    return made;
}

/* A socket at a port of every address, with room for so many bytes that were not read yet. */
static inline int bound(int type, int port, int room) {
    int fd = socket(AF_INET, type, 0), on = 1;
    struct sockaddr_in any = address(NULL, port);
    if (fd < 0) die("socket", errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (room && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room)) die("room", errno);
    if (bind(fd, (struct sockaddr *)&any, sizeof any)) die("bind", errno);
    return fd;
}

/* What came of one turn, and whether it is what was sent: each once, in order, unchanged. */
struct flood {
    struct datagram next;
    uint64_t came, bad, stale;
};

static inline struct flood flood(uint32_t turn) {
    return (struct flood){.next = datagram(DATA, turn, 0, 0)};
}

static inline void flood_look(struct flood *flood, const struct datagram *seen) {
    if (seen->turn != flood->next.turn) {
        flood->stale++;
        return;
    }
    flood->came++;
    if (seen->number < flood->next.number) flood->bad++; /* twice, or late; one that is missing was lost */
    else flood->next.number = seen->number;
    if (memcmp(seen, &flood->next, DATAGRAM)) flood->bad++;
    flood->next.number++;
}

static inline int read_all(int fd, void *to, size_t bytes) {
    return recv(fd, to, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

static inline int write_all(int fd, const void *from, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t count = send(fd, (const char *)from + done, bytes - done, MSG_NOSIGNAL);
        if (count <= 0) return 0;
        done += count;
    }
    return 1;
}

static char block[BLOCK] __attribute__((aligned(PAGE)));

/* Sends blocks for so long. Returns how many, or -1 if the other end went. */
static inline int64_t stream_send(int fd, uint64_t ns) {
    uint64_t page = 0, end = now_ns() + ns;
    int64_t blocks = 0;
    do {
        for (int at = 0; at < BLOCK; at += PAGE)
            *(uint64_t *)(block + at) = page++;
        if (!write_all(fd, block, BLOCK)) return -1;
        blocks++;
    } while (now_ns() < end);
    return blocks;
}

/* Takes blocks until there are no more. Returns how many, and how many pages were not what was sent. */
static inline uint64_t stream_receive(int fd, uint64_t *bad) {
    uint64_t page = 0, blocks = 0;
    ssize_t came;
    *bad = 0;
    while ((came = recv(fd, block, BLOCK, MSG_WAITALL)) == BLOCK) {
        for (int at = 0; at < BLOCK; at += PAGE)
            *bad += *(uint64_t *)(block + at) != page++;
        blocks++;
    }
    if (came) ++*bad; /* a part of a block, or an error */
    return blocks;
}
