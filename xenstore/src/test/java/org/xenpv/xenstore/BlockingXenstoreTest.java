package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenpv.xenstore.VirtualDomain.SECOND;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopThread;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;

/** The waiting facade, run by its caller in virtual time and by a thread of its own in real time. */
class BlockingXenstoreTest {

    private final ScriptedServer server = new ScriptedServer();
    private final TinyStore tiny = new TinyStore(server);
    private final VirtualDomain domain = new VirtualDomain();
    private EventLoopThread thread;
    private EventLoop loop;
    private BlockingXenstore store;

    private void open(boolean threaded) {
        open(threaded ? realLoop() : domain.loop, threaded);
    }

    private static EventLoop realLoop() {
        Clock clock = System::nanoTime;
        return new EventLoop(new WakeOnlyEvents(clock), clock, new ConcurrentInbox());
    }

    private void open(EventLoop onLoop, boolean threaded) {
        loop = onLoop;
        XenstoreClient client = new XenstoreClient(server, loop, XenstoreClient.Options.DEFAULT);
        if (threaded) {
            thread = EventLoopThread.start(loop, "test-loop");
        }
        store = new BlockingXenstore(client, loop);
    }

    @AfterEach
    void close() {
        if (store != null) {
            store.close();
            assertThat(server.closed).isTrue();
        }
        if (thread != null) {
            thread.close();
        }
        assertThat(domain.errors).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldDoEveryOperation(boolean threaded) {
        open(threaded);
        store.write("a", "1");
        store.writeAll("b", "2", "c", "3");
        store.mkdir("d");
        assertThat(store.read("a")).isEqualTo("1");
        assertThat(store.readOrNull("nothing")).isNull();
        assertThat(store.readAll("b", "nothing", "c")).containsExactly("2", null, "3");
        assertThat(store.directory("d")).containsExactly("a", "b", "c", "d");
        store.remove("a");
        assertThatThrownBy(() -> store.read("a"))
                .isInstanceOfSatisfying(
                        XenstoreException.class, e -> assertThat(e.is("ENOENT")).isTrue())
                .hasMessageContaining("read a");
        assertThat(store.permissions("d")).isEqualTo(XenstorePermissions.readableBy(0, 5));
        store.setPermissions("d", XenstorePermissions.readableBy(0, 5));
        assertThat(store.domainPath(5)).isEqualTo("/local/domain/5");
        assertThat(store.isDomainIntroduced(5)).isTrue();
        assertThatIllegalArgumentException().isThrownBy(() -> store.read("a b"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldRunATransactionAgain_whenItConflicts(boolean threaded) {
        open(threaded);
        tiny.conflicts = 2;
        int[] runs = {0};
        String result = store.transaction(tx -> {
            tx.write("n", Integer.toString(++runs[0]));
            return tx.read("n");
        });
        assertThat(result).isEqualTo("3");
        assertThat(runs[0]).isEqualTo(3);
        assertThat(server.requests.stream()
                        .filter(r -> r.type() == XsMessageType.WRITE)
                        .map(Msg::txId))
                .containsExactly(1, 2, 3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldAbortAndRethrow_whenTheBodyThrows(boolean threaded) {
        open(threaded);
        IllegalStateException mine = new IllegalStateException("mine");
        assertThatThrownBy(() -> store.transaction(tx -> {
                    throw mine;
                }))
                .isSameAs(mine);
        AssertionError bug = new AssertionError("bug");
        assertThatThrownBy(() -> store.transaction(tx -> {
                    throw bug;
                }))
                .isSameAs(bug);
        assertThatThrownBy(() -> store.transaction(tx -> tx.read("nothing")))
                .isInstanceOfSatisfying(
                        XenstoreException.class, e -> assertThat(e.is("ENOENT")).isTrue());
        assertThat(server.requests.stream()
                        .filter(r -> r.type() == XsMessageType.TRANSACTION_END)
                        .map(Msg::text))
                .containsExactly("F|", "F|", "F|");
    }

    @Test
    void shouldGiveUpATransaction_thatAlwaysConflicts() {
        open(false);
        tiny.conflicts = 1000;
        assertThatThrownBy(() -> store.transaction(tx -> null))
                .isInstanceOfSatisfying(
                        XenstoreException.class, e -> assertThat(e.is("EAGAIN")).isTrue());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldAwaitAValue(boolean threaded) throws InterruptedException {
        open(threaded);
        tiny.nodes.put("state", "1");
        Thread writer = null;
        if (threaded) {
            writer = new Thread(() -> {
                store.write("state", "2");
                store.write("state", "4");
            });
            writer.start();
        } else {
            loop.at(
                    loop.clock().nanoTime() + SECOND,
                    () -> tiny.request(new Msg(XsMessageType.WRITE, 12345, 0, Msg.bytes("state|4"))));
        }
        assertThat(store.awaitValue(10 * SECOND, "state", "3", "4")).isEqualTo("4");
        if (writer != null) {
            writer.join();
        }
    }

    @Test
    void shouldTimeOut() {
        open(false);
        assertThatThrownBy(() -> store.awaitValue(SECOND, "never", "x")).isInstanceOf(XenTimeoutException.class);
        server.behaviour = request -> {};
        assertThatThrownBy(() -> store.read("silent"))
                .isInstanceOf(XenTimeoutException.class)
                .hasMessageContaining("read silent");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldServeManyThreads_whetherOrNotOneOwnsTheLoop(boolean owned) throws InterruptedException {
        open(realLoop(), owned);
        List<Thread> threads = new ArrayList<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        for (int t = 0; t < 8; t++) {
            String name = "t" + t;
            Thread worker = new Thread(() -> {
                try {
                    for (int i = 0; i < 50; i++) {
                        store.write(name, Integer.toString(i));
                        assertThat(store.read(name)).isEqualTo(Integer.toString(i));
                    }
                } catch (Throwable wrong) {
                    failure.set(wrong);
                }
            });
            threads.add(worker);
            worker.start();
        }
        for (Thread worker : threads) {
            worker.join();
        }
        assertThat(failure.get()).isNull();
        assertThat(store.directory("x")).hasSize(8);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldWatch(boolean threaded) throws InterruptedException {
        open(threaded);
        CountDownLatch fired = new CountDownLatch(2);
        XenstoreWatch watch = store.watch("w", changed -> fired.countDown());
        store.write("w", "1");
        store.write("w", "2");
        store.read("w");
        assertThat(fired.await(threaded ? 30 : 0, TimeUnit.SECONDS)).isTrue();
        watch.cancel();
        store.read("w");
        assertThat(server.requests.stream().filter(r -> r.type() == XsMessageType.UNWATCH))
                .hasSize(1);
        assertThatIllegalArgumentException().isThrownBy(() -> store.watch("w/", changed -> {}));
    }

    @Test
    void shouldRefuseToWait_insideACallOfTheLoop() {
        open(false);
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        loop.at(loop.clock().nanoTime(), () -> {
            try {
                store.read("a");
            } catch (IllegalStateException expected) {
                thrown.set(expected);
            }
        });
        domain.run();
        assertThat(thrown.get()).hasMessageContaining("inside a call of the loop");
    }

    @Test
    void shouldSayItWasInterrupted() {
        open(true);
        server.behaviour = request -> {};
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> store.read("a")).hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }
}
