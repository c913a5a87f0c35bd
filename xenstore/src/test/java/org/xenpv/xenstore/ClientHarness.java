package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.xenstore.VirtualDomain.SECOND;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.xenpv.fault.XenException;
import org.xenpv.io.xs.XsMessageType;

/** A client in virtual time against a scripted server. */
abstract class ClientHarness {

    static final XenstoreClient.Options OPTIONS = XenstoreClient.Options.DEFAULT.withSeed(42);
    static final long TIMEOUT_NS = OPTIONS.requestTimeoutNs();

    final VirtualDomain domain = new VirtualDomain();
    ScriptedServer server = new ScriptedServer();
    XenstoreClient store;

    /** Every call of a watch's handler. */
    static final class Fires implements XenstoreWatch.Handler {
        final List<String> paths = new ArrayList<>();
        final List<XenException> lost = new ArrayList<>();

        @Override
        public void fired(String changed) {
            paths.add(changed);
        }

        @Override
        public void lost(XenException why) {
            lost.add(why);
        }
    }

    void connect() {
        connect(OPTIONS);
    }

    void connect(XenstoreClient.Options options) {
        store = new XenstoreClient(server, domain.loop, options);
        domain.run();
    }

    void run() {
        domain.run();
    }

    Outcome<String> read(String path) {
        Outcome<String> outcome = new Outcome<>();
        store.read(path, outcome);
        return outcome;
    }

    /** Requests of one type, in order. */
    List<Msg> seen(XsMessageType type) {
        return server.requests.stream().filter(r -> r.type() == type).toList();
    }

    Msg only(XsMessageType type) {
        List<Msg> seen = seen(type);
        assertThat(seen).hasSize(1);
        return seen.get(0);
    }

    /** Registers a watch and has it answered and fired. */
    XenstoreWatch watch(String path, XenstoreWatch.Handler handler) {
        XenstoreWatch watch = store.watch(path, handler);
        server.ok(server.last());
        run();
        return watch;
    }

    static String token(Msg watch) {
        return watch.strings().get(1);
    }

    void assertDead() {
        Outcome<String> outcome = read("after");
        run();
        outcome.assertErrno("EIO");
        assertThat(server.closed).isTrue();
        assertThat(store.isDead()).isTrue();
    }

    void assertAlive() {
        Outcome<String> outcome = read("alive");
        assertThat(server.last().text()).isEqualTo("alive|");
        server.reply(server.last(), "yes");
        run();
        assertThat(outcome.value()).isEqualTo("yes");
        assertThat(store.isDead()).isFalse();
    }

    /** Whatever happened: everybody is told, in bounded time, and nothing is kept. */
    @AfterEach
    void nothingIsLeft() {
        if (store == null) {
            return;
        }
        domain.pass(60 * SECOND);
        store.close();
        run();
        assertThat(store.stats().inFlight()).as("in flight").isZero();
        assertThat(domain.errors).isEmpty();
    }
}
