package org.xenpv.simulator.xenstored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.simulator.xenstored.ConnectionRig.ask;
import static org.xenpv.simulator.xenstored.ConnectionRig.feed;
import static org.xenpv.simulator.xenstored.ConnectionRig.message;
import static org.xenpv.simulator.xenstored.ConnectionRig.parse;
import static org.xenpv.simulator.xenstored.ConnectionRig.take;
import static org.xenpv.simulator.xenstored.ConnectionRig.takeBytes;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;

class StoreConnectionTest {

    private final ConnectionRig rig = new ConnectionRig();
    private final StoreConnection dom0 = rig.connect(0);
    private final StoreConnection dom1 = rig.connect(1);

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    @Test
    void shouldAnswerByteForByte() {
        feed(dom0, HexFormat.of().parseHex("0b00000007000000000000000500000" + "02f610076" + "31"));
        assertThat(HexFormat.of().formatHex(takeBytes(dom0))).isEqualTo("0b0000000700000000000000030000004f4b00");
        feed(dom0, HexFormat.of().parseHex("020000000800000000000000030000002f6100"));
        assertThat(HexFormat.of().formatHex(takeBytes(dom0))).isEqualTo("020000000800000000000000020000007631");
        feed(dom0, HexFormat.of().parseHex("020000000900000000000000030000002f6200"));
        assertThat(HexFormat.of().formatHex(takeBytes(dom0)))
                .isEqualTo("10000000090000000000000007000000454e4f454e5400");
    }

    @Property(tries = 200)
    void shouldAnswerTheSame_howeverTheBytesAreCut(
            @ForAll @Size(min = 1, max = 40) List<@IntRange(min = 1, max = 60) Integer> cuts) {
        byte[] requests = join(
                message(XsMessageType.WATCH, 1, "/a", "token"),
                message(XsMessageType.WRITE, 2, "/a/b", "value"),
                message(XsMessageType.RESET_WATCHES, 3),
                message(XsMessageType.READ, 4, "/a/b"),
                message(XsMessageType.TRANSACTION_START, 5, ""),
                message(XsMessageType.DIRECTORY.value(), 6, 1, Payload.of("/a")),
                message(99, 7, 0, new byte[4096]),
                message(XsMessageType.TRANSACTION_END.value(), 8, 1, Payload.of("T")));
        List<String> whole = new ArrayList<>();
        StoreConnection one = new ConnectionRig().connect(0);
        assertThat(feed(one, requests)).isEqualTo(requests.length);
        whole.addAll(take(one));

        StoreConnection other = new ConnectionRig().connect(0);
        ByteArrayOutputStream answers = new ByteArrayOutputStream();
        int at = 0;
        for (int i = 0; at < requests.length; i++) {
            int length = Math.min(cuts.get(i % cuts.size()), requests.length - at);
            assertThat(other.feed(requests, at, length)).isEqualTo(length);
            at += length;
            byte[] some = new byte[3];
            int count = other.take(some, 0, some.length);
            answers.write(some, 0, count);
        }
        answers.writeBytes(takeBytes(other));
        assertThat(parse(answers.toByteArray())).isEqualTo(whole).hasSize(10);
    }

    @Test
    void shouldWantExactlyTheRestOfHeaderThenBody() {
        byte[] request = message(XsMessageType.READ, 1, "/tool");
        assertThat(dom0.wanted()).isEqualTo(XsdSockmsg.SIZEOF);
        dom0.feed(request, 0, 10);
        assertThat(dom0.wanted()).isEqualTo(6);
        dom0.feed(request, 10, 6);
        assertThat(dom0.wanted()).isEqualTo(6);
        dom0.feed(request, 16, 6);
        assertThat(dom0.wanted()).isEqualTo(XsdSockmsg.SIZEOF);
        assertThat(take(dom0)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {4097, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void shouldDie_whenABodyIsAnnouncedThatIsTooLong(int length) {
        feed(dom1, message(XsMessageType.WATCH, 1, "x", "t"));
        byte[] header = new byte[XsdSockmsg.SIZEOF];
        XsdSockmsg.put(header, 0, XsMessageType.READ.value(), 1, 0, length);
        feed(dom1, header);
        assertThat(dom1.dead()).isTrue();
        assertThat(dom1.wanted()).isZero();
        assertThat(dom1.hasOutput()).isFalse();
        assertThat(feed(dom1, header)).isZero();
        feed(dom0, message(XsMessageType.WRITE, 2, "/local/domain/1/x", ""));
        assertThat(dom1.hasOutput()).isFalse();
    }

    @Test
    void shouldTakeTheLongestBody() {
        feed(dom0, message(XsMessageType.WRITE.value(), 1, 0, Arrays.copyOf(Payload.of("/a"), 4096)));
        assertThat(take(dom0)).containsExactly("WRITE 1 0 OK|");
        feed(dom0, message(XsMessageType.READ, 2, "/a"));
        assertThat(takeBytes(dom0)).hasSize(XsdSockmsg.SIZEOF + 4096 - 3);
    }

    @ParameterizedTest
    @CsvSource({"15", "16", "20", "23", "65535", "-1"})
    void shouldSayEnosys_whenTheTypeIsUnknownOrNotARequest(int type) {
        feed(dom0, message(type, 3, 4, Payload.of("x")));
        assertThat(take(dom0)).containsExactly("ERROR 3 4 ENOSYS|");
    }

    @ParameterizedTest
    @EnumSource(
            value = XsMessageType.class,
            names = {"CONTROL", "INTRODUCE", "RELEASE", "IS_DOMAIN_INTRODUCED", "RESUME", "SET_TARGET"})
    void shouldSayEacces_whenAGuestAsksForWhatIsDom0s(XsMessageType type) {
        assertThat(ask(dom1, type, "1", "1", "1")).containsExactly("ERROR 7 0 EACCES|");
    }

    @ParameterizedTest
    @EnumSource(
            value = XsMessageType.class,
            names = {
                "CONTROL", "DIRECTORY", "READ", "GET_PERMS", "WATCH", "UNWATCH", "TRANSACTION_END", "INTRODUCE",
                "RELEASE", "GET_DOMAIN_PATH", "WRITE", "MKDIR", "RM", "SET_PERMS", "IS_DOMAIN_INTRODUCED", "RESUME",
                "SET_TARGET", "DIRECTORY_PART"
            })
    void shouldSayEinval_whenTheBodyIsMalformed(XsMessageType type) {
        for (byte[] body : List.of(new byte[0], Payload.bytes("/a"), Payload.bytes("no nul at the end"))) {
            feed(dom0, message(type.value(), 7, 0, body));
            assertThat(take(dom0)).containsExactly("ERROR 7 0 EINVAL|");
        }
    }

    @Test
    void shouldEchoRequestAndTransactionIds() {
        assertThat(ask(dom0, XsMessageType.TRANSACTION_START, "")).containsExactly("TRANSACTION_START 7 0 1|");
        feed(dom0, message(XsMessageType.READ.value(), 0xdeadbeef, 1, Payload.of("/tool")));
        feed(dom0, message(XsMessageType.READ.value(), 5, 2, Payload.of("/tool")));
        assertThat(take(dom0)).containsExactly("READ " + 0xdeadbeef + " 1 ", "ERROR 5 2 ENOENT|");
    }

    @Test
    void shouldSendEventsOfAWriteBeforeItsReply_andTheFirstOfAWatchAfter() {
        assertThat(ask(dom0, XsMessageType.WATCH, "/a", "t")).containsExactly("WATCH 7 0 OK|", "WATCH_EVENT 0 0 /a|t|");
        assertThat(ask(dom0, XsMessageType.WRITE, "/a", "v")).containsExactly("WATCH_EVENT 0 0 /a|t|", "WRITE 7 0 OK|");
    }

    @Test
    void shouldMergeAnEventWithTheSameOneThatWaits() {
        ask(dom0, XsMessageType.WATCH, "/a", "t");
        StoreConnection other = rig.connect(0);
        for (int i = 0; i < 5; i++) {
            ask(other, XsMessageType.WRITE, "/a", "v" + i);
            ask(other, XsMessageType.WRITE, "/a/b", "v" + i);
        }
        assertThat(take(dom0)).containsExactly("WATCH_EVENT 0 0 /a|t|", "WATCH_EVENT 0 0 /a/b|t|");
        ask(other, XsMessageType.WRITE, "/a", "again");
        assertThat(take(dom0)).containsExactly("WATCH_EVENT 0 0 /a|t|");
    }

    @Test
    void shouldNotMergeSpecialEvents() {
        ask(dom0, XsMessageType.WATCH, "@introduceDomain", "t");
        rig.store.domains().introduce(1);
        rig.store.domains().introduce(2);
        assertThat(take(dom0)).hasSize(2);
    }

    @Test
    void shouldBoundWhatWaitsForAGuest() {
        ConnectionRig small = new ConnectionRig(Quotas.defaults().with("memory", 1000), XenstoredFaults.NONE);
        StoreConnection guest = small.connect(1);
        StoreConnection host = small.connect(0);
        ask(host, XsMessageType.MKDIR, "/local/domain/1");
        ask(host, XsMessageType.SET_PERMS, "/local/domain/1", "n1");
        ask(guest, XsMessageType.WATCH, "/local", "t");
        for (int i = 0; i < 1000; i++) {
            ask(host, XsMessageType.WRITE, "/local/domain/1/" + i, "");
        }
        assertThat(guest.outputBytes()).isBetween(900, 1000);
        assertThat(take(guest)).first().isEqualTo("WATCH_EVENT 0 0 /local/domain/1/0|t|");
        assertThat(ask(guest, XsMessageType.READ, "1")).hasSize(1);
    }

    @Test
    void shouldStopReadingAGuest_whenItDoesNotTakeItsReplies() {
        byte[] request = message(XsMessageType.GET_DOMAIN_PATH, 1, "1");
        for (int i = 0; i < 20; i++) {
            assertThat(feed(dom1, request)).isEqualTo(request.length);
        }
        assertThat(dom1.wanted()).isZero();
        assertThat(feed(dom1, request)).isZero();
        byte[] one = new byte[take(dom1).size()];
        assertThat(one).hasSize(20);
        assertThat(dom1.wanted()).isEqualTo(XsdSockmsg.SIZEOF);
        for (int i = 0; i < 100; i++) {
            assertThat(feed(dom0, request)).isEqualTo(request.length);
        }
    }

    @Test
    void shouldCountARequestAsOutstanding_untilTheEventsItCausedAreTaken() {
        ConnectionRig strict = new ConnectionRig(Quotas.defaults().with("outstanding", 1), XenstoredFaults.NONE);
        StoreConnection writer = strict.connect(1);
        StoreConnection watcher = strict.connect(0);
        ask(watcher, XsMessageType.MKDIR, "/local/domain/1");
        ask(watcher, XsMessageType.SET_PERMS, "/local/domain/1", "n1");
        ask(watcher, XsMessageType.WATCH, "/local", "t");
        assertThat(ask(writer, XsMessageType.WRITE, "x", "v")).containsExactly("WRITE 7 0 OK|");
        assertThat(writer.wanted()).isZero();
        assertThat(take(watcher)).hasSize(1);
        assertThat(writer.wanted()).isEqualTo(XsdSockmsg.SIZEOF);
    }

    @Test
    void shouldSayE2big_whenAListDoesNotFit_andServeItInParts() {
        for (int i = 0; i < 100; i++) {
            ask(dom0, XsMessageType.MKDIR, "/d/" + "x".repeat(50) + i);
        }
        assertThat(ask(dom0, XsMessageType.DIRECTORY, "/d")).containsExactly("ERROR 7 0 E2BIG|");
        StringBuilder names = new StringBuilder();
        String generation = null;
        boolean last = false;
        while (!last) {
            String part = ask(dom0, XsMessageType.DIRECTORY_PART, "/d", "" + names.length())
                    .get(0)
                    .substring("DIRECTORY_PART 7 0 ".length());
            int end = part.indexOf('|');
            assertThat(generation == null ? part.substring(0, end) : generation).isEqualTo(part.substring(0, end));
            generation = part.substring(0, end);
            last = part.endsWith("||");
            names.append(part, end + 1, part.length() - (last ? 1 : 0));
        }
        assertThat(names.toString().split("\\|")).hasSize(100);
        ask(dom0, XsMessageType.MKDIR, "/d/more");
        assertThat(ask(dom0, XsMessageType.DIRECTORY_PART, "/d", "0").get(0)).doesNotContain(" " + generation + "|");
    }

    @Test
    void shouldForgetPartialRequestsWatchesAndTransactions_whenReset() {
        ask(dom1, XsMessageType.WATCH, "x", "t");
        ask(dom1, XsMessageType.TRANSACTION_START, "");
        dom1.feed(message(XsMessageType.READ, 1, "x"), 0, 9);
        dom1.reset();
        assertThat(dom1.client().watches()).isEmpty();
        assertThat(dom1.client().transactions()).isEmpty();
        assertThat(ask(dom1, XsMessageType.GET_DOMAIN_PATH, "1"))
                .containsExactly("GET_DOMAIN_PATH 7 0 /local/domain/1|");
    }

    @Test
    void shouldNotCountAnswersOfAnEarlierLife_whenReset() {
        ask(dom0, XsMessageType.WATCH, "/", "t");
        ask(dom0, XsMessageType.MKDIR, "/local/domain/1");
        ask(dom0, XsMessageType.SET_PERMS, "/local/domain/1", "n1");
        for (int i = 0; i < 20; i++) {
            feed(dom1, message(XsMessageType.WRITE, 1, "x" + i, ""));
        }
        assertThat(dom1.wanted()).isZero();
        dom1.reset();
        assertThat(take(dom0)).hasSize(20);
        for (int i = 0; i < 20; i++) {
            assertThat(dom1.wanted()).isPositive();
            feed(dom1, message(XsMessageType.GET_DOMAIN_PATH, 1, "1"));
        }
        assertThat(dom1.wanted()).isZero();
    }

    @Test
    void shouldServeDomainRequestsOfDom0() {
        assertThat(ask(dom0, XsMessageType.IS_DOMAIN_INTRODUCED, "1")).containsExactly("IS_DOMAIN_INTRODUCED 7 0 F|");
        assertThat(ask(dom0, XsMessageType.INTRODUCE, "1", "-5", "9")).containsExactly("INTRODUCE 7 0 OK|");
        assertThat(ask(dom0, XsMessageType.IS_DOMAIN_INTRODUCED, "1")).containsExactly("IS_DOMAIN_INTRODUCED 7 0 T|");
        assertThat(ask(dom0, XsMessageType.INTRODUCE, "1", "5", "0")).containsExactly("ERROR 7 0 EINVAL|");
        assertThat(ask(dom0, XsMessageType.RESUME, "1")).containsExactly("RESUME 7 0 OK|");
        assertThat(ask(dom0, XsMessageType.SET_TARGET, "1", "0")).containsExactly("SET_TARGET 7 0 OK|");
        assertThat(ask(dom0, XsMessageType.RELEASE, "1")).containsExactly("RELEASE 7 0 OK|");
        assertThat(ask(dom0, XsMessageType.RELEASE, "1")).containsExactly("ERROR 7 0 ENOENT|");
        assertThat(ask(dom0, XsMessageType.RELEASE, "0")).containsExactly("ERROR 7 0 EINVAL|");
        assertThat(ask(dom0, XsMessageType.IS_DOMAIN_INTRODUCED, "32752"))
                .containsExactly("IS_DOMAIN_INTRODUCED 7 0 T|");
        assertThat(ask(dom0, XsMessageType.GET_DOMAIN_PATH, "7"))
                .containsExactly("GET_DOMAIN_PATH 7 0 /local/domain/7|");
    }

    @Test
    void shouldServeControlCommands() {
        assertThat(ask(dom0, XsMessageType.CONTROL, "check")).containsExactly("CONTROL 7 0 OK|");
        assertThat(ask(dom0, XsMessageType.CONTROL, "print", "hello")).containsExactly("CONTROL 7 0 OK|");
        assertThat(rig.log).containsExactly("hello");
        assertThat(ask(dom0, XsMessageType.CONTROL, "quota", "set", "nodes", "3"))
                .containsExactly("CONTROL 7 0 OK|");
        assertThat(rig.store.quotas().nodes()).isEqualTo(3);
        assertThat(ask(dom0, XsMessageType.CONTROL, "quota").get(0)).contains("nodes: 3\n");
        assertThat(ask(dom0, XsMessageType.CONTROL, "help").get(0)).contains("check");
        for (String[] wrong : List.of(
                new String[] {"nonsense"},
                new String[] {"print"},
                new String[] {"check", "x"},
                new String[] {"quota", "set", "nodes"},
                new String[] {"quota", "set", "nodes", "0"},
                new String[] {"quota", "set", "nodes", "x"},
                new String[] {"quota", "set", "nonsense", "1"})) {
            assertThat(ask(dom0, XsMessageType.CONTROL, wrong)).containsExactly("ERROR 7 0 EINVAL|");
        }
    }
}
