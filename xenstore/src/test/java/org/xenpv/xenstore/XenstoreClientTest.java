package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;

/** Each operation as messages and back, with an honest server. */
class XenstoreClientTest extends ClientHarness {

    @BeforeEach
    void open() {
        connect();
    }

    @Test
    void shouldRead() {
        Outcome<String> outcome = read("name");
        assertThat(server.last()).hasToString("READ[0] name|");
        assertThat(outcome.isDone()).isFalse();
        server.reply(server.last(), "Domain|0\u00ff");
        run();
        assertThat(outcome.value()).as("octets, NULs and all").isEqualTo("Domain\u00000\u00ff");
    }

    @Test
    void shouldTellErrno_whenServerRefuses() {
        Outcome<String> outcome = read("name");
        server.error(server.last(), "EACCES");
        run();
        outcome.assertErrno("EACCES");
        assertThat(outcome.error).hasMessageContaining("read name");
        assertAlive();
    }

    @Test
    void shouldReadAllInOneRoundTrip_missingOnesAsNull() {
        Outcome<String[]> outcome = new Outcome<>();
        int flushes = server.flushes;
        store.readAll(outcome, "a", "b", "c");
        assertThat(server.flushes).as("one notification").isEqualTo(flushes + 1);
        assertThat(server.requests).hasSize(3);
        server.reply(server.requests.get(2), "3");
        server.error(server.requests.get(1), "ENOENT");
        server.reply(server.requests.get(0), "");
        run();
        assertThat(outcome.value()).containsExactly("", null, "3");
    }

    @Test
    void shouldFailReadAll_onFirstOtherError_afterAllAnswered() {
        Outcome<String[]> outcome = new Outcome<>();
        store.readAll(outcome, "a", "b");
        server.error(server.requests.get(0), "EACCES");
        run();
        assertThat(outcome.isDone()).isFalse();
        server.reply(server.requests.get(1), "x");
        run();
        outcome.assertErrno("EACCES");
    }

    @Test
    void shouldCompleteEmptyBatches() {
        Outcome<String[]> reads = new Outcome<>();
        Outcome<Void> writes = new Outcome<>();
        store.readAll(reads);
        store.writeAll(writes);
        assertThat(reads.isDone()).as("never from inside the call").isFalse();
        run();
        assertThat(reads.value()).isEmpty();
        assertThat(writes.value()).isNull();
        assertThat(server.requests).isEmpty();
    }

    @Test
    void shouldWrite() {
        Outcome<Void> outcome = new Outcome<>();
        store.write("a/b", "v|w", outcome);
        assertThat(server.last()).hasToString("WRITE[0] a/b|v|w");
        server.ok(server.last());
        run();
        assertThat(outcome.value()).isNull();
    }

    @Test
    void x18_shouldSurfaceQuotaErrors_andNotRetry() {
        for (String errno : new String[] {"EQUOTA", "ENOSPC", "E2BIG"}) {
            Outcome<Void> outcome = new Outcome<>();
            int before = server.requests.size();
            store.writeAll(outcome, "a", "1", "b", "2");
            server.ok(server.requests.get(before));
            server.error(server.requests.get(before + 1), errno);
            run();
            outcome.assertErrno(errno);
            assertThat(server.requests).hasSize(before + 2);
        }
    }

    @Test
    void shouldMakeAndRemove_aMissingNodeIsNoErrorToRemove() {
        Outcome<Void> mkdir = new Outcome<>();
        Outcome<Void> remove = new Outcome<>();
        Outcome<Void> refused = new Outcome<>();
        store.mkdir("d", mkdir);
        assertThat(server.last()).hasToString("MKDIR[0] d|");
        server.ok(server.last());
        store.remove("d", remove);
        assertThat(server.last()).hasToString("RM[0] d|");
        server.error(server.last(), "ENOENT");
        store.remove("/", refused);
        server.error(server.last(), "EINVAL");
        run();
        mkdir.value();
        remove.value();
        refused.assertErrno("EINVAL");
    }

    @Test
    void shouldListDirectory() {
        Outcome<List<String>> outcome = new Outcome<>();
        Outcome<List<String>> empty = new Outcome<>();
        store.directory("device", outcome);
        assertThat(server.last()).hasToString("DIRECTORY[0] device|");
        server.reply(server.last(), "vbd|vif|");
        store.directory("none", empty);
        server.reply(server.last(), "");
        run();
        assertThat(outcome.value()).containsExactly("vbd", "vif");
        assertThat(empty.value()).isEmpty();
    }

    @Test
    void shouldReadDirectoryInParts_whenTooLongForAMessage() {
        Outcome<List<String>> outcome = new Outcome<>();
        store.directory("l", outcome);
        server.error(server.last(), "E2BIG");
        run();
        assertThat(server.last()).hasToString("DIRECTORY_PART[0] l|0|");
        server.reply(server.last(), "17|a|bb|");
        run();
        assertThat(server.last()).as("offset in bytes of names").hasToString("DIRECTORY_PART[0] l|5|");
        server.reply(server.last(), "17|c||");
        run();
        assertThat(outcome.value()).containsExactly("a", "bb", "c");
    }

    @Test
    void x21_shouldRestartDirectory_whenItChanges_andGiveUpAfterFive() {
        Outcome<List<String>> outcome = new Outcome<>();
        store.directory("l", outcome);
        server.error(server.last(), "E2BIG");
        run();
        int generation = 0;
        while (!outcome.isDone()) {
            assertThat(generation).isLessThan(100);
            server.reply(server.last(), generation++ + "|a|");
            run();
        }
        outcome.assertErrno("EAGAIN");
        assertThat(seen(XsMessageType.DIRECTORY_PART)).hasSize(12);
    }

    @Test
    void x21_shouldReadDirectory_whenItChangedOnce() {
        Outcome<List<String>> outcome = new Outcome<>();
        store.directory("l", outcome);
        server.error(server.last(), "E2BIG");
        run();
        server.reply(server.last(), "1|old|");
        run();
        server.reply(server.last(), "2|d||");
        run();
        assertThat(server.last()).hasToString("DIRECTORY_PART[0] l|0|");
        server.reply(server.last(), "2|new|d||");
        run();
        assertThat(outcome.value()).containsExactly("new", "d");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "1|", "1|a", "|x"})
    void x9_shouldRefuseDirectoryPart_whenNotExactlyTheForm(String body) {
        Outcome<List<String>> outcome = new Outcome<>();
        store.directory("l", outcome);
        server.error(server.last(), "E2BIG");
        run();
        server.reply(server.last(), body);
        run();
        outcome.assertErrno("EBADMSG");
        assertAlive();
    }

    @Test
    void shouldSayE2big_whenServerHasNoDirectoryPart() {
        Outcome<List<String>> outcome = new Outcome<>();
        store.directory("l", outcome);
        server.error(server.last(), "E2BIG");
        run();
        server.error(server.last(), "ENOSYS");
        run();
        outcome.assertErrno("E2BIG");
    }

    @ParameterizedTest
    @ValueSource(strings = {"..|", "a/b|", "|", "a|x y|", "a\n|", "no-nul", "a|no-nul"})
    void x22_shouldRefuseChildren_thatAreNoNames(String body) {
        Outcome<List<String>> outcome = new Outcome<>();
        store.directory("d", outcome);
        server.reply(server.last(), body);
        run();
        outcome.assertErrno("EBADMSG");
        assertAlive();
    }

    @Test
    void x21_shouldCapChildren() {
        Outcome<List<String>> full = new Outcome<>();
        Outcome<List<String>> over = new Outcome<>();
        store.directory("d", full);
        server.reply(server.last(), "a|".repeat(1000));
        store.directory("d", over);
        server.reply(server.last(), "a|".repeat(1001));
        run();
        assertThat(full.value()).hasSize(1000);
        over.assertErrno("E2BIG");
        assertThat(over.error).hasMessageContaining("1001").hasMessageContaining("1000");
    }

    @Test
    void shouldGetAndSetPermissions() {
        Outcome<XenstorePermissions> got = new Outcome<>();
        Outcome<XenstorePermissions> bad = new Outcome<>();
        Outcome<Void> set = new Outcome<>();
        store.getPermissions("d", got);
        assertThat(server.last()).hasToString("GET_PERMS[0] d|");
        server.reply(server.last(), "n5|r0|");
        store.getPermissions("d", bad);
        server.reply(server.last(), "n5|q0|");
        store.setPermissions("d", XenstorePermissions.readableBy(5, 0), set);
        assertThat(server.last()).hasToString("SET_PERMS[0] d|n5|r0|");
        server.ok(server.last());
        run();
        assertThat(got.value()).isEqualTo(XenstorePermissions.readableBy(5, 0));
        bad.assertErrno("EBADMSG");
        set.value();
    }

    @Test
    void shouldAskAboutDomains() {
        Outcome<String> path = new Outcome<>();
        Outcome<String> badPath = new Outcome<>();
        Outcome<Boolean> introduced = new Outcome<>();
        Outcome<Boolean> not = new Outcome<>();
        Outcome<Boolean> bad = new Outcome<>();
        store.getDomainPath(5, path);
        assertThat(server.last()).hasToString("GET_DOMAIN_PATH[0] 5|");
        server.reply(server.last(), "/local/domain/5|");
        store.getDomainPath(5, badPath);
        server.reply(server.last(), "../5|");
        store.isDomainIntroduced(5, introduced);
        assertThat(server.last()).hasToString("IS_DOMAIN_INTRODUCED[0] 5|");
        server.reply(server.last(), "T|");
        store.isDomainIntroduced(6, not);
        server.reply(server.last(), "F|");
        store.isDomainIntroduced(6, bad);
        server.reply(server.last(), "Tx|");
        run();
        assertThat(path.value()).isEqualTo("/local/domain/5");
        badPath.assertErrno("EBADMSG");
        assertThat(introduced.value()).isTrue();
        assertThat(not.value()).isFalse();
        bad.assertErrno("EBADMSG");
    }

    @Test
    void shouldSendControlCommands() {
        Outcome<Void> introduce = new Outcome<>();
        Outcome<Void> release = new Outcome<>();
        Outcome<Void> target = new Outcome<>();
        Outcome<Void> resume = new Outcome<>();
        store.introduce(5, 0xfeffcL, 3, introduce);
        store.release(5, release);
        store.setTarget(5, 6, target);
        store.resume(5, resume);
        assertThat(server.requests.stream().map(Msg::toString))
                .containsExactly("INTRODUCE[0] 5|1044476|3|", "RELEASE[0] 5|", "SET_TARGET[0] 5|6|", "RESUME[0] 5|");
        server.requests.forEach(server::ok);
        run();
        introduce.value();
        release.value();
        target.value();
        resume.value();
        assertThatIllegalArgumentException().isThrownBy(() -> store.introduce(5, -1, 3, introduce));
        assertThatIllegalArgumentException().isThrownBy(() -> store.introduce(5, 1, 0, introduce));
        assertThatIllegalArgumentException().isThrownBy(() -> store.release(-1, introduce));
    }

    @Test
    void shouldMatchReplies_inAnyOrder() {
        Outcome<String> first = read("first");
        Outcome<String> second = read("second");
        server.reply(server.requests.get(1), "2");
        run();
        assertThat(first.isDone()).isFalse();
        assertThat(second.value()).isEqualTo("2");
        server.reply(server.requests.get(0), "1");
        run();
        assertThat(first.value()).isEqualTo("1");
    }

    @Test
    void shouldNumberRequests_neverZero_neverTwice() {
        Set<Integer> ids = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            read("x");
            assertThat(server.last().reqId()).isNotZero();
            assertThat(ids.add(server.last().reqId())).isTrue();
        }
        assertThat(server.requests.get(0).reqId()).as("random start").isNotEqualTo(1);
    }

    @Test
    void shouldPassOverZero_whenIdsWrap() {
        store.close();
        server = new ScriptedServer();
        // The seed from which ids begin at 2^32 - 1.
        connect(OPTIONS.withSeed(-2409101007336103617L));
        read("a");
        read("b");
        assertThat(server.requests.stream().map(Msg::reqId)).containsExactly(-1, 1);
    }

    @Test
    void shouldRefuseBadArguments_atTheCall() {
        Outcome<Void> none = new Outcome<>();
        assertThatIllegalArgumentException().isThrownBy(() -> read("a//b"));
        assertThatIllegalArgumentException().isThrownBy(() -> store.write("a ", "", none));
        assertThatIllegalArgumentException().isThrownBy(() -> store.readAll((v, e) -> {}, "a", ""));
        assertThatIllegalArgumentException().isThrownBy(() -> store.writeAll(none, "a"));
        assertThatIllegalArgumentException().isThrownBy(() -> store.writeAll(none, "a", "1", "b", "\u1234"));
        assertThatIllegalArgumentException().isThrownBy(() -> store.watch("/x/", changed -> {}));
        assertThatNullPointerException().isThrownBy(() -> store.read("a", null));
        assertThatNullPointerException().isThrownBy(() -> store.write("a", null, none));
        assertThat(server.requests).as("nothing of it was sent").isEmpty();
        run();
        assertThat(none.isDone()).isFalse();
    }

    @Test
    void shouldRefusePayload_beyondWhatTheTransportCarries() {
        Outcome<Void> outcome = new Outcome<>();
        store.write("p", "x".repeat(4094), outcome);
        assertThat(server.last().body()).hasSize(4096);
        server.ok(server.last());
        run();
        outcome.value();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.write("p", "x".repeat(4095), outcome))
                .withMessageContaining("payloadBytes=4097")
                .withMessageContaining("4096 (XENSTORE_PAYLOAD_MAX)");
        server.payloadMax = 4080;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.write("p", "x".repeat(4079), outcome))
                .withMessageContaining("4081")
                .withMessageContaining("4080 on this transport");
        assertThat(server.requests).hasSize(1);
    }

    @Test
    void shouldNotCallBack_fromInsideACall_norInsideACallback() {
        int[] depth = {0};
        boolean[] nested = {false};
        store.close();
        store.read("a", (value, error) -> {
            depth[0]++;
            store.read("b", (v, e) -> nested[0] = depth[0] != 0);
            depth[0]--;
        });
        assertThat(nested[0]).isFalse();
        run();
        assertThat(depth[0]).isZero();
        assertThat(nested[0]).isFalse();
    }

    @Test
    void shouldTellOthers_afterTheCallbackThatCloses() {
        Outcome<String> other = new Outcome<>();
        boolean[] told = {false};
        store.read("a", (value, error) -> {
            store.close();
            told[0] = other.isDone();
        });
        store.read("b", other);
        server.reply(server.requests.get(0), "v");
        run();
        assertThat(told[0]).as("not from inside").isFalse();
        other.assertErrno("ECONNABORTED");
    }

    @Test
    void shouldGoOn_whenACallbackThrows() {
        store.read("a", (value, error) -> {
            throw new IllegalStateException("callback");
        });
        Outcome<String> other = read("b");
        server.requests.forEach(request -> server.reply(request, "x"));
        run();
        assertThat(other.value()).isEqualTo("x");
        assertThat(domain.errors).hasSize(1);
        assertThat(domain.errors.get(0)).hasMessage("callback");
        domain.errors.clear();
        assertAlive();
    }

    @Test
    void shouldFailWhatIsInFlight_whenClosed() {
        Outcome<String> sent = read("a");
        server.room = 5;
        Outcome<String> waiting = read("b");
        store.close();
        sent.assertErrno("ECONNABORTED");
        waiting.assertErrno("ECONNABORTED");
        store.close();
        Outcome<String> after = read("c");
        run();
        after.assertErrno("ECONNABORTED");
        assertThat(server.closed).isTrue();
    }

    @Test
    void shouldSendAsRoomAppears() {
        server.room = 10;
        Outcome<String> first = read("first");
        Outcome<String> second = read("second");
        assertThat(server.requests).isEmpty();
        while (server.requests.size() < 2) {
            server.room = 1;
            server.attention();
            run();
        }
        assertThat(server.requests.get(0)).hasToString("READ[0] first|");
        assertThat(server.requests.get(1)).hasToString("READ[0] second|");
        server.requests.forEach(request -> server.reply(request, request.text()));
        run();
        assertThat(first.value()).isEqualTo("first\0");
        assertThat(second.value()).isEqualTo("second\0");
    }

    @Test
    void shouldRefuse_whenTooManyAreUnanswered() {
        store.close();
        server = new ScriptedServer();
        connect(OPTIONS.withRequestsMax(3));
        server.room = 0;
        for (int i = 0; i < 3; i++) {
            read("x");
        }
        Outcome<String> fourth = read("y");
        run();
        fourth.assertErrno("ENOBUFS");
        assertThat(fourth.error).hasMessageContaining("requests=3, must be below 3");
        assertThat(store.stats().refused()).isEqualTo(1);
        server.room = Long.MAX_VALUE;
        server.attention();
        run();
        assertThat(server.requests).hasSize(3);
        server.requests.forEach(server::ok);
        run();
        assertAlive();
    }

    @Test
    void shouldResetWatchesFirst_whenAsked() {
        store.close();
        server = new ScriptedServer();
        connect(OPTIONS.withResetWatches(true));
        assertThat(server.last()).hasToString("RESET_WATCHES[0] |");
        server.error(server.last(), "ENOSYS");
        run();
        assertAlive();
    }

    @Test
    void shouldRefuseBadOptions() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OPTIONS.withRequestTimeoutNs(0))
                .withMessageContaining("requestTimeoutNs=0");
        assertThatIllegalArgumentException().isThrownBy(() -> OPTIONS.withRequestsMax(0));
    }

    @Test
    void x14_shouldTimeOut_andOthersGoOn() {
        Outcome<String> silent = read("silent");
        Msg unanswered = server.last();
        domain.pass(TIMEOUT_NS - 1);
        assertThat(silent.isDone()).isFalse();
        assertThat(server.awaiting()).isTrue();
        domain.pass(1);
        assertThat(silent.error()).isInstanceOf(XenTimeoutException.class).hasMessageContaining("read silent");
        assertThat(server.kicks).as("perhaps our event was lost").isEqualTo(1);
        assertAlive();
        server.reply(unanswered, "late");
        run();
        assertThat(silent.times).isEqualTo(1);
        assertThat(store.stats().lateReplies()).isEqualTo(1);
        assertThat(store.stats().unknownReplies()).isZero();
        assertThat(server.awaiting()).isFalse();
    }

    @Test
    void shouldForgetRequest_whenItTimesOutUnsent_butFinishWhatIsHalfSent() {
        server.room = 4;
        Outcome<String> half = read("half");
        Outcome<String> unsent = read("unsent");
        domain.pass(TIMEOUT_NS);
        assertThat(half.error()).isInstanceOf(XenTimeoutException.class);
        assertThat(unsent.error()).isInstanceOf(XenTimeoutException.class);
        server.room = Long.MAX_VALUE;
        Outcome<String> next = read("next");
        assertThat(server.requests.stream().map(Msg::text)).containsExactly("half|", "next|");
        server.requests.forEach(request -> server.reply(request, "x"));
        run();
        assertThat(next.value()).isEqualTo("x");
        assertThat(store.stats().lateReplies()).isEqualTo(1);
    }
}
