package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenpv.event.EventLoopLimits;
import org.xenpv.event.EventLoopStats;
import org.xenpv.io.netif.Netif;
import org.xenpv.ring.SharedRing;
import org.xenpv.scenarios.hostile.HostileNetback.CtrlRequest;
import org.xenpv.scenarios.hostile.HostileNetback.Ring;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.BareGuest;
import org.xenpv.xenbus.XenbusState;

/** Rows E for a network interface: events that come too often, for nothing, too early, too late, or not at all. */
class HostileNetEventTest {

    /** The watchdog's period, and a little. */
    private static final Duration FOUND = Duration.ofMillis(250);

    private static EventLoopStats loop(HostileNetHost host) {
        return host.guest.guest().loop().stats();
    }

    @ParameterizedTest
    @EnumSource(Ring.class)
    @OnSimulatedXen
    void E1_aStormOfEventsForNothingIsSlowedDown_andTheNeighbourDoesNotNotice(Ring ring, SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY)) {
            long eventsBefore = loop(host).events();
            EventStorm storm = new EventStorm(host.evil, host.evil.wire(ring).port(), 20_000, () -> {});
            xen.runFor(Duration.ofSeconds(1));
            assertThat(storm.sent).isGreaterThan(10_000);
            assertThat(loop(host).events() - eventsBefore)
                    .as("events let through")
                    .isBetween(3L, 40L);
            assertThat(loop(host).delayedUnmasks()).isPositive();
            for (int i = 0; i < 20; i++) {
                host.assertNeighbourWorks();
            }
            host.sendAndTake(1).forEach(request -> host.evil.putTx(request.id(), Netif.NETIF_RSP_OKAY));
            host.evil.publish(host.evil.tx);
            host.evil.deliver(HostileNetHost.frame(1));
            host.await(() -> host.received.size() == 1 && host.vif.stats().txResponses() == 1, FOUND);
            assertThat(host.vif.stats().faults()).isZero();
            storm.over = true;
        }
    }

    /** With one port for both directions, and every event for nothing while packets wait to be answered. */
    @SimulatedXenTest
    void E1_aStormOnAPortForBothDirectionsIsSlowedDown(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.PLAINLY)) {
            host.sendAndTake(50);
            long eventsBefore = loop(host).events();
            EventStorm storm = new EventStorm(host.evil, host.evil.tx.port(), 20_000, () -> {});
            xen.runFor(Duration.ofSeconds(1));
            assertThat(loop(host).events() - eventsBefore).isBetween(3L, 40L);
            host.assertNeighbourWorks();
            storm.over = true;
        }
    }

    /** Every event brings one honest packet, so none is for nothing. */
    @SimulatedXenTest
    void E2_eventsThatEachBringAPacketAreLetThroughAtTheAgreedRate(SimulatedXen xen) {
        BareGuest.Options slow =
                BareGuest.Options.defaults().withLoop(EventLoopLimits.DEFAULT.withReenable(1_000_000, 4));
        try (HostileNetHost host = new HostileNetHost(
                        xen, DomainConfig.named("guest").withGuest(slow))
                .connect(HostileNetHost.PLAIN, HostileNetHost.PLAINLY)) {
            long events = loop(host).events();
            EventStorm storm = new EventStorm(host.evil, host.evil.rx.port(), 10_000, () -> {
                if (host.evil.putNextRxIfAny(60)) {
                    host.evil.rx.publish();
                }
            });
            xen.runFor(Duration.ofMillis(200));
            assertThat(storm.sent).isGreaterThan(5_000);
            assertThat(host.received).hasSizeGreaterThan(1_000);
            assertThat(loop(host).events() - events).isBetween(190L, 230L);
            assertThat(host.vif.stats().faults()).isZero();
            assertThat(host.vif.stats().drops()).isEmpty();
            storm.over = true;
        }
    }

    @SimulatedXenTest
    void E2_aStormWithOnePacketPerEventDoesNotStarveTheNeighbour(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.PLAINLY)) {
            EventStorm storm = new EventStorm(host.evil, host.evil.rx.port(), 1_000, () -> {
                if (host.evil.putNextRxIfAny(60)) {
                    host.evil.rx.publish();
                }
            });
            for (int round = 0; round < 20; round++) {
                xen.runFor(Duration.ofMillis(1));
                host.assertNeighbourWorks();
            }
            storm.over = true;
            assertThat(host.received).hasSizeGreaterThan(1_000);
            assertThat(host.vif.stats().faults()).isZero();
        }
    }

    @SimulatedXenTest
    void E3_aPacketWithoutItsEventIsFound(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY)) {
            for (int round = 1; round <= 5; round++) {
                host.evil
                        .rx
                        .memory()
                        .putInt(SharedRing.RSP_EVENT_OFFSET, 0x12345678); // an honest one would not tell us
                host.evil.putNextRx(0, 0, 60);
                host.evil.rx.publish();
                int packets = round;
                host.await(() -> host.received.size() == packets, FOUND);
            }
            host.assertInService();
        }
    }

    @SimulatedXenTest
    void E3_answersWithoutTheirEventAreFound_onEveryRingOnWhichOneIsAwaited(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY)) {
            host.sendAndTake(3).forEach(request -> host.evil.putTx(request.id(), Netif.NETIF_RSP_OKAY));
            host.evil.tx.memory().putInt(SharedRing.RSP_EVENT_OFFSET, 0x12345678);
            host.evil.tx.publish();
            host.await(() -> host.vif.stats().txResponses() == 3, FOUND);

            host.askForHash();
            for (int step = 0; step < 7; step++) {
                CtrlRequest asked = host.evil.takeCtrl();
                host.evil.putCtrl(asked.id(), asked.type(), Netif.XEN_NETIF_CTRL_STATUS_SUCCESS, 0xff);
                host.evil.ctrl.publish();
                int done = step;
                host.await(() -> done < 6 ? host.evil.ctrl.untaken() == 1 : host.hashAnswers.size() == 1, FOUND);
            }
            assertThat(host.hashAnswers.get(0)).isNull();
            host.assertInService();
        }
    }

    /** Our event may be lost as well: it is sent again while there is something to answer, and only then. */
    @SimulatedXenTest
    void E3_R10_aBackendThatMissedOurEventGetsAnotherOne(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY)) {
            int[] events = new int[1];
            var registration = host.evilDomain.call(g -> g.loop().register(host.evil.tx.port(), "evil", budget -> {
                events[0]++;
                return 0;
            }));
            xen.runFor(Duration.ofSeconds(1));
            events[0] = 0;
            host.evil.tx.memory().putInt(SharedRing.REQ_EVENT_OFFSET, 0x40000000);
            int id = host.sendAndTake(1).get(0).id();
            xen.runFor(Duration.ofMillis(1));
            assertThat(events[0]).isZero();
            host.await(() -> events[0] > 0, Duration.ofMillis(500));

            host.evil.putTx(id, Netif.NETIF_RSP_OKAY);
            host.evil.publish(host.evil.tx);
            host.await(() -> host.vif.stats().txResponses() == 1, HostileNetHost.AT_ONCE);
            int now = events[0];
            xen.runFor(Duration.ofSeconds(2));
            assertThat(events[0]).as("no more once nothing is in flight").isEqualTo(now);
            host.evilDomain.run(g -> registration.cancel());
        }
    }

    @SimulatedXenTest
    void E5_eventsBeforeConnectedAndAfterTheEndTouchNothing(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)) {
            host.start(HostileNetHost.PLAIN);
            host.evil.advertise(HostileNetHost.FULLY);
            host.evil.attach();
            for (int i = 0; i < 10; i++) {
                for (Ring ring : Ring.values()) {
                    host.evil.event(host.evil.wire(ring));
                }
                xen.runFor(Duration.ofMillis(1));
            }
            host.evil.connected();
            host.assertInService();

            host.evil.state(XenbusState.CLOSED);
            host.evil.requireFront(XenbusState.CLOSED);
            for (Ring ring : Ring.values()) {
                host.evil.event(host.evil.wire(ring));
            }
            xen.runFor(Duration.ofMillis(1));
            host.onGuest(host.vif::close);
            host.awaitEnd();
            host.evil.event(host.evil.tx);
            xen.runFor(Duration.ofMillis(1));
            host.assertNeighbourWorks();
        }
    }
}
