package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.xenpv.xenstore.VirtualDomain.SECOND;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;

/** Waiting for a condition, against a server with a few nodes and real watches. */
class XenstoreAwaitTest extends ClientHarness {

    private final Map<String, String> nodes = new HashMap<>();
    private final Map<String, String> watched = new HashMap<>();
    private final Outcome<String> outcome = new Outcome<>();
    private int runs;

    @BeforeEach
    void open() {
        server.behaviour = this::serve;
        connect();
    }

    private void serve(Msg request) {
        String path = request.strings().get(0);
        switch (request.type()) {
            case READ -> {
                if (nodes.containsKey(path)) {
                    server.reply(request, nodes.get(path));
                } else {
                    server.error(request, path.startsWith("secret") ? "EACCES" : "ENOENT");
                }
            }
            case WATCH -> {
                watched.put(path, token(request));
                server.ok(request);
                server.event(path, token(request));
            }
            case UNWATCH -> {
                watched.remove(path);
                server.ok(request);
            }
            default -> server.error(request, "ENOSYS");
        }
    }

    private void set(String path, String value) {
        nodes.put(path, value);
        if (watched.containsKey(path)) {
            server.event(path, watched.get(path));
        }
        run();
    }

    private XenstoreAwait<String> await(XenstoreAwait.Condition<String> condition) {
        XenstoreAwait<String> await = XenstoreAwait.start(
                store,
                domain.loop,
                30 * SECOND,
                (reads, answer) -> {
                    runs++;
                    condition.check(reads, answer);
                },
                outcome);
        run();
        return await;
    }

    private static void isFour(XenstoreOps reads, Result<String> answer) {
        reads.read("state", (value, error) -> answer.accept("4".equals(value) ? value : null, error));
    }

    @Test
    void shouldAnswerAtOnce_whenItHolds() {
        nodes.put("state", "4");
        await(XenstoreAwaitTest::isFour);
        assertThat(outcome.value()).isEqualTo("4");
        assertThat(seen(XsMessageType.WATCH)).isEmpty();
    }

    @Test
    void shouldWaitForANodeThatIsNotThereYet() {
        await(XenstoreAwaitTest::isFour);
        assertThat(watched).containsOnlyKeys("state");
        set("state", "3");
        assertThat(outcome.isDone()).isFalse();
        set("state", "4");
        assertThat(outcome.value()).isEqualTo("4");
        assertThat(watched).as("nothing is left watched").isEmpty();
    }

    @Test
    void shouldNotMissAChange_betweenTheReadAndTheWatch() {
        server.behaviour = request -> {
            if (request.type() == XsMessageType.WATCH) {
                nodes.put("state", "4");
            }
            serve(request);
        };
        await(XenstoreAwaitTest::isFour);
        assertThat(outcome.value()).isEqualTo("4");
    }

    @Test
    void shouldNotMissAChange_whileTheConditionIsReading() {
        nodes.put("state", "3");
        await(XenstoreAwaitTest::isFour);
        List<Msg> held = new ArrayList<>();
        server.behaviour = request -> {
            if (request.type() == XsMessageType.READ) {
                held.add(request);
            } else {
                serve(request);
            }
        };
        set("state", "3");
        assertThat(held).as("a run has begun").hasSize(1);
        set("state", "4");
        server.reply(held.get(0), "3");
        run();
        assertThat(held).as("what it read was old: it runs again").hasSize(2);
        server.reply(held.get(1), "4");
        run();
        assertThat(outcome.value()).isEqualTo("4");
    }

    @Test
    void shouldFollowWhatTheConditionReads_fromRunToRun() {
        nodes.put("which", "a");
        await((reads, answer) -> reads.read("which", (which, error) -> {
            if (error != null) {
                answer.accept(null, error);
            } else {
                reads.read(which, (value, failure) -> answer.accept("go".equals(value) ? which : null, failure));
            }
        }));
        assertThat(watched).containsOnlyKeys("which", "a");
        set("which", "b");
        assertThat(watched).containsOnlyKeys("which", "b");
        int before = runs;
        set("a", "go");
        assertThat(runs).as("not read any more").isEqualTo(before);
        set("b", "go");
        assertThat(outcome.value()).isEqualTo("b");
    }

    @Test
    void shouldWaitForAbsence_whenTheConditionMakesSomethingOfIt() {
        nodes.put("state", "4");
        await((reads, answer) -> reads.readAll(
                (values, error) -> answer.accept(error == null && values[0] == null ? "gone" : null, error), "state"));
        assertThat(outcome.isDone()).isFalse();
        nodes.remove("state");
        server.event("state", watched.get("state"));
        run();
        assertThat(outcome.value()).isEqualTo("gone");
    }

    @Test
    void shouldEnd_onOtherErrors() {
        await((reads, answer) -> reads.read("secret", answer));
        outcome.assertErrno("EACCES");
    }

    @Test
    void shouldTimeOut_andSayWhatItWatched() {
        await(XenstoreAwaitTest::isFour);
        domain.pass(30 * SECOND);
        assertThat(outcome.error())
                .isInstanceOf(XenTimeoutException.class)
                .hasMessageContaining("30000 ms")
                .hasMessageContaining("state");
        assertThat(watched).isEmpty();
    }

    @Test
    void shouldTimeOut_whenTheConditionNeverAnswers() {
        await((reads, answer) -> {});
        domain.pass(30 * SECOND);
        assertThat(outcome.error()).isInstanceOf(XenTimeoutException.class);
    }

    @Test
    void shouldEnd_whenTheConditionThrows_orWrites() {
        await((reads, answer) -> reads.write("a", "b", (v, e) -> {}));
        assertThat(outcome.error()).hasCauseInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void shouldEnd_whenTheConnectionDies() {
        await(XenstoreAwaitTest::isFour);
        server.die("gone");
        run();
        outcome.assertErrno("EIO");
    }

    @Test
    void shouldEnd_whenCancelled_andIgnoreWhatComesLater() {
        XenstoreAwait<String> await = await(XenstoreAwaitTest::isFour);
        await.cancel();
        await.cancel();
        run();
        outcome.assertErrno("ECANCELED");
        set("state", "4");
        assertThat(outcome.times).isEqualTo(1);
        assertThat(watched).isEmpty();
    }

    @Test
    void x19_shouldRunOncePerAnswer_howeverOftenItFires() {
        await(XenstoreAwaitTest::isFour);
        int before = runs;
        for (int i = 0; i < 1000; i++) {
            server.event("state", watched.get("state"));
        }
        run();
        assertThat(runs - before).isBetween(1, 100);
    }

    @Test
    void shouldRefuseMisuse() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> XenstoreAwait.start(store, domain.loop, 0, XenstoreAwaitTest::isFour, outcome))
                .withMessageContaining("timeoutNs=0");
    }
}
