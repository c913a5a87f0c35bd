package org.xenpv.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantedPages;

class FaultsTest {

    private static final Duration LONG = Duration.ofMinutes(5);

    /** A port of one domain bound to one of another, and how often each handler was called. */
    private static final class Channel {
        final SimDomain one;
        final SimDomain two;
        final int onePort;
        final int twoPort;
        final AtomicInteger served = new AtomicInteger();
        final EventLoop.Registration registration;

        Channel(SimulatedXen xen) {
            one = xen.createDomain(DomainConfig.named("one"));
            two = xen.createDomain(DomainConfig.named("two"));
            onePort = one.call(guest -> guest.events().allocUnbound(two.domid()));
            twoPort = two.call(guest -> guest.events().bindInterdomain(one.domid(), onePort));
            registration = two.call(guest -> guest.loop().register(twoPort, "counted", budget -> {
                served.incrementAndGet();
                return 1;
            }));
            xen.runFor(Duration.ofSeconds(1));
            served.set(0);
        }

        void send() {
            one.run(guest -> guest.events().send(onePort));
        }

        void close() {
            two.run(guest -> {
                registration.cancel();
                guest.events().close(twoPort);
            });
            one.run(guest -> guest.events().close(onePort));
        }
    }

    @Test
    void shouldLoseEveryEvent_whenAllAreDropped() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            Channel channel = new Channel(xen);
            xen.inject(Faults.none().withEventsDropped(1000));
            channel.send();
            xen.runFor(Duration.ofSeconds(1));
            assertThat(channel.served.get()).isZero();

            xen.heal();
            channel.send();
            xen.runFor(Duration.ofSeconds(1));
            assertThat(channel.served.get()).isEqualTo(1);
            channel.close();
            xen.assertNothingLeaked();
        }
    }

    @Test
    void shouldDeliverLater_whenDelayed() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            Channel channel = new Channel(xen);
            xen.inject(Faults.none().withEventsDelayed(1000).withDelayMaxNs(1_000_000_000));
            long sentNs = xen.clock().nanoTime();
            channel.send();

            assertThat(xen.runUntil(() -> channel.served.get() == 1, LONG)).isTrue();

            assertThat(xen.clock().nanoTime() - sentNs).isBetween(10_000L, 1_001_000_000L);
        }
    }

    @Test
    void shouldDeliverTwice_whenDoubled() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            Channel channel = new Channel(xen);
            xen.inject(Faults.none().withEventsDoubled(1000));
            channel.send();
            xen.runFor(Duration.ofSeconds(1));
            assertThat(channel.served.get()).isEqualTo(2);
        }
    }

    @Test
    void shouldWakeSomebodyForNothing_whenSpurious() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            Channel channel = new Channel(xen);
            xen.inject(Faults.none().withEventsSpurious(1000));
            for (int i = 0; i < 20; i++) {
                channel.send();
                xen.runFor(Duration.ofMillis(10));
            }
            assertThat(channel.served.get()).isGreaterThan(20);
        }
    }

    @Test
    void shouldDropNothingToAClosedPort_whenDelayed() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            Channel channel = new Channel(xen);
            xen.inject(Faults.none().withEventsDelayed(1000).withDelayMaxNs(1_000_000_000));
            channel.send();
            channel.close();
            xen.runFor(Duration.ofSeconds(2));
            assertThat(channel.served.get()).isZero();
            assertThat(channel.two.hypervisorDomain().strayPorts()).isEmpty();
        }
    }

    @Test
    void shouldRefuseToMap_whenMapsAreRefused() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            SimDomain one = xen.createDomain(DomainConfig.named("one"));
            GrantedPages pages = one.call(guest -> guest.grants().grant(0, 2, GrantAccess.READ_WRITE, "test"));
            int[] grefs = {pages.gref(0), pages.gref(1)};
            xen.inject(Faults.none().withMapsRefused(1000));

            assertThatThrownBy(() -> xen.dom0().run(guest -> guest.mapper().map(1, grefs, 2, GrantAccess.READ_WRITE)))
                    .isInstanceOfSatisfying(
                            GrantMapException.class, e -> assertThat(e.status()).isEqualTo(-13));

            xen.heal();
            xen.dom0()
                    .run(guest -> guest.mapper()
                            .map(1, grefs, 2, GrantAccess.READ_WRITE)
                            .close());
            one.run(guest -> pages.release());
            xen.assertNothingLeaked();
        }
    }

    @Test
    void shouldHaveNoMemoryToGrant_whenMemoryIsRefused() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            SimDomain one = xen.createDomain(DomainConfig.named("one"));
            xen.inject(Faults.none().withMemoryRefused(1000));

            assertThatThrownBy(() -> one.run(guest -> guest.grants().grant(0, 1, GrantAccess.READ_ONLY, "test")))
                    .isInstanceOf(GrantExhaustedException.class);

            xen.heal();
            one.run(guest ->
                    guest.grants().grant(0, 1, GrantAccess.READ_ONLY, "test").release());
            xen.assertNothingLeaked();
        }
    }

    /** First everything goes wrong that a driver must survive, then nothing: and all that was asked is answered. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void shouldAnswerEveryXenstoreRequest_whateverBecomesOfEvents(long seed) {
        try (SimulatedXen xen = SimulatedXen.deterministic(seed)) {
            SimDomain domain = xen.createDomain(DomainConfig.named("asking"));
            xen.inject(Faults.weather().withEventsDropped(200));
            AtomicInteger good = new AtomicInteger();
            AtomicInteger bad = new AtomicInteger();
            domain.run(guest -> {
                for (int i = 0; i < 100; i++) {
                    guest.store().write("data/key" + i % 7, "" + i, (ok, error) -> {
                        (error == null ? good : bad).incrementAndGet();
                    });
                }
            });

            assertThat(xen.runUntil(() -> good.get() + bad.get() == 100, LONG)).isTrue();
            assertThat(bad.get()).isZero();

            xen.heal();
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }

    @Test
    void shouldRefuseRatiosThatCannotBe() {
        assertThatThrownBy(() -> Faults.none().withEventsDropped(1001)).hasMessageContaining("eventsDropped=1001");
        assertThatThrownBy(() -> Faults.none().withMapsRefused(-1)).hasMessageContaining("mapsRefused=-1");
        assertThatThrownBy(() -> Faults.none().withEventsDropped(600).withEventsDelayed(500))
                .hasMessageContaining("=1100");
        assertThatThrownBy(() -> Faults.none().withDelayMaxNs(0)).hasMessageContaining("delayMaxNs=0");
    }
}
