package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.xenpv.xenstore.VirtualDomain.SECOND;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;

/** Losing the connection and getting it back; suspend and resume. */
class ReconnectTest extends ClientHarness {

    private final Fires fires = new Fires();

    private void connectReconnectable() {
        server.offersReconnect = true;
        connect();
        watch("w", fires);
        fires.paths.clear();
    }

    @Test
    void x25_shouldRegisterWatchesAgainOnce_andFireEach() {
        connectReconnectable();
        String token = token(server.last());
        Outcome<String> inFlight = read("a");
        server.die("oops");
        run();
        inFlight.assertErrno("EIO");
        assertThat(fires.lost).isEmpty();
        assertThat(fires.paths).isEmpty();
        assertThat(server.reconnects).isEqualTo(1);
        Outcome<String> waiting = read("b");
        run();
        assertThat(waiting.isDone()).isFalse();
        server.open();
        run();
        assertThat(seen(XsMessageType.WATCH)).hasSize(2);
        assertThat(token(seen(XsMessageType.WATCH).get(1))).isEqualTo(token);
        server.ok(seen(XsMessageType.WATCH).get(1));
        server.reply(seen(XsMessageType.READ).get(1), "v");
        run();
        assertThat(fires.paths).containsExactly("w");
        assertThat(waiting.value()).isEqualTo("v");
        assertThat(store.stats().reconnects()).isEqualTo(1);
        assertAlive();
    }

    @Test
    void shouldNotSendTheRestOfAHalfSentRequest_overTheNewConnection() {
        connectReconnectable();
        server.room = 7;
        Outcome<String> half = read("half");
        server.die("oops");
        run();
        half.assertErrno("EIO");
        server.room = Long.MAX_VALUE;
        server.open();
        run();
        server.ok(server.last());
        run();
        assertAlive();
    }

    @Test
    void shouldDropTheHalfReceivedReply() {
        connectReconnectable();
        Outcome<String> outcome = read("a");
        byte[] wire =
                Msg.of(XsMessageType.READ, server.last().reqId(), 0, "value").wire();
        server.raw(Arrays.copyOf(wire, wire.length - 2));
        run();
        server.die("oops");
        run();
        outcome.assertErrno("EIO");
        server.open();
        run();
        server.ok(server.last());
        run();
        assertAlive();
    }

    @Test
    void shouldGiveUp_whenTheServerDoesNotComeBack() {
        connectReconnectable();
        server.die("oops");
        run();
        Outcome<String> waiting = read("b");
        domain.pass(OPTIONS.reconnectTimeoutNs() - 1);
        assertThat(waiting.error()).isInstanceOf(XenTimeoutException.class);
        assertThat(fires.lost).isEmpty();
        domain.pass(1);
        assertThat(fires.lost).hasSize(1);
        assertDead();
    }

    @Test
    void x24_shouldGiveUp_whenTheConnectionFlaps() {
        connectReconnectable();
        int deaths = 0;
        while (!server.closed) {
            assertThat(deaths++).isLessThan(100);
            server.die("again");
            run();
            server.open();
            run();
        }
        assertThat(server.reconnects).isEqualTo(OPTIONS.reconnectsPerMinute());
        assertThat(fires.lost).hasSize(1);
        assertDead();
    }

    @Test
    void x24_shouldGiveUp_whenTheOtherEndResetsAgainAndAgain() {
        connectReconnectable();
        int resets = 0;
        while (!server.closed) {
            assertThat(resets++).isLessThan(100);
            server.state = XenstoreTransport.State.CONNECTING;
            server.attention();
            run();
            server.open();
            run();
        }
        assertThat(resets).isEqualTo(OPTIONS.reconnectsPerMinute() + 1);
        assertDead();
    }

    @Test
    void shouldReconnectAgain_whenAMinuteHasPassed() {
        connectReconnectable();
        for (int i = 0; i < 3 * OPTIONS.reconnectsPerMinute(); i++) {
            server.die("seldom");
            run();
            server.open();
            run();
            server.ok(server.last());
            domain.pass(15 * SECOND);
        }
        assertThat(fires.lost).isEmpty();
        assertAlive();
    }

    @Test
    void shouldWait_whenTheConnectionIsNotOpenAtFirst() {
        server.state = XenstoreTransport.State.CONNECTING;
        connect();
        Outcome<String> early = read("a");
        store.watch("w", fires);
        run();
        assertThat(server.requests).isEmpty();
        assertThat(server.awaiting()).isTrue();
        server.open();
        run();
        assertThat(seen(XsMessageType.WATCH)).hasSize(1);
        server.ok(only(XsMessageType.WATCH));
        server.reply(only(XsMessageType.READ), "v");
        run();
        assertThat(early.value()).isEqualTo("v");
        assertThat(fires.paths).containsExactly("w");
    }

    @Test
    void shouldComeToRest_beforeSuspend_andHoldBackWhatIsNew() {
        connect();
        watch("w", fires);
        fires.paths.clear();
        Outcome<String> inFlight = read("before");
        Msg before = server.last();
        Outcome<Void> quiet = new Outcome<>();
        store.suspend(quiet);
        assertThatIllegalStateException().isThrownBy(() -> store.suspend(quiet));
        Outcome<String> held = read("held");
        Fires newFires = new Fires();
        store.watch("new", newFires);
        run();
        assertThat(server.last()).isEqualTo(before);
        assertThat(quiet.isDone()).isFalse();
        server.reply(before, "v");
        run();
        assertThat(inFlight.value()).isEqualTo("v");
        quiet.value();

        ScriptedServer old = server;
        server = new ScriptedServer();
        store.resume(server);
        run();
        assertThat(old.closed).isTrue();
        assertThat(held.isDone()).isFalse();
        assertThat(server.requests.stream().map(request -> request.strings().get(0)))
                .containsExactlyInAnyOrder("held", "w", "new");
        server.reply(only(XsMessageType.READ), "v2");
        seen(XsMessageType.WATCH).forEach(server::ok);
        run();
        assertThat(held.value()).isEqualTo("v2");
        assertThat(fires.paths).containsExactly("w");
        assertThat(newFires.paths).containsExactly("new");
        old.raw(Msg.of(XsMessageType.READ, 1, 0, "ghost").wire());
        run();
        assertThat(store.stats().unknownReplies()).isZero();
        assertAlive();
    }

    @Test
    void shouldLetATransactionFinish_beforeSuspend() {
        connect();
        XenstoreOps[] tx = new XenstoreOps[1];
        Outcome<String> outcome = new Outcome<>();
        store.transaction(
                (ops, end) -> {
                    tx[0] = ops;
                    ops.read("a", end);
                },
                outcome);
        server.reply(server.last(), "5|");
        run();
        Outcome<Void> quiet = new Outcome<>();
        store.suspend(quiet);
        Outcome<Void> second = new Outcome<>();
        store.transaction((ops, end) -> end.accept(null, null), second);
        run();
        assertThat(seen(XsMessageType.TRANSACTION_START)).hasSize(1);
        server.reply(server.last(), "v");
        run();
        assertThat(quiet.isDone()).isFalse();
        server.ok(only(XsMessageType.TRANSACTION_END));
        run();
        assertThat(outcome.value()).isEqualTo("v");
        quiet.value();
        store.resume();
        assertThat(seen(XsMessageType.TRANSACTION_START))
                .as("cancelled: the same connection goes on")
                .hasSize(2);
        server.reply(server.last(), "6|");
        run();
        server.ok(server.last());
        run();
        second.value();
    }

    @Test
    void shouldGoOnAsBefore_whenSuspendIsCancelled() {
        connect();
        watch("w", fires);
        Outcome<Void> quiet = new Outcome<>();
        store.suspend(quiet);
        run();
        quiet.value();
        Fires newFires = new Fires();
        store.watch("new", newFires);
        run();
        assertThat(seen(XsMessageType.WATCH)).hasSize(1);
        store.resume();
        assertThat(seen(XsMessageType.WATCH)).as("the old watch is still there").hasSize(2);
        server.ok(server.last());
        run();
        assertThat(newFires.paths).containsExactly("new");
        assertAlive();
    }

    @Test
    void shouldSayWhatDidNotFinish_whenSuspendTakesTooLong() {
        connect();
        Outcome<String> silent = read("a");
        domain.pass(SECOND);
        store.transaction((ops, end) -> {}, new Outcome<String>());
        server.reply(server.last(), "5|");
        run();
        Outcome<Void> quiet = new Outcome<>();
        store.suspend(quiet);
        domain.pass(TIMEOUT_NS);
        assertThat(quiet.error()).isInstanceOf(XenTimeoutException.class).hasMessageContaining("transactions=1");
        silent.error();
        server = new ScriptedServer();
        store.resume(server);
        assertAlive();
    }

    @Test
    void shouldFailWhatIsInFlight_whenTheTransportIsReplaced() {
        connect();
        Outcome<String> inFlight = read("a");
        Outcome<Void> quiet = new Outcome<>();
        store.suspend(quiet);
        server = new ScriptedServer();
        store.resume(server);
        run();
        inFlight.assertErrno("EIO");
        quiet.assertErrno("ECANCELED");
        assertAlive();
    }

    @Test
    void shouldServeAgain_whenADeadConnectionIsReplaced() {
        connect();
        server.die("gone");
        run();
        assertDead();
        server = new ScriptedServer();
        store.resume(server);
        run();
        watch("w", fires);
        assertThat(fires.paths).containsExactly("w");
        assertAlive();
        store.close();
        assertThatIllegalStateException().isThrownBy(() -> store.resume(new ScriptedServer()));
    }
}
