package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.xenpv.blkfront.BlkQueue;
import org.xenpv.blkfront.BlkRequest;
import org.xenpv.event.EventLoopLimits;
import org.xenpv.event.EventLoopStats;
import org.xenpv.fault.PeerFault;
import org.xenpv.scenarios.hostile.HostileBlkback.Request;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.BareGuest;
import org.xenpv.xenbus.XenbusState;

/** Rows E: events that come too often, too early, too late, for nothing, or not at all (E3 is in {@link HostileRingTest}). */
class HostileEventTest {

    private static EventLoopStats loop(HostileHost host) {
        return host.guest.guest().loop().stats();
    }

    @SimulatedXenTest
    void E1_aStormOfEventsForNothingIsSlowedDown_andTheOtherDiskDoesNotNotice(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            long eventsBefore = loop(host).events();
            EventStorm storm = new EventStorm(host.evil, host.evil.port(), 20_000, () -> {});
            xen.runFor(Duration.ofSeconds(1));
            assertThat(storm.sent).isGreaterThan(10_000);
            assertThat(loop(host).events() - eventsBefore)
                    .as("events let through")
                    .isBetween(3L, 40L);
            assertThat(loop(host).delayedUnmasks()).isPositive();
            for (int i = 0; i < 20; i++) {
                host.assertHealthyDiskWorks();
            }
            Caller caller = host.submit(Caller.reading(0, 4096));
            Request read = host.evil.take(1).get(0);
            host.evil.serve(read, 4);
            host.evil.answer(read, 0);
            host.awaitAnswers(List.of(caller), Duration.ofMillis(250)); // found by the watchdog at the latest
            host.assertDone(caller);
            assertThat(host.disk.stats().faults()).isZero();
            storm.over = true;
        }
    }

    /** Every event brings one honest answer, so none is spurious. */
    @SimulatedXenTest
    void E2_aStormWithOneAnswerPerEventDoesNotStarveTheOtherDisk(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = new ArrayList<>();
            int[] answered = new int[1];
            EventStorm storm = new EventStorm(host.evil, host.evil.port(), 1_000, () -> {
                int prod = host.evil.reqProd();
                if (answered[0] != prod) {
                    int at = host.evil.slotAt(answered[0]++);
                    host.evil.put(host.evil.memory().getLong(at + 8), 0, 0);
                    host.evil.publish();
                }
            });
            for (int round = 0; round < 50; round++) {
                callers.addAll(host.submitReads(32));
                host.assertHealthyDiskWorks();
            }
            host.awaitAnswers(callers, Duration.ofSeconds(2));
            callers.forEach(host::assertDone);
            assertThat(answered[0]).isEqualTo(50 * 32);
            storm.over = true;
        }
    }

    @SimulatedXenTest
    void E2_eventsThatEachBringAnAnswerAreLetThroughAtTheAgreedRate(SimulatedXen xen) {
        BareGuest.Options slow =
                BareGuest.Options.defaults().withLoop(EventLoopLimits.DEFAULT.withReenable(1_000_000, 4));
        try (HostileHost host =
                new HostileHost(xen, DomainConfig.named("guest").withGuest(slow)).connect(HostileHost.PLAIN)) {
            boolean[] enough = new boolean[1];
            host.onGuest(() -> {
                BlkQueue queue = host.disk.queue(0);
                for (int i = 0; i < 32; i++) {
                    queue.submit(queue.acquire().read(0, 4096, new BlkRequest.Completion() {
                        @Override
                        public void complete(BlkRequest request) {
                            if (enough[0] || request.status() != BlkRequest.OKAY) {
                                queue.release(request);
                            } else {
                                queue.submit(request.read(0, 4096, this));
                                queue.push();
                            }
                        }
                    }));
                }
                queue.push();
            });
            int[] answered = new int[1];
            long events = loop(host).events();
            EventStorm storm = new EventStorm(host.evil, host.evil.port(), 10_000, () -> {
                if (answered[0] != host.evil.reqProd()) {
                    int at = host.evil.slotAt(answered[0]++);
                    host.evil.put(host.evil.memory().getLong(at + 8), 0, 0);
                    host.evil.publish();
                }
            });
            xen.runFor(Duration.ofMillis(200));
            assertThat(storm.sent).isGreaterThan(5_000);
            assertThat(answered[0]).isGreaterThan(1_000);
            assertThat(loop(host).events() - events).isBetween(190L, 230L);
            assertThat(host.disk.stats().faults()).isZero();
            enough[0] = true;
            xen.runFor(Duration.ofMillis(300));
            storm.over = true;
            assertThat(host.disk.queue(0).inFlight()).isZero();
        }
    }

    @SimulatedXenTest
    void E4_anEventForNothingIsCounted_andThatIsAll(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(2);
            host.takeReads(callers);
            long spurious = loop(host).spuriousEvents();
            long responses = host.disk.stats().responses();
            host.evil.event();
            xen.runFor(Duration.ofMillis(2));
            assertThat(loop(host).spuriousEvents()).isEqualTo(spurious + 1);
            assertThat(host.disk.stats().responses()).isEqualTo(responses);
            assertThat(callers).noneMatch(Caller::answered);
            assertThat(host.disk.stats().faults()).isZero();
        }
    }

    @SimulatedXenTest
    void E5_eventsBeforeConnectedAndAfterTheEndTouchNothing(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            host.start(HostileHost.PLAIN);
            host.evil.advertise();
            host.evil.attach();
            for (int i = 0; i < 10; i++) {
                host.evil.event();
                xen.runFor(Duration.ofMillis(1));
            }
            host.evil.connected(HostileHost.SECTORS);
            host.assertInService();

            host.evil.state(XenbusState.CLOSED);
            host.evil.requireFront(XenbusState.CLOSED);
            for (int i = 0; i < 10; i++) {
                host.evil.event();
                xen.runFor(Duration.ofMillis(1));
            }
            host.onGuest(() -> host.disk.close());
            host.awaitEnd();
            host.evil.event();
            xen.runFor(Duration.ofMillis(1));
            host.assertHealthyDiskWorks();
        }
    }

    @SimulatedXenTest
    void E5_anAnswerBeforeConnectedIsOneToNothing(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            host.start(HostileHost.PLAIN);
            host.evil.advertise();
            host.evil.attach();
            host.evil.put(0x1_0000_0000L, 0, 0);
            host.evil.publish();
            host.evil.event();
            xen.runFor(Duration.ofMillis(5));
            assertThat(host.disk.stats().faults()).isZero(); // the ring is not looked at yet
            host.evil.write("sectors", "2048", "state", "4");
            assertThat(xen.runUntil(() -> host.disk.stats().faults() == 1, HostileHost.AT_ONCE))
                    .isTrue();
            host.assertBroken(PeerFault.RSP_PROD_OVERFLOW, List.of());
        }
    }

    /** The frontend's port is closed and may be given out again at once; the backend sends on what it still has bound. */
    @SimulatedXenTest
    void E10_eventsOfAConnectionThatIsOverDoNotReachTheNextOne(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            for (int round = 0; round < 5; round++) {
                int oldPort = host.evil.port();
                host.evil.event();
                host.evil.state(XenbusState.CLOSED);
                host.evil.requireFront(XenbusState.CLOSED);
                host.handshake();
                assertThat(host.evil.port()).isNotEqualTo(oldPort);
                xen.runFor(Duration.ofMillis(2));
                long events = loop(host).events();
                long stray = loop(host).strayEvents();
                for (int i = 0; i < 20; i++) {
                    host.evilDomain.guest().events().send(oldPort);
                    xen.runFor(Duration.ofMillis(1));
                }
                assertThat(loop(host).events()).isEqualTo(events);
                assertThat(loop(host).strayEvents()).isEqualTo(stray);
                host.assertInService();
            }
        }
    }
}
