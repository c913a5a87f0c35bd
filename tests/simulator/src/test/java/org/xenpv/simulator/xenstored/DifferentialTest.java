package org.xenpv.simulator.xenstored;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.memory.ChronicleMemory;

/**
 * The same requests to our daemon and to the C xenstored, over a unix socket as dom0 and over ring pages as two
 * unprivileged domains: every answer and every watch event must be the same.
 */
@Timeout(300)
class DifferentialTest {

    private static final int DOMAINS = 2;
    private static final int REQUESTS = 1000;

    @TempDir
    Path directory;

    /** One of the two servers, with a client for each domain. */
    private interface Server extends AutoCloseable {
        WireClient dom0() throws Exception;

        WireClient domain(int domid) throws Exception;

        void shutdown(int domid) throws Exception;

        void destroy(int domid) throws Exception;
    }

    private Server real(List<String> options) throws Exception {
        RealXenstored daemon = RealXenstored.start(Files.createDirectory(directory.resolve("real")), DOMAINS, options);
        return new Server() {
            @Override
            public WireClient dom0() throws IOException {
                return daemon.dom0();
            }

            @Override
            public WireClient domain(int domid) throws Exception {
                return daemon.domain(domid);
            }

            @Override
            public void shutdown(int domid) throws IOException {
                daemon.shutdown(domid);
            }

            @Override
            public void destroy(int domid) throws IOException {
                daemon.destroy(domid);
            }

            @Override
            public void close() throws Exception {
                daemon.close();
            }
        };
    }

    private Server ours(Quotas quotas) throws Exception {
        Map<Integer, ChronicleMemory> pages = new HashMap<>();
        for (int domid = 1; domid <= DOMAINS; domid++) {
            pages.put(domid, ChronicleMemory.allocatePages(1));
        }
        XenstoredConfig config = XenstoredConfig.defaults()
                .withQuotas(quotas)
                .withDomainExists(domid -> domid <= DOMAINS)
                .withRings((domid, gfn, port) ->
                        pages.containsKey(domid) ? new GuestRing(pages.get(domid), domid + 10, () -> {}) : null);
        SocketDaemon daemon = new SocketDaemon(directory.resolve("ours"), config);
        return new Server() {
            @Override
            public WireClient dom0() throws IOException {
                return WireClient.ofSocket(daemon.path);
            }

            @Override
            public WireClient domain(int domid) {
                return WireClient.ofRing(pages.get(domid), () -> daemon.events.raise(domid + 10));
            }

            @Override
            public void shutdown(int domid) {
                daemon.on(() -> {
                    daemon.daemon.domainShutdown(domid);
                    return null;
                });
            }

            @Override
            public void destroy(int domid) {
                daemon.on(() -> {
                    daemon.daemon.release(domid);
                    return null;
                });
            }

            @Override
            public void close() {
                assertThat(daemon.on(daemon.daemon::check)).isNull();
                daemon.close();
                pages.values().forEach(ChronicleMemory::close);
            }
        };
    }

    /** Both servers side by side. */
    private static final class Pair implements AutoCloseable {
        private final List<Server> servers;
        private final List<WireClient[]> clients = new ArrayList<>();
        private final Deque<String> history = new ArrayDeque<>();
        private int requests;

        Pair(Server real, Server ours) throws Exception {
            servers = List.of(real, ours);
            for (Server server : servers) {
                WireClient[] each = new WireClient[DOMAINS + 1];
                each[0] = server.dom0();
                clients.add(each);
            }
            for (int domid = 1; domid <= DOMAINS; domid++) {
                introduce(domid);
            }
        }

        void introduce(int domid) throws Exception {
            String answer = ask(0, XsMessageType.INTRODUCE.value(), 0, Payload.of("" + domid, "1", "1"));
            assertThat(answer).endsWith("OK ");
            for (int i = 0; i < servers.size(); i++) {
                clients.get(i)[domid] = servers.get(i).domain(domid);
            }
        }

        /** Asks both, compares answers and watch events, and returns them. */
        String ask(int domid, int type, int txId, byte[] body) throws IOException {
            String request = "dom" + domid + " " + XsMessageType.of(type) + "(" + type + ") tx" + txId + " "
                    + printable(Payload.text(body, 0, body.length));
            history.add(request);
            if (history.size() > 40) {
                history.remove();
            }
            List<String> answers = new ArrayList<>();
            for (WireClient[] each : clients) {
                WireClient.Message answer = askOne(each[domid], type, txId, body);
                answers.add(answer.txId() + " " + XsMessageType.of(answer.type()) + " " + normal(type, answer));
            }
            requests++;
            assertThat(answers.get(1))
                    .as("ours against theirs, after%n%s", String.join("\n", history))
                    .isEqualTo(answers.get(0));
            compareEvents();
            return answers.get(0);
        }

        void compareEvents() throws IOException {
            for (int domid = 0; domid <= DOMAINS; domid++) {
                if (clients.get(0)[domid] == null) {
                    continue;
                }
                List<String> theirs = clients.get(0)[domid].takeEvents();
                List<String> ours = clients.get(1)[domid].takeEvents();
                assertThat(ours)
                        .as("watch events of dom%s, ours against theirs, after%n%s", domid, String.join("\n", history))
                        .isEqualTo(theirs);
            }
        }

        private WireClient.Message askOne(WireClient client, int type, int txId, byte[] body) {
            try {
                return client.ask(type, txId, body);
            } catch (IOException | AssertionError e) {
                String server = List.of(clients.get(0)).contains(client) ? "their" : "our";
                throw new AssertionError(server + " connection broke after\n" + String.join("\n", history), e);
            }
        }

        /**
         * Generations are numbers of the server's own choice. To UNWATCH of a path that cannot be, 4.17 says ENOENT,
         * newer ones EINVAL, as we do.
         */
        private static String normal(int request, WireClient.Message answer) {
            String text = printable(answer.text());
            if (request == XsMessageType.UNWATCH.value() && text.startsWith("E")) {
                return "E...";
            }
            return answer.type() == XsMessageType.DIRECTORY_PART.value() ? text.substring(text.indexOf(' ')) : text;
        }

        private static String printable(String text) {
            String shown = text.replace('\0', ' ');
            return shown.length() > 120 ? shown.substring(0, 100) + "...(" + shown.length() + ")" : shown;
        }

        void forget(int domid) {
            clients.forEach(each -> each[domid] = null);
        }

        @Override
        public void close() throws Exception {
            for (Server server : servers) {
                server.close();
            }
        }
    }

    /** A few, or the one of {@code -Dsim.seed}. */
    static LongStream seeds() {
        Long seed = Long.getLong("sim.seed");
        return seed == null ? LongStream.rangeClosed(1, 6) : LongStream.of(seed);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldAnswerAsTheRealOne_whenQuotasAreSmall(long seed) throws Exception {
        List<String> options = List.of(
                "-E", "20", "-W", "4", "-t", "3", "-A", "3", "-S", "200", "-M", "40", "-Q", "transaction-nodes=12");
        Quotas quotas = new Quotas(20, 4, 3, 20, 12, 3, 40, 200, 1 << 20);
        try (Pair pair = new Pair(real(options), ours(quotas))) {
            new RandomScript(seed, DOMAINS).run(pair::ask, REQUESTS);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldAnswerAsTheRealOne_whenQuotasAreTheDefaults(long seed) throws Exception {
        try (Pair pair = new Pair(real(List.of()), ours(Quotas.defaults()))) {
            new RandomScript(seed, DOMAINS).run(pair::ask, REQUESTS);
        }
    }

    @Test
    void shouldForgetADomainAsTheRealOneDoes() throws Exception {
        try (Pair pair = new Pair(real(List.of()), ours(Quotas.defaults()))) {
            pair.ask(0, XsMessageType.WATCH.value(), 0, Payload.of("/", "all"));
            pair.ask(0, XsMessageType.WATCH.value(), 0, Payload.of("@releaseDomain", "gone"));
            pair.ask(0, XsMessageType.WATCH.value(), 0, Payload.of("@introduceDomain", "come"));
            pair.ask(2, XsMessageType.WATCH.value(), 0, Payload.of("/shared", "shared"));
            pair.ask(2, XsMessageType.WATCH.value(), 0, Payload.of("@releaseDomain", "quiet"));
            pair.ask(0, XsMessageType.WRITE.value(), 0, Payload.of("/local/domain/1/x", "v"));
            pair.ask(0, XsMessageType.SET_PERMS.value(), 0, Payload.of("/local/domain/1", "n1", "r2"));
            pair.ask(1, XsMessageType.WRITE.value(), 0, Payload.of("y/z", "v"));
            pair.ask(0, XsMessageType.WRITE.value(), 0, Payload.of("/shared/a", "v"));
            pair.ask(0, XsMessageType.SET_PERMS.value(), 0, Payload.of("/shared", "r0", "b1"));
            pair.ask(0, XsMessageType.SET_PERMS.value(), 0, Payload.of("/shared/a", "n0", "b1", "r2", "r1"));
            pair.ask(1, XsMessageType.WRITE.value(), 0, Payload.of("/shared/b/c", "v"));
            for (Server server : pair.servers) {
                server.shutdown(1);
            }
            pair.compareEvents();
            pair.ask(0, XsMessageType.RESUME.value(), 0, Payload.of("1"));
            for (Server server : pair.servers) {
                server.destroy(1);
            }
            pair.forget(1);
            pair.compareEvents();
            pair.ask(0, XsMessageType.IS_DOMAIN_INTRODUCED.value(), 0, Payload.of("1"));
            pair.ask(0, XsMessageType.RELEASE.value(), 0, Payload.of("1"));
            pair.ask(0, XsMessageType.DIRECTORY.value(), 0, Payload.of("/local/domain"));
            pair.ask(0, XsMessageType.DIRECTORY.value(), 0, Payload.of("/shared"));
            pair.ask(2, XsMessageType.READ.value(), 0, Payload.of("/shared/a"));
        }
    }

    @Test
    void shouldLetADomainActForItsTargetAsTheRealOneDoes() throws Exception {
        try (Pair pair = new Pair(real(List.of()), ours(Quotas.defaults()))) {
            pair.ask(0, XsMessageType.WRITE.value(), 0, Payload.of("/local/domain/1/x", "v"));
            pair.ask(0, XsMessageType.SET_PERMS.value(), 0, Payload.of("/local/domain/1/x", "n1"));
            pair.ask(0, XsMessageType.WRITE.value(), 0, Payload.of("/open", "v"));
            pair.ask(0, XsMessageType.SET_PERMS.value(), 0, Payload.of("/open", "n0", "b1"));
            pair.ask(2, XsMessageType.READ.value(), 0, Payload.of("/local/domain/1/x"));
            pair.ask(0, XsMessageType.SET_TARGET.value(), 0, Payload.of("2", "9"));
            pair.ask(0, XsMessageType.SET_TARGET.value(), 0, Payload.of("2", "1"));
            pair.ask(2, XsMessageType.READ.value(), 0, Payload.of("/local/domain/1/x"));
            pair.ask(2, XsMessageType.WRITE.value(), 0, Payload.of("/local/domain/1/x", "w"));
            pair.ask(2, XsMessageType.WRITE.value(), 0, Payload.of("/open", "w"));
            pair.ask(2, XsMessageType.WRITE.value(), 0, Payload.of("/open/below", "w"));
            pair.ask(2, XsMessageType.GET_PERMS.value(), 0, Payload.of("/open/below"));
            pair.ask(1, XsMessageType.READ.value(), 0, Payload.of("/open"));
        }
    }

    @Test
    void shouldListLongDirectoriesAsTheRealOneDoes() throws Exception {
        try (Pair pair = new Pair(real(List.of()), ours(Quotas.defaults()))) {
            for (int i = 0; i < 200; i++) {
                pair.ask(0, XsMessageType.MKDIR.value(), 0, Payload.of("/long/a-child-with-a-rather-long-name-" + i));
            }
            pair.ask(0, XsMessageType.DIRECTORY.value(), 0, Payload.of("/long"));
            for (String offset : List.of("0", "1", "4060", "4100", "7999", "8000", "100000", "-1", "x", "", "40x")) {
                pair.ask(0, XsMessageType.DIRECTORY_PART.value(), 0, Payload.of("/long", offset));
            }
            pair.ask(0, XsMessageType.DIRECTORY_PART.value(), 0, Payload.of("/tool/xenstored", "0"));
            pair.ask(0, XsMessageType.DIRECTORY_PART.value(), 0, Payload.of("/tool"));
        }
    }
}
