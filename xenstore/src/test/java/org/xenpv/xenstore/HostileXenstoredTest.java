package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;

/** What a broken or hostile xenstored can send, each with the reaction that is due. */
class HostileXenstoredTest extends ClientHarness {

    @BeforeEach
    void open() {
        connect();
    }

    private static byte[] header(int type, int reqId, int txId, int length) {
        byte[] header = new byte[XsdSockmsg.SIZEOF];
        XsdSockmsg.put(header, 0, type, reqId, txId, length);
        return header;
    }

    @ParameterizedTest
    @ValueSource(ints = {4097, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void x3_x4_shouldGiveUpTheConnection_whenALengthIsTooLong(int length) {
        Fires fires = new Fires();
        watch("w", fires);
        Outcome<String> asked = read("a");
        Outcome<String> other = read("b");
        server.raw(header(XsMessageType.READ.value(), server.last().reqId(), 0, length));
        // What follows would be a good answer, had the header been dropped alone.
        server.reply(server.last(), "never to be believed");
        run();
        asked.assertErrno("EIO");
        other.assertErrno("EIO");
        assertThat(asked.error)
                .hasMessageContaining("len=" + Integer.toUnsignedString(length))
                .hasMessageContaining("4096");
        assertThat(fires.lost).hasSize(1);
        assertDead();
    }

    @Test
    void x3_shouldTakeTheLongestPayload() {
        Outcome<String> outcome = read("a");
        server.reply(server.last(), "x".repeat(4096));
        run();
        assertThat(outcome.value()).hasSize(4096);
    }

    @Test
    void x5_shouldForgiveAFewUnknownReplies_thenGiveUp() {
        int forgiven = OPTIONS.unknownRepliesMax();
        for (int i = 0; i < forgiven; i++) {
            server.send(Msg.of(XsMessageType.READ, 0x1000 + i, 0, "for nobody"));
        }
        run();
        assertThat(store.stats().unknownReplies()).isEqualTo(forgiven);
        assertAlive();
        Outcome<String> asked = read("a");
        server.send(Msg.of(XsMessageType.ERROR, 0, 0, "EIO|"));
        run();
        asked.assertErrno("EIO");
        assertDead();
    }

    @Test
    void x5_shouldNotReuseTheIdOfATimedOutRequest() {
        Outcome<String> silent = read("secret");
        int id = server.last().reqId();
        domain.pass(TIMEOUT_NS);
        assertThat(silent.error()).isInstanceOf(XenTimeoutException.class);
        for (int i = 0; i < 50; i++) {
            Outcome<String> next = read("next");
            assertThat(server.last().reqId()).isNotEqualTo(id);
            server.reply(server.last(), "n");
            run();
            next.value();
        }
        assertThat(store.stats().inFlight()).as("the tombstone").isEqualTo(1);
        server.send(Msg.of(XsMessageType.READ, id, 0, "late"));
        run();
        assertThat(store.stats().inFlight()).isZero();
        assertThat(silent.times).isEqualTo(1);
    }

    @Test
    void x6_shouldCountASecondReply_asUnknown() {
        Outcome<String> outcome = read("a");
        server.reply(server.last(), "first");
        server.reply(server.last(), "second");
        run();
        assertThat(outcome.value()).isEqualTo("first");
        assertThat(store.stats().unknownReplies()).isEqualTo(1);
        assertAlive();
    }

    @Test
    void x7_shouldFailRequest_andGiveUp_whenTheReplyIsOfAnotherType() {
        Outcome<String> asked = read("a");
        Outcome<String> other = read("b");
        Msg first = server.requests.get(0);
        server.send(Msg.of(XsMessageType.DIRECTORY, first.reqId(), 0, "x|"));
        run();
        asked.assertErrno("EBADMSG");
        other.assertErrno("EIO");
        assertDead();
    }

    @Test
    void x7_shouldGiveUp_whenALateReplyIsOfAnotherType() {
        Outcome<String> silent = read("a");
        domain.pass(TIMEOUT_NS);
        silent.error();
        server.send(Msg.of(XsMessageType.WRITE, server.last().reqId(), 0, "OK|"));
        run();
        assertThat(silent.times).isEqualTo(1);
        assertDead();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void x8_shouldGiveUp_whenTheReplyIsOfAnotherTransaction(boolean error) {
        Outcome<String> asked = read("a");
        Msg request = server.last();
        server.send(Msg.of(
                error ? XsMessageType.ERROR : XsMessageType.READ, request.reqId(), 7, error ? "ENOENT|" : "value"));
        run();
        asked.assertErrno("EIO");
        assertDead();
    }

    @Test
    void shouldGiveUp_whenARequestIsAnsweredBeforeItWasSent() {
        // Ids count up, so the next one can be guessed.
        Outcome<String> first = read("a");
        int guessed = server.last().reqId() + 1;
        server.room = 10;
        Outcome<String> second = read("b");
        server.send(Msg.of(XsMessageType.READ, guessed, 0, "forged"));
        run();
        first.assertErrno("EIO");
        second.assertErrno("EIO");
        assertDead();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "|", "w|", "w|t", "w|t|x|", "w|t||"})
    void x10_shouldDropEvent_thatIsNotTwoStrings(String body) {
        Fires fires = new Fires();
        watch("w", fires);
        fires.paths.clear();
        for (int i = 0; i < OPTIONS.unknownRepliesMax(); i++) {
            server.send(Msg.of(XsMessageType.WATCH_EVENT, 0, 0, body));
        }
        run();
        assertThat(fires.paths).isEmpty();
        assertThat(store.stats().badEvents()).isEqualTo(OPTIONS.unknownRepliesMax());
        assertAlive();
        server.send(Msg.of(XsMessageType.WATCH_EVENT, 0, 0, body));
        run();
        assertThat(fires.lost).hasSize(1);
        assertDead();
    }

    @Test
    void x11_shouldIgnoreUnknownTokens_howeverMany() {
        Fires fires = new Fires();
        watch("w", fires);
        fires.paths.clear();
        for (int i = 0; i < 1000; i++) {
            server.event("w", "forged" + i);
        }
        run();
        assertThat(fires.paths).isEmpty();
        assertThat(store.stats().unknownTokens()).isEqualTo(1000);
        assertAlive();
    }

    @Test
    void x13_shouldAnswer_whenTheReplyTricklesByteByByte() {
        server.readMax = 1;
        Outcome<String> outcome = read("a");
        Msg request = server.last();
        byte[] wire = Msg.of(XsMessageType.READ, request.reqId(), 0, "slow").wire();
        for (int i = 0; i < wire.length; i++) {
            assertThat(outcome.isDone()).isFalse();
            server.raw(new byte[] {wire[i]});
            run();
        }
        assertThat(outcome.value()).isEqualTo("slow");
    }

    @Test
    void x13_shouldKeepDeadlines_whenAReplyNeverEnds() {
        Outcome<String> outcome = read("a");
        Msg request = server.last();
        server.raw(header(XsMessageType.READ.value(), request.reqId(), 0, 4096));
        long start = domain.nowNs;
        for (int second = 0; second < 10; second++) {
            server.raw(new byte[] {'x'});
            domain.pass(VirtualDomain.SECOND);
        }
        assertThat(outcome.error()).isInstanceOf(XenTimeoutException.class);
        assertThat(domain.nowNs - start).isEqualTo(10 * VirtualDomain.SECOND);
        // And the end may come after all: the stream is still in step.
        server.raw(new byte[4096 - 10]);
        run();
        assertThat(store.stats().lateReplies()).isEqualTo(1);
        assertAlive();
    }

    @Test
    void shouldEndInBoundedTime_whenTheServerIsSilentForEver() {
        List<Outcome<String>> outcomes = new ArrayList<>();
        for (int i = 0; i < OPTIONS.requestsMax() + 10; i++) {
            outcomes.add(read("x"));
        }
        domain.pass(TIMEOUT_NS);
        assertThat(outcomes).allMatch(outcome -> outcome.times == 1);
        // All ids are tombstones now: no more is kept, and no more is accepted until the server answers.
        Outcome<String> more = read("more");
        run();
        more.assertErrno("ENOBUFS");
        for (Msg request : List.copyOf(server.requests)) {
            server.reply(request, "late");
        }
        run();
        assertThat(store.stats().inFlight()).isZero();
        assertAlive();
    }

    @Test
    void shouldFailEverything_whenTheTransportDies() {
        Fires fires = new Fires();
        watch("w", fires);
        Outcome<String> asked = read("a");
        Outcome<Object> transaction = new Outcome<>();
        store.transaction((tx, end) -> {}, transaction);
        server.reply(server.last(), "5|");
        run();
        server.die("gone");
        run();
        asked.assertErrno("EIO");
        assertThat(asked.error).hasMessageContaining("gone").hasMessageContaining("read a");
        transaction.assertErrno("EIO");
        assertThat(fires.lost).hasSize(1);
        assertDead();
        Fires late = new Fires();
        store.watch("w", late);
        run();
        assertThat(late.lost).hasSize(1);
        assertThat(late.paths).isEmpty();
    }

    /** Whatever comes: every request is answered once and in time, by the right reply or an error. */
    @Property(tries = 400)
    void shouldAnswerEveryRequestOnce_whateverTheServerSends(@ForAll long seed) {
        Random random = new Random(seed);
        ScriptedServer hostile = new ScriptedServer();
        VirtualDomain world = new VirtualDomain();
        XenstoreClient client = new XenstoreClient(hostile, world.loop, OPTIONS);
        hostile.behaviour = request -> misbehave(hostile, request, random);
        List<Outcome<String>> reads = new ArrayList<>();
        List<Outcome<?>> all = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Outcome<String> read = new Outcome<>();
            client.read("k" + i, read);
            reads.add(read);
            all.add(read);
            Outcome<List<String>> directory = new Outcome<>();
            client.directory("d", directory);
            all.add(directory);
            Outcome<Void> transaction = new Outcome<>();
            client.transaction((tx, end) -> tx.write("t", "v", end), transaction);
            all.add(transaction);
            client.watch("w" + i, changed -> {});
            world.pass(random.nextInt(2) * VirtualDomain.SECOND);
        }
        world.pass(300 * VirtualDomain.SECOND);
        for (int i = 0; i < reads.size(); i++) {
            Outcome<String> read = reads.get(i);
            if (read.error == null) {
                assertThat(read.value).as("seed %d", seed).isEqualTo("k" + i);
            }
        }
        assertThat(all).as("seed %d", seed).allMatch(outcome -> outcome.times == 1);
        assertThat(world.errors).as("seed %d", seed).isEmpty();
        client.close();
        assertThat(client.stats().inFlight()).isZero();
    }

    private static void misbehave(ScriptedServer server, Msg request, Random random) {
        String good = switch (request.type()) {
            case READ -> request.strings().get(0);
            case DIRECTORY -> "a|b|";
            case TRANSACTION_START -> "17|";
            default -> "OK|";
        };
        int what = random.nextInt(40);
        switch (what) {
            case 0 -> server.error(request, "EAGAIN");
            case 1 -> server.error(request, "E2BIG");
            case 2 -> server.error(request, "gar\u0001bage");
            case 3 -> {}
            case 4 -> {
                server.reply(request, good);
                server.reply(request, good);
            }
            case 5 -> server.event("w0", "nobody");
            case 6 -> server.send(Msg.of(XsMessageType.WATCH_EVENT, 0, 0, "x"));
            case 7 -> {
                if (random.nextInt(20) == 0) {
                    byte[] garbage = new byte[random.nextInt(40)];
                    random.nextBytes(garbage);
                    server.raw(garbage);
                }
            }
            default -> server.reply(request, good);
        }
    }
}
