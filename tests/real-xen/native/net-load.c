/*
 * The most that an application gets of a network through the kernel: net-load ADDRESS, of net-peer in dom0; one command per line of its
 * input, one line of answer to each:
 *
 *   udp-send mmsg|gso MILLISECONDS TURN       datagrams of 64 bytes, by sendmmsg or in the large pieces that UDP_SEGMENT cuts
 *   udp-receive mmsg|gro MILLISECONDS TURN    the same from dom0, by recvmmsg, of one each or of what UDP_GRO put together
 *   tcp-send ADDRESS MILLISECONDS             blocks of 64 KiB
 *   tcp-receive ADDRESS MILLISECONDS
 *
 * side-by-side-net is the only user; OurNet does the same with datagrams through ours.
 */
#define _GNU_SOURCE
#include "net-datagram.h"
#include <netinet/udp.h>
#include <poll.h>
#include <sys/time.h>

enum { ASKS = 600, ASK_MS = 100, SILENCES = 60, SILENCE_S = 1, GRO_MAX = 1 << 16, GRO_BATCH = 16 };

static int data, control;

/* Asks until it is answered; an answer to something else is none. */
static struct datagram ask(uint32_t what, uint32_t turn, uint32_t number, uint32_t answer) {
    struct datagram question = datagram(what, turn, number, 0), said;
    struct pollfd ready = {.fd = control, .events = POLLIN};
    for (int asks = 0; asks < ASKS; asks++) {
        send(control, &question, sizeof question, 0);
        while (poll(&ready, 1, ASK_MS) > 0)
            if (recv(control, &said, sizeof said, 0) == sizeof said && said.what == answer && said.turn == turn) return said;
    }
    die("dom0 does not answer", ETIMEDOUT);
    return question;
}

static void udp_send(int gso, uint64_t ns, uint32_t turn) {
    static struct datagram batch[BATCH];
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
        batch[i] = datagram(DATA, turn, 0, 0);
        vectors[i] = (struct iovec){&batch[i], DATAGRAM};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int segment = gso ? DATAGRAM : 0;
    if (setsockopt(data, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment)) die("UDP_SEGMENT", errno);
    ask(HELLO, turn, 0, HELLO);
    uint64_t sent = 0, calls = 0, began = now_ns(), end = began + ns;
    do {
        for (int i = 0; i < BATCH; i++)
            batch[i].number = sent + i;
        if (gso) {
            if (send(data, batch, sizeof batch, 0) != sizeof batch) die("send", errno);
            sent += BATCH;
        } else {
            int count = sendmmsg(data, messages, BATCH, 0);
            if (count < 0) die("sendmmsg", errno);
            sent += count;
        }
        calls++;
    } while (now_ns() < end);
    ask(OVER, turn, 0, OVER);
    uint64_t took = now_ns() - began;
    struct datagram drained = ask(DRAIN, turn, 0, DRAINED);
    printf("packets=%u ns=%llu bad=%u lost=%lld calls=%llu\n", drained.count, (unsigned long long)took, drained.number,
           (long long)sent - drained.count, (unsigned long long)calls);
}

static void udp_receive(int gro, uint64_t ms, uint32_t turn) {
    static char buffers[GRO_BATCH][GRO_MAX];
    static struct datagram singles[BATCH];
    char infos[GRO_BATCH][CMSG_SPACE(sizeof(int))];
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
    int count = gro ? GRO_BATCH : BATCH;
    if (setsockopt(data, IPPROTO_UDP, UDP_GRO, &gro, sizeof gro)) die("UDP_GRO", errno);
    struct flood flood_seen = flood(turn);
    struct datagram question = datagram(SEND, turn, ms, 0);
    uint64_t sent = 0, calls = 0, pieces = 0, began = now_ns();
    int over = 0, silent = 0;
    send(control, &question, sizeof question, 0);
    while (!over) {
        memset(messages, 0, sizeof messages);
        for (int i = 0; i < count; i++) {
            vectors[i] = gro ? (struct iovec){buffers[i], GRO_MAX} : (struct iovec){&singles[i], DATAGRAM};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
            if (gro) {
                messages[i].msg_hdr.msg_control = infos[i];
                messages[i].msg_hdr.msg_controllen = sizeof infos[i];
            }
        }
        int came = recvmmsg(data, messages, count, MSG_WAITFORONE, NULL);
        calls++;
        if (came < 0) {
            if (errno != EAGAIN) die("recvmmsg", errno);
            if (++silent == SILENCES) die("dom0 does not send", ETIMEDOUT);
            send(control, &question, sizeof question, 0);
            continue;
        }
        silent = 0;
        for (int i = 0; i < came; i++) {
            pieces++;
            if (messages[i].msg_len % DATAGRAM) flood_seen.bad++;
            for (unsigned at = 0; at + DATAGRAM <= messages[i].msg_len; at += DATAGRAM) {
                struct datagram *seen = (struct datagram *)((char *)vectors[i].iov_base + at);
                if (seen->what == SENT && seen->turn == turn) {
                    sent = seen->count;
                    over = 1;
                } else if (seen->what == SENT) {
                    flood_seen.stale++;
                } else {
                    flood_look(&flood_seen, seen);
                }
            }
        }
    }
    printf("packets=%llu ns=%llu bad=%llu lost=%lld stale=%llu calls=%llu pieces=%llu\n", (unsigned long long)flood_seen.came,
           (unsigned long long)(now_ns() - began), (unsigned long long)flood_seen.bad, (long long)(sent - flood_seen.came),
           (unsigned long long)flood_seen.stale, (unsigned long long)calls, (unsigned long long)pieces);
}

static void tcp(int sending, const char *host, uint64_t ms) {
    struct sockaddr_in to = address(host, TCP_PORT);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect", errno);
    struct datagram head = datagram(sending ? DRAIN : SEND, 0, ms, 0);
    uint64_t blocks, bad, began = now_ns();
    if (!write_all(fd, &head, sizeof head)) die("head", errno);
    if (sending) {
        int64_t sent = stream_send(fd, ms * 1000000);
        if (sent < 0) die("stream", errno);
        shutdown(fd, SHUT_WR);
        if (!read_all(fd, &head, sizeof head) || head.what != DRAINED) die("answer", EPROTO);
        blocks = head.count;
        bad = head.number + (head.count != sent);
    } else {
        blocks = stream_receive(fd, &bad);
    }
    printf("blocks=%llu ns=%llu bad=%llu\n", (unsigned long long)blocks, (unsigned long long)(now_ns() - began),
           (unsigned long long)bad);
    close(fd);
}

int main(int argc, char **argv) {
    if (argc != 2) die("ADDRESS", EINVAL);
    struct sockaddr_in peer = address(argv[1], DATA_PORT), asked = address(argv[1], CONTROL_PORT);
    struct timeval patience = {.tv_sec = SILENCE_S};
    data = bound(SOCK_DGRAM, DATA_PORT, 1 << 24);
    control = bound(SOCK_DGRAM, CONTROL_PORT, 0);
    setsockopt(data, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(data, (struct sockaddr *)&peer, sizeof peer) || connect(control, (struct sockaddr *)&asked, sizeof asked))
        die("connect", errno);
    printf("READY\n");
    fflush(stdout);
    char line[256], command[32], how[32];
    while (fgets(line, sizeof line, stdin)) {
        unsigned ms, turn = 0;
        if (sscanf(line, "%31s %31s %u %u", command, how, &ms, &turn) < 3) die("command", EINVAL);
        if (!strcmp(command, "udp-send")) udp_send(!strcmp(how, "gso"), ms * 1000000ull, turn);
        else if (!strcmp(command, "udp-receive")) udp_receive(!strcmp(how, "gro"), ms, turn);
        else tcp(!strcmp(command, "tcp-send"), how, ms);
        fflush(stdout);
    }
    return 0;
}
