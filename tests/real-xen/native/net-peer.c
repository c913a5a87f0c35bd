/*
 * The other end in dom0 of what is measured of a guest's network, as net-datagram.h says it: net-peer, until it is ended. What a guest
 * floods stays unread in its socket, with room for all of it, until the guest asks: looking at it takes no time of dom0's processor
 * while it is measured. Floods of its own are cut out of large pieces (UDP_SEGMENT), the cheapest that there is, and its socket waits
 * while the guest is slower: none is thrown away here.
 */
#define _GNU_SOURCE
#include "net-datagram.h"
#include <netinet/udp.h>
#include <poll.h>
#include <sys/time.h>

enum { PATIENCE_S = 30 };

static int data, control, listening;

/* The last turn of either kind, so that who asks again is told again. */
static struct datagram drained, sent;

static void drain(uint32_t turn) {
    static struct datagram batch[BATCH];
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
    struct flood seen = flood(turn);
    int came;
    do {
        memset(messages, 0, sizeof messages);
        for (int i = 0; i < BATCH; i++) {
            vectors[i] = (struct iovec){&batch[i], DATAGRAM};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
        }
        came = recvmmsg(data, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < came; i++)
            if (messages[i].msg_len == DATAGRAM) flood_look(&seen, &batch[i]);
            else seen.bad++;
    } while (came > 0);
    drained = datagram(DRAINED, turn, seen.bad, seen.came);
    printf("turn %u came %llu bad %llu stale %llu\n", turn, (unsigned long long)seen.came, (unsigned long long)seen.bad,
           (unsigned long long)seen.stale);
}

static void send_flood(const struct sockaddr_in *to, uint32_t turn, uint32_t ms) {
    static struct datagram batch[BATCH];
    int segment = DATAGRAM;
    uint32_t count = 0;
    uint64_t end = now_ns() + ms * 1000000ull;
    for (int i = 0; i < BATCH; i++)
        batch[i] = datagram(DATA, turn, 0, 0);
    if (setsockopt(data, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment)) die("UDP_SEGMENT", errno);
    do {
        for (int i = 0; i < BATCH; i++)
            batch[i].number = count + i;
        if (sendto(data, batch, sizeof batch, 0, (struct sockaddr *)to, sizeof *to) != sizeof batch) break;
        count += BATCH;
    } while (now_ns() < end);
    sent = datagram(SENT, turn, 0, count);
    printf("turn %u sent %u\n", turn, count);
}

static void answer(void) {
    struct datagram question;
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    if (recvfrom(control, &question, sizeof question, 0, (struct sockaddr *)&from, &length) != sizeof question) return;
    if (question.what == DRAIN) {
        if (drained.turn != question.turn) drain(question.turn);
        sendto(control, &drained, sizeof drained, 0, (struct sockaddr *)&from, length);
    } else if (question.what == SEND) {
        from.sin_port = htons(DATA_PORT);
        if (sent.turn != question.turn) send_flood(&from, question.turn, question.number);
        sendto(data, &sent, sizeof sent, 0, (struct sockaddr *)&from, length);
    } else if (question.what == HELLO || question.what == OVER) {
        sendto(control, &question, sizeof question, 0, (struct sockaddr *)&from, length);
    }
    fflush(stdout);
}

static void serve(int fd) {
    struct timeval patience = {.tv_sec = PATIENCE_S};
    struct datagram head;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (read_all(fd, &head, sizeof head)) {
        if (head.what == DRAIN) {
            uint64_t bad, blocks = stream_receive(fd, &bad);
            head = datagram(DRAINED, head.turn, bad, blocks);
            write_all(fd, &head, sizeof head);
        } else if (head.what == SEND) {
            stream_send(fd, head.number * 1000000ull);
        }
    }
    close(fd);
}

int main(void) {
    data = bound(SOCK_DGRAM, DATA_PORT, 1 << 27);
    control = bound(SOCK_DGRAM, CONTROL_PORT, 0);
    listening = bound(SOCK_STREAM, TCP_PORT, 0);
    if (listen(listening, 4)) die("listen", errno);
    struct pollfd ready[] = {{.fd = control, .events = POLLIN}, {.fd = listening, .events = POLLIN}};
    while (poll(ready, 2, -1) > 0) {
        if (ready[0].revents) answer();
        if (ready[1].revents) serve(accept(listening, NULL, NULL));
    }
    return 1;
}
