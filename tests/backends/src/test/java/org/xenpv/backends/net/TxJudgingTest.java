package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.io.netif.Netif.NETIF_RSP_ERROR;
import static org.xenpv.io.netif.Netif.NETIF_RSP_NULL;
import static org.xenpv.io.netif.Netif.NETIF_RSP_OKAY;
import static org.xenpv.io.netif.Netif.NETTXF_CSUM_BLANK;
import static org.xenpv.io.netif.Netif.NETTXF_EXTRA_INFO;
import static org.xenpv.io.netif.Netif.NETTXF_MORE_DATA;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_FLAG_MORE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_XDP;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_TCPV4;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_TCPV6;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.backends.net.TxBench.Answer;
import org.xenpv.io.netif.NetifExtraInfo;

/**
 * What is answered to every kind of malformed chain, and why it is dropped. The statuses are those of Linux's backend; where that
 * disables the interface, the packet is answered ERROR here, and the next one is served.
 */
class TxJudgingTest {

    private static final short OK = NETIF_RSP_OKAY;
    private static final short ERR = NETIF_RSP_ERROR;
    private static final short NULL = NETIF_RSP_NULL;
    private static final TxPacket.Rules ALL = TxBench.ALL;

    private static Arguments row(
            String name, NetbackDrop drop, TxPacket.Rules rules, Consumer<TxBench> stage, int... statuses) {
        return Arguments.of(Named.of(name, stage), drop, rules, statuses);
    }

    private static int[] repeated(int count, int status) {
        int[] all = new int[count];
        Arrays.fill(all, status);
        return all;
    }

    private static void chain(TxBench bench, int slots) {
        for (int i = 0; i < slots; i++) {
            int more = i < slots - 1 ? NETTXF_MORE_DATA : 0;
            bench.request(100, 0, more, i, i == 0 ? 14 + slots - 1 : 1);
        }
    }

    private static void whole(TxBench bench, byte[] frame, int flags) {
        bench.guest.fill(1, 0, frame, 0, frame.length);
        bench.request(101, 0, flags, 7, frame.length);
    }

    static Stream<Arguments> chains() {
        List<Arguments> rows = new ArrayList<>();
        rows.add(row(
                "shorter than an Ethernet header", NetbackDrop.TX_RUNT, ALL, b -> b.request(100, 0, 0, 1, 13), ERR));
        rows.add(row("empty", NetbackDrop.TX_RUNT, ALL, b -> b.request(100, 0, 0, 1, 0), ERR));
        rows.add(row(
                "first piece shorter than an Ethernet header",
                NetbackDrop.TX_RUNT,
                ALL,
                b -> {
                    b.request(100, 0, NETTXF_MORE_DATA, 1, 100);
                    b.request(100, 0, 0, 2, 87);
                },
                ERR,
                ERR));
        rows.add(row("past its page", NetbackDrop.TX_CROSSES_PAGE, ALL, b -> b.request(100, 4083, 0, 1, 14), ERR));
        rows.add(
                row("far past its page", NetbackDrop.TX_CROSSES_PAGE, ALL, b -> b.request(100, 0xffff, 0, 1, 14), ERR));
        rows.add(
                row("longer than a page", NetbackDrop.TX_CROSSES_PAGE, ALL, b -> b.request(100, 0, 0, 1, 0xffff), ERR));
        rows.add(row(
                "a later piece past its page",
                NetbackDrop.TX_CROSSES_PAGE,
                ALL,
                b -> {
                    b.request(100, 0, NETTXF_MORE_DATA, 1, 100);
                    b.request(100, 4095, 0, 2, 2);
                },
                ERR,
                ERR));
        rows.add(row(
                "pieces longer than the whole",
                NetbackDrop.TX_SLOT_TOO_LONG,
                ALL,
                b -> {
                    b.request(100, 0, NETTXF_MORE_DATA, 1, 100);
                    b.request(100, 0, NETTXF_MORE_DATA, 2, 60);
                    b.request(100, 0, 0, 3, 60);
                },
                ERR,
                ERR,
                ERR));
        rows.add(row(
                "goes on where nothing was published",
                NetbackDrop.TX_INCOMPLETE,
                ALL,
                b -> {
                    b.request(100, 0, NETTXF_MORE_DATA, 1, 100);
                    b.request(100, 0, NETTXF_MORE_DATA, 2, 60);
                },
                ERR,
                ERR));
        rows.add(row("20 slots", NetbackDrop.TX_TOO_MANY_SLOTS, ALL, b -> chain(b, 20), repeated(20, ERR)));
        rows.add(row("a whole ring", NetbackDrop.TX_TOO_MANY_SLOTS, ALL, b -> chain(b, 255), repeated(255, ERR)));
        rows.add(row(
                "no extra where one is announced",
                NetbackDrop.TX_MISSING_EXTRA,
                ALL,
                b -> b.request(100, 0, NETTXF_EXTRA_INFO, 1, 60),
                ERR));
        rows.add(row(
                "extras end where nothing was published",
                NetbackDrop.TX_MISSING_EXTRA,
                ALL,
                b -> {
                    b.request(100, 0, NETTXF_EXTRA_INFO, 1, 60);
                    b.gso(XEN_NETIF_EXTRA_FLAG_MORE, 100, 1);
                    b.gso(XEN_NETIF_EXTRA_FLAG_MORE, 100, 1);
                },
                ERR,
                NULL,
                NULL));
        for (int type : new int[] {0, XEN_NETIF_EXTRA_TYPE_XDP + 1, 255}) {
            rows.add(row(
                    "extra of type " + type,
                    NetbackDrop.TX_BAD_EXTRA,
                    ALL,
                    b -> {
                        b.request(100, 0, NETTXF_EXTRA_INFO | NETTXF_MORE_DATA, 1, 60);
                        b.extra(type, XEN_NETIF_EXTRA_FLAG_MORE);
                        b.gso(0, 100, 1);
                        b.request(100, 0, 0, 2, 10);
                    },
                    ERR,
                    NULL,
                    NULL,
                    ERR));
        }
        for (int[] gso : new int[][] {{0, 1}, {100, 0}, {100, 3}, {100, 255}}) {
            rows.add(row(
                    "segments of " + gso[0] + ", type " + gso[1],
                    NetbackDrop.TX_BAD_GSO,
                    ALL,
                    b -> {
                        b.request(100, 0, NETTXF_EXTRA_INFO, 1, 60);
                        b.gso(0, gso[0], gso[1]);
                    },
                    ERR,
                    NULL));
        }
        rows.add(row(
                "not granted", NetbackDrop.TX_NOT_GRANTED, ALL, b -> b.request(GuestGrants.NOBODY, 0, 0, 1, 60), ERR));
        rows.add(row(
                "one piece not granted: the others are answered OKAY",
                NetbackDrop.TX_NOT_GRANTED,
                ALL,
                b -> {
                    b.request(100, 0, NETTXF_MORE_DATA, 1, 100);
                    b.request(GuestGrants.NOBODY, 0, NETTXF_MORE_DATA, 2, 20);
                    b.request(100, 0, 0, 3, 20);
                },
                OK,
                ERR,
                OK));
        return Stream.concat(rows.stream(), Stream.concat(dishonest().stream(), notOffered().stream()));
    }

    /** Frames that are not what the request says; only their bytes tell, so they are answered OKAY. */
    private static List<Arguments> dishonest() {
        List<Arguments> rows = new ArrayList<>();
        rows.add(row(
                "blank checksum, but no IP",
                NetbackDrop.TX_BAD_CHECKSUM,
                ALL,
                b -> whole(b, Frames.raw(1, 2, 60, 1), NETTXF_CSUM_BLANK),
                OK));
        byte[] icmp = Frames.udp(false, 40, true, 2);
        icmp[14 + 9] = 1;
        rows.add(row(
                "blank checksum, but ICMP",
                NetbackDrop.TX_BAD_CHECKSUM,
                ALL,
                b -> whole(b, icmp, NETTXF_CSUM_BLANK),
                OK));
        byte[] fragment = Frames.udp(false, 40, true, 3);
        fragment[14 + 6] = 0x20;
        rows.add(row(
                "blank checksum in a fragment",
                NetbackDrop.TX_BAD_CHECKSUM,
                ALL,
                b -> whole(b, fragment, NETTXF_CSUM_BLANK),
                OK));
        byte[] cut = Arrays.copyOf(Frames.tcp(true, 0, 0, true, 4), 14 + 40 + 19);
        Frames.put(cut, 14 + 4, 2, 19);
        rows.add(row(
                "blank checksum, TCP header cut off",
                NetbackDrop.TX_BAD_CHECKSUM,
                ALL,
                b -> whole(b, cut, NETTXF_CSUM_BLANK),
                OK));
        rows.add(gsoOf("segments of UDP", NetbackDrop.TX_BAD_GSO, ALL, Frames.udp(false, 900, true, 5), 1));
        rows.add(gsoOf(
                "segments of IPv6 that is IPv4", NetbackDrop.TX_BAD_GSO, ALL, Frames.tcp(false, 900, 0, true, 6), 2));
        rows.add(gsoOf(
                "segments of IPv4 that is IPv6", NetbackDrop.TX_BAD_GSO, ALL, Frames.tcp(true, 900, 0, true, 7), 1));
        return rows;
    }

    private static Arguments gsoOf(String name, NetbackDrop drop, TxPacket.Rules rules, byte[] frame, int type) {
        short first = drop == NetbackDrop.TX_UNNEGOTIATED ? ERR : OK;
        return row(
                name,
                drop,
                rules,
                b -> {
                    whole(b, frame, NETTXF_CSUM_BLANK | NETTXF_EXTRA_INFO);
                    b.gso(0, 100, type);
                },
                first,
                NULL);
    }

    /** A feature that was not offered. Linux takes it all the same; here a frontend's mistake shows. */
    private static List<Arguments> notOffered() {
        NetbackDrop drop = NetbackDrop.TX_UNNEGOTIATED;
        List<Arguments> rows = new ArrayList<>();
        rows.add(row(
                "two pieces without feature-sg",
                drop,
                new TxPacket.Rules(false, true, true, true, true, true),
                b -> chain(b, 2),
                ERR,
                ERR));
        rows.add(row(
                "blank checksum with feature-no-csum-offload",
                drop,
                new TxPacket.Rules(true, false, true, true, true, true),
                b -> whole(b, Frames.udp(false, 40, true, 1), NETTXF_CSUM_BLANK),
                OK));
        rows.add(row(
                "blank checksum without feature-ipv6-csum-offload",
                drop,
                new TxPacket.Rules(true, true, false, true, true, true),
                b -> whole(b, Frames.udp(true, 40, true, 1), NETTXF_CSUM_BLANK),
                OK));
        rows.add(gsoOf(
                "segments without feature-gso-tcpv4",
                drop,
                new TxPacket.Rules(true, true, true, false, true, true),
                Frames.tcp(false, 900, 0, true, 1),
                XEN_NETIF_GSO_TYPE_TCPV4));
        rows.add(gsoOf(
                "segments without feature-gso-tcpv6",
                drop,
                new TxPacket.Rules(true, true, true, true, false, true),
                Frames.tcp(true, 900, 0, true, 1),
                XEN_NETIF_GSO_TYPE_TCPV6));
        rows.add(row(
                "a group without multicast control",
                drop,
                new TxPacket.Rules(true, true, true, true, true, false),
                b -> {
                    b.request(0, 0, NETTXF_EXTRA_INFO, 1, 0);
                    NetifExtraInfo.putMcast(b.front.memory(), b.front.nextRequest(), 0, true, 0x01005e000001L);
                },
                ERR,
                NULL));
        return rows;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("chains")
    void shouldAnswerAndDrop(Consumer<TxBench> stage, NetbackDrop drop, TxPacket.Rules rules, int[] statuses) {
        try (TxBench bench = new TxBench(0, rules)) {
            stage.accept(bench);
            List<Answer> answers = bench.run();
            assertThat(answers.stream().mapToInt(Answer::status)).containsExactly(box(statuses));
            assertThat(bench.frames).isEmpty();
            assertThat(bench.dropped(drop)).isEqualTo(1);
            assertThat(bench.counters.snapshot().dropped()).hasSize(1);
            assertThat(bench.fault).isNull();

            byte[] good = Frames.raw(1, 2, 60, 9);
            bench.stage(good, 0, 77, 1, 0);
            assertThat(bench.run()).containsExactly(new Answer(77, NETIF_RSP_OKAY));
            assertThat(bench.frames.get(0).bytes()).isEqualTo(good);
        }
    }

    private static Integer[] box(int[] statuses) {
        return Arrays.stream(statuses).boxed().toArray(Integer[]::new);
    }

    @Test
    void shouldDropOnlyTheBadPacketOfABurst() {
        try (TxBench bench = new TxBench()) {
            bench.stage(Frames.raw(1, 2, 60, 1), 0, 1, 1, 0);
            bench.request(GuestGrants.NOBODY, 0, 0, 2, 60);
            bench.stage(Frames.raw(1, 2, 60, 3), 0, 3, 3, 0);
            bench.request(100, 0, 0, 4, 3);
            bench.stage(Frames.raw(1, 2, 60, 5), 0, 5, 5, 0);
            assertThat(bench.run())
                    .containsExactly(
                            new Answer(1, OK),
                            new Answer(2, ERR),
                            new Answer(3, OK),
                            new Answer(4, ERR),
                            new Answer(5, OK));
            assertThat(bench.frames).hasSize(3);
            assertThat(bench.frames.get(2).bytes()).isEqualTo(Frames.raw(1, 2, 60, 5));
        }
    }

    @Test
    void shouldLetTheLastExtraOfATypeCount() {
        try (TxBench bench = new TxBench()) {
            byte[] frame = Frames.tcp(false, 900, 0, true, 1);
            whole(bench, frame, NETTXF_CSUM_BLANK | NETTXF_EXTRA_INFO);
            bench.gso(XEN_NETIF_EXTRA_FLAG_MORE, 0, 9);
            bench.gso(0, 300, XEN_NETIF_GSO_TYPE_TCPV4);
            bench.run();
            assertThat(bench.frames.get(0).gsoSize()).isEqualTo(300);
        }
    }
}
