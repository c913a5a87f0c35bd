package org.xenpv.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.grant.MappedPages;
import org.xenpv.grant.abi.AbiGrantTable;
import org.xenpv.memory.SharedMemory;
import org.xenpv.xenbus.BareGuest;
import org.xenpv.xenbus.BareGuest.EventAbi;

/** Two guests meet through nothing but the hypervisor: a page granted and mapped, and events to and fro. */
class TwoDomainsTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final int ROUNDS = 200;

    static Stream<Arguments> hosts() {
        List<Arguments> hosts = new ArrayList<>();
        for (boolean live : new boolean[] {false, true}) {
            for (EventAbi abi : List.of(EventAbi.TWO_LEVEL, EventAbi.FIFO)) {
                for (int version = 1; version <= 2; version++) {
                    hosts.add(Arguments.of(live, abi, version));
                }
            }
        }
        return hosts.stream();
    }

    /** One half: adds one to the word of the shared page whenever it is its turn, and tells the other. */
    private static final class Player implements EventLoop.Handler {
        private final EventLoop loop;
        private final SharedMemory page;
        private final int port;
        private final int parity;
        private final AtomicInteger moves = new AtomicInteger();
        private EventLoop.Registration registration;

        Player(EventLoop loop, SharedMemory page, int port, int parity) {
            this.loop = loop;
            this.page = page;
            this.port = port;
            this.parity = parity;
        }

        void start() {
            registration = loop.register(port, "player" + parity, this);
        }

        @Override
        public int poll(int budget) {
            int word = page.getIntAcquire(0);
            if (word >= ROUNDS || word % 2 != parity) {
                return 0;
            }
            page.putIntRelease(0, word + 1);
            moves.incrementAndGet();
            loop.events().send(port);
            return 1;
        }

        void stop() {
            registration.cancel();
            loop.events().close(port);
        }
    }

    @ParameterizedTest(name = "live={0} {1} v{2}")
    @MethodSource("hosts")
    void shouldPlayPingPongOverAGrantedPage(boolean live, EventAbi abi, int version) {
        BareGuest.Options options = BareGuest.Options.defaults()
                .withEvents(abi)
                .withGrants(AbiGrantTable.Options.defaults().withVersion(version));
        try (SimulatedXen xen = live ? SimulatedXen.live() : SimulatedXen.deterministic(7)) {
            SimDomain one = xen.createDomain(DomainConfig.named("one").withGuest(options));
            SimDomain other = xen.createDomain(DomainConfig.named("other").withGuest(options));
            int otherId = other.domid();
            int oneId = one.domid();

            GrantedPages granted =
                    one.call(guest -> guest.grants().grant(otherId, 1, GrantAccess.READ_WRITE, "ping-pong"));
            int unbound = one.call(guest -> guest.events().allocUnbound(otherId));
            Player first = new Player(one.guest().loop(), granted.memory(), unbound, 0);
            one.run(guest -> first.start());

            MappedPages mapped = other.call(
                    guest -> guest.mapper().map(oneId, new int[] {granted.gref(0)}, 1, GrantAccess.READ_WRITE));
            int bound = other.call(guest -> guest.events().bindInterdomain(oneId, unbound));
            Player second = new Player(other.guest().loop(), mapped.memory(), bound, 1);
            other.run(guest -> second.start());

            assertThat(one.await(() -> granted.memory().getIntAcquire(0) >= ROUNDS, LONG))
                    .isTrue();
            assertThat(first.moves.get()).isEqualTo(ROUNDS / 2);
            assertThat(second.moves.get()).isEqualTo(ROUNDS / 2);

            assertThat(xen.leaks()).hasSizeGreaterThanOrEqualTo(4);
            assertThat(one.<Boolean>call(guest -> granted.release())).isFalse();
            other.run(guest -> {
                second.stop();
                mapped.close();
            });
            one.run(guest -> first.stop());
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }
}
