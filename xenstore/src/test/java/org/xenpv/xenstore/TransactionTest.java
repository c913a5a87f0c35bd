package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.xenpv.xenstore.VirtualDomain.MS;
import static org.xenpv.xenstore.VirtualDomain.SECOND;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;

class TransactionTest extends ClientHarness {

    private final Outcome<String> outcome = new Outcome<>();
    private XenstoreOps tx;
    private Result<String> end;

    @BeforeEach
    void open() {
        connect();
    }

    /** Begins a transaction whose body does nothing by itself: the test does. */
    private void begin(String id) {
        store.transaction(
                (ops, result) -> {
                    tx = ops;
                    end = result;
                },
                outcome);
        assertThat(server.last()).hasToString("TRANSACTION_START[0] |");
        server.reply(server.last(), id);
        run();
    }

    @Test
    void shouldCommit() {
        begin("4294967295|");
        Outcome<Void> write = new Outcome<>();
        tx.write("a", "1", write);
        assertThat(server.last()).hasToString("WRITE[-1] a|1");
        server.ok(server.last());
        run();
        write.value();
        end.accept("done", null);
        assertThat(server.last()).hasToString("TRANSACTION_END[-1] T|");
        assertThat(outcome.isDone()).isFalse();
        server.ok(server.last());
        run();
        assertThat(outcome.value()).isEqualTo("done");
    }

    @Test
    void shouldPipelineReads_andEndOnlyWhenAllAreAnswered() {
        begin("7|");
        Outcome<String> a = new Outcome<>();
        Outcome<String[]> bc = new Outcome<>();
        tx.read("a", a);
        tx.readAll(bc, "b", "c");
        end.accept("done", null);
        assertThat(server.requests).hasSize(4);
        assertThat(seen(XsMessageType.TRANSACTION_END)).isEmpty();
        for (Msg read : seen(XsMessageType.READ)) {
            assertThat(read.txId()).isEqualTo(7);
            server.reply(read, read.text());
        }
        run();
        assertThat(a.value()).isEqualTo("a\0");
        assertThat(bc.value()).hasSize(2);
        server.ok(only(XsMessageType.TRANSACTION_END));
        run();
        assertThat(outcome.value()).isEqualTo("done");
    }

    @Test
    void shouldAbort_whenBodyEndsWithError() {
        begin("7|");
        end.accept(null, new XenstoreException("EQUOTA", "write a"));
        assertThat(server.last()).hasToString("TRANSACTION_END[7] F|");
        server.ok(server.last());
        run();
        outcome.assertErrno("EQUOTA");
        assertThat(seen(XsMessageType.TRANSACTION_START)).as("no retry").hasSize(1);
    }

    @Test
    void shouldAbort_whenBodyThrows() {
        store.transaction(
                (ops, result) -> {
                    throw new IllegalStateException("oops");
                },
                outcome);
        server.reply(server.last(), "7|");
        run();
        assertThat(server.last()).hasToString("TRANSACTION_END[7] F|");
        server.error(server.last(), "ENOENT");
        run();
        assertThat(outcome.error()).hasMessageContaining("oops").hasRootCauseMessage("oops");
    }

    @Test
    void shouldAbort_whenBodyThrowsAnError_andTellTheLoop() {
        store.transaction(
                (ops, result) -> {
                    throw new AssertionError("bug");
                },
                outcome);
        server.reply(server.last(), "7|");
        run();
        server.ok(only(XsMessageType.TRANSACTION_END));
        run();
        assertThat(outcome.error()).hasRootCauseMessage("bug");
        assertThat(domain.errors).hasSize(1);
        domain.errors.clear();
    }

    @Test
    void shouldAbort_whenBodyNeverEnds() {
        begin("7|");
        domain.pass(OPTIONS.transactionTimeoutNs() - 1);
        assertThat(seen(XsMessageType.TRANSACTION_END)).isEmpty();
        domain.pass(1);
        assertThat(only(XsMessageType.TRANSACTION_END)).hasToString("TRANSACTION_END[7] F|");
        server.ok(server.last());
        run();
        assertThat(outcome.error()).isInstanceOf(XenTimeoutException.class).hasMessageContaining("10000 ms");
        // It is not the body's fault that its transaction ended: its late calls are answered, not thrown at.
        Outcome<String> late = new Outcome<>();
        tx.read("a", late);
        run();
        late.assertErrno("ECONNABORTED");
        end.accept("late", null);
        run();
        assertThat(seen(XsMessageType.TRANSACTION_END)).hasSize(1);
        assertThat(outcome.times).isEqualTo(1);
    }

    @Test
    void shouldRefuseUse_afterEnd() {
        begin("7|");
        end.accept("v", null);
        assertThatIllegalStateException().isThrownBy(() -> tx.read("a", (v, e) -> {}));
        end.accept("w", null);
        end.accept(null, new XenException("x"));
        server.ok(only(XsMessageType.TRANSACTION_END));
        run();
        assertThat(outcome.value()).isEqualTo("v");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0|",
                "",
                "|",
                "-1|",
                "+1|",
                "1x|",
                " 1|",
                "01|",
                "0x1|",
                "4294967296|",
                "99999999999999999999|",
                "1|2|",
                "OK|"
            })
    void x16_shouldRefuseTransactionId_thatIsNotStrictDecimal(String id) {
        begin(id);
        outcome.assertErrno("EBADMSG");
        assertThat(tx)
                .as("the body never runs: its operations would be outside any transaction")
                .isNull();
        assertThat(server.requests).hasSize(1);
        assertAlive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1|", "1", "2147483648|", "4294967295|"})
    void x16_shouldTakeTransactionId_thatIsStrictDecimal(String id) {
        begin(id);
        assertThat(tx).isNotNull();
        end.accept(null, null);
        assertThat(Integer.toUnsignedString(only(XsMessageType.TRANSACTION_END).txId()))
                .isEqualTo(id.replace("|", ""));
    }

    @Test
    void x17_shouldGiveUp_afterTenConflicts_withGrowingJitteredPauses() {
        int[] runs = {0};
        store.transaction(
                (ops, result) -> {
                    runs[0]++;
                    result.accept("never", null);
                },
                outcome);
        long before = 0;
        for (int round = 1; round <= 10; round++) {
            assertThat(seen(XsMessageType.TRANSACTION_START)).hasSize(round);
            server.reply(server.last(), round + "|");
            run();
            assertThat(server.last().type()).isEqualTo(XsMessageType.TRANSACTION_END);
            server.error(server.last(), "EAGAIN");
            run();
            if (round < 10) {
                long start = domain.nowNs;
                domain.loop.runUntil(
                        () -> server.last().type() == XsMessageType.TRANSACTION_START, start + 10 * SECOND);
                long pause = domain.nowNs - start;
                long period = Math.min(10 * MS << (round - 1), SECOND);
                assertThat(pause).as("pause %d", round).isBetween(period / 2, period);
                assertThat(pause).isNotEqualTo(period / 2);
                before += pause;
            }
        }
        outcome.assertErrno("EAGAIN");
        assertThat(outcome.error).hasMessageContaining("conflicts=10");
        assertThat(runs[0]).isEqualTo(10);
        assertThat(store.stats().conflicts()).isEqualTo(10);
        assertThat(before).isBetween(SECOND, 4 * SECOND);
        domain.pass(20 * SECOND);
        assertThat(seen(XsMessageType.TRANSACTION_START)).as("and never again").hasSize(10);
    }

    @Test
    void x17_shouldCommit_whenTheConflictPasses() {
        store.transaction((ops, result) -> result.accept("v", null), outcome);
        server.error(server.last(), "EAGAIN");
        domain.pass(SECOND);
        server.reply(server.last(), "3|");
        run();
        server.error(server.last(), "EAGAIN");
        domain.pass(SECOND);
        server.reply(server.last(), "4|");
        run();
        assertThat(server.last()).hasToString("TRANSACTION_END[4] T|");
        server.ok(server.last());
        run();
        assertThat(outcome.value()).isEqualTo("v");
        assertThat(store.stats().conflicts()).isEqualTo(2);
        assertThat(store.stats().transactions()).isEqualTo(2);
    }

    /** What a xenstored says that has taken another's place by force (live update) and knows nothing of its transactions. */
    @Test
    void shouldBeginAgain_whenTheServerHasForgottenTheTransactionItCommits() {
        begin("7|");
        end.accept("first", null);
        server.error(only(XsMessageType.TRANSACTION_END), "ENOENT");
        domain.pass(SECOND);
        server.reply(server.last(), "8|");
        run();
        end.accept("second", null);
        assertThat(server.last()).hasToString("TRANSACTION_END[8] T|");
        server.ok(server.last());
        run();
        assertThat(outcome.value()).isEqualTo("second");
        assertThat(store.stats().conflicts()).isEqualTo(1);
    }

    /** The body saw a node missing that is there: it was read in a transaction that was not. */
    @Test
    void shouldBeginAgain_whenTheServerHasForgottenTheTransactionInWhichNothingWasFound() {
        begin("7|");
        tx.read("a", (value, error) -> end.accept(value, error));
        server.error(server.last(), "ENOENT");
        run();
        assertThat(server.last()).hasToString("TRANSACTION_END[7] F|");
        server.error(server.last(), "ENOENT");
        domain.pass(SECOND);
        server.reply(server.last(), "8|");
        run();
        tx.read("a", (value, error) -> end.accept(value, error));
        server.reply(server.last(), "there");
        run();
        server.ok(server.last());
        run();
        assertThat(outcome.value()).isEqualTo("there");
    }

    /** The ring is full for longer than the deadline: the server must not keep the transaction for ever. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldAbortLate_whenItsEndCouldNotBeSentInTime(boolean commit) {
        begin("7|");
        server.room = 0;
        end.accept("v", commit ? null : new XenstoreException("EQUOTA", "body"));
        domain.pass(TIMEOUT_NS);
        if (commit) {
            assertThat(outcome.error()).isInstanceOf(XenTimeoutException.class);
        } else {
            outcome.assertErrno("EQUOTA");
        }
        assertThat(seen(XsMessageType.TRANSACTION_END)).isEmpty();
        domain.pass(TIMEOUT_NS);
        server.room = Long.MAX_VALUE;
        server.attention();
        run();
        assertThat(only(XsMessageType.TRANSACTION_END)).hasToString("TRANSACTION_END[7] F|");
        server.ok(server.last());
        run();
        assertThat(store.stats().inFlight()).isZero();
        assertAlive();
    }

    /** What a transaction was for can be over before it is tried again. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldNotTryAgain_whenTheBodyDoesNotWantTo(boolean atStart) {
        boolean[] wanted = {true};
        store.transaction(
                new Xenstore.TransactionBody<String>() {
                    @Override
                    public void run(XenstoreOps ops, Result<String> result) {
                        result.accept("v", null);
                    }

                    @Override
                    public boolean again() {
                        return wanted[0];
                    }
                },
                outcome);
        for (int round = 1; round <= 2; round++) {
            if (!atStart) {
                server.reply(server.last(), round + "|");
                run();
            }
            server.error(server.last(), "EAGAIN");
            run();
            if (round == 1) {
                domain.pass(SECOND);
                assertThat(seen(XsMessageType.TRANSACTION_START)).hasSize(2);
            }
        }
        wanted[0] = false;
        domain.pass(20 * SECOND);
        outcome.assertErrno("EAGAIN");
        assertThat(outcome.error).hasMessageContaining("conflicts=2");
        assertThat(seen(XsMessageType.TRANSACTION_START)).hasSize(2);
    }

    @Test
    void shouldFail_whenTheBodyThrowsAtBeingAskedWhetherToTryAgain() {
        store.transaction(
                new Xenstore.TransactionBody<String>() {
                    @Override
                    public void run(XenstoreOps ops, Result<String> result) {}

                    @Override
                    public boolean again() {
                        throw new IllegalStateException("oops");
                    }
                },
                outcome);
        server.error(server.last(), "EAGAIN");
        domain.pass(SECOND);
        assertThat(outcome.error()).hasRootCauseMessage("oops");
        assertThat(seen(XsMessageType.TRANSACTION_START)).hasSize(1);
    }

    @Test
    void x17_shouldEndTheTransactionBeforeItsRetry_whenAnOperationConflicts() {
        store.transaction((ops, result) -> ops.read("a", result), outcome);
        server.reply(server.last(), "3|");
        run();
        server.error(server.last(), "EAGAIN");
        run();
        assertThat(server.last()).hasToString("TRANSACTION_END[3] F|");
        domain.pass(SECOND);
        assertThat(seen(XsMessageType.TRANSACTION_START)).hasSize(1);
        server.ok(server.last());
        domain.pass(SECOND);
        server.reply(server.last(), "4|");
        run();
        server.reply(server.last(), "v");
        run();
        server.ok(server.last());
        run();
        assertThat(outcome.value()).isEqualTo("v");
    }

    @Test
    void x18_shouldAbort_whenAWriteMeetsAQuota() {
        store.transaction((ops, result) -> ops.write("a", "b", (v, error) -> result.accept(null, error)), outcome);
        server.reply(server.last(), "3|");
        run();
        server.error(server.last(), "ENOSPC");
        run();
        assertThat(server.last()).hasToString("TRANSACTION_END[3] F|");
        server.ok(server.last());
        run();
        outcome.assertErrno("ENOSPC");
    }

    @Test
    void shouldSurfaceTransactionQuota() {
        store.transaction((ops, result) -> result.accept("v", null), outcome);
        server.error(server.last(), "EBUSY");
        run();
        outcome.assertErrno("EBUSY");
    }

    @Test
    void shouldEndTransaction_thatIsGrantedTooLate() {
        store.transaction((ops, result) -> result.accept("v", null), outcome);
        domain.pass(TIMEOUT_NS);
        assertThat(outcome.error()).isInstanceOf(XenTimeoutException.class);
        server.reply(server.last(), "9|");
        run();
        assertThat(server.last()).as("nothing leaks at the server").hasToString("TRANSACTION_END[9] F|");
        server.ok(server.last());
        run();
    }

    @Test
    void shouldTellTheBodysError_whenTheAbortIsNotAnswered() {
        begin("7|");
        end.accept(null, new XenException("mine"));
        domain.pass(TIMEOUT_NS);
        assertThat(outcome.error()).hasMessage("mine");
    }

    @Test
    void shouldTimeOut_whenTheCommitIsNotAnswered() {
        begin("7|");
        end.accept("v", null);
        domain.pass(TIMEOUT_NS);
        assertThat(outcome.error()).isInstanceOf(XenTimeoutException.class).hasMessageContaining("commit");
        assertThat(seen(XsMessageType.TRANSACTION_START))
                .as("the outcome is unknown: no retry")
                .hasSize(1);
    }

    @Test
    void shouldNotCarryATransactionOver_toANewConnection() {
        server.offersReconnect = true;
        begin("7|");
        Outcome<String> read = new Outcome<>();
        tx.read("a", read);
        end.accept("v", null);
        server.die("broken");
        run();
        outcome.assertErrno("EIO");
        read.assertErrno("EIO");
        int before = server.requests.size();
        server.open();
        run();
        assertAlive();
        assertThat(server.requests).as("no TRANSACTION_END of the old life").hasSize(before + 1);
    }
}
