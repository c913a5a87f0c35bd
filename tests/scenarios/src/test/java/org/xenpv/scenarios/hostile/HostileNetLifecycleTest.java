package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.NetDrop;
import org.xenpv.netfront.NetPacket;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.Lifecycle;
import org.xenpv.xenbus.XenbusState;

/** Rows L for a network interface: connecting, closing, suspending and coming back, against a backend that makes it hard. */
class HostileNetLifecycleTest {

    private static HostileNetHost connected(SimulatedXen xen) {
        return new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY);
    }

    @SimulatedXenTest
    void L1_afterARestoreNothingOfTheOldRingsIsBelieved_andWhatWasInFlightIsCountedAsLost(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            var requests = host.sendAndTake(3);
            host.askForHash();
            var asked = host.evil.takeCtrl();
            // The frontend's pages go with it: what is written there now it finds when it wakes.
            host.suspendAndRestore(() -> {
                requests.forEach(request -> host.evil.putTx(request.id(), Netif.NETIF_RSP_OKAY));
                host.evil.tx.publish();
                host.evil.putNextRxIfAny(60);
                host.evil.rx.publish();
                host.evil.putCtrl(asked.id(), asked.type(), Netif.XEN_NETIF_CTRL_STATUS_SUCCESS, 0);
                host.evil.ctrl.publish();
            });
            host.reconnectNeighbour();
            host.handshake(HostileNetHost.FULLY);
            xen.runFor(Duration.ofMillis(300));
            assertThat(host.received).isEmpty();
            assertThat(host.vif.stats().rxResponses()).isZero();
            assertThat(host.vif.stats().txResponses()).isZero();
            assertThat(host.vif.stats().dropped(NetDrop.TX_LOST)).isEqualTo(3);
            assertThat(host.hashAnswers).singleElement().isInstanceOf(XenPeerGoneException.class);
            assertThat(host.vif.stats().reconnects()).isEqualTo(1);
            host.assertEveryPageIsOffered();
            assertThat(host.evil.tx.untaken()).isZero();
            host.assertInService();
        }
    }

    /** Others are told of the resume first, and get the numbers that our ports had. */
    @SimulatedXenTest
    void L1_afterARestoreNoPortIsClosedThatIsSomebodyElsesNow(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)) {
            List<Integer> others = new ArrayList<>();
            host.guest.run(guest -> guest.addLifecycle(new Lifecycle() {
                @Override
                public void beforeSuspend() {}

                @Override
                public void afterResume(boolean cancelled) {
                    for (int i = 0; i < 16; i++) {
                        others.add(guest.events().allocUnbound(0));
                    }
                }
            }));
            host.connect(HostileNetHost.PLAIN, HostileNetHost.FULLY);
            List<Integer> ours = new ArrayList<>();
            for (String key : List.of("event-channel-tx", "event-channel-rx", "event-channel-ctrl")) {
                ours.add(Integer.parseInt(host.evil.front(key)));
            }
            host.suspendAndRestore(() -> {});
            xen.runFor(HostileNetHost.AT_ONCE);
            assertThat(others).hasSize(16).containsAll(ours);
            int another = host.guest.call(guest -> guest.events().allocUnbound(0));
            assertThat(others).doesNotContain(another);
            host.guest.run(guest -> {
                guest.events().close(another);
                others.forEach(guest.events()::close);
            });
            host.reconnectNeighbour();
            host.handshake(HostileNetHost.FULLY);
            host.assertInService();
        }
    }

    /** Nobody looks for pages, rings or ports of the life before (XSA-465). */
    @ParameterizedTest
    @CsvSource({
        "0, false", "1, false", "2, false", "3, false", "4, false", "5, false",
        "0, true", "1, true", "2, true", "3, true", "4, true", "5, true"
    })
    @OnSimulatedXen
    void L3_L5_endingIsSafeAfterARestore_beforeThereAreQueuesAgain(int stage, boolean removed, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.sendAndTake(3);
            host.suspendAndRestore(() -> {});
            if (stage >= 1) {
                xen.runFor(Duration.ofMillis(5));
            }
            reach(stage, host);
            end(host, removed);
            assertThat(host.vif.stats().dropped(NetDrop.TX_LOST)).isEqualTo(3);
            host.reconnectNeighbour();
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    /** At every stage of the first connection. */
    @ParameterizedTest
    @CsvSource({
        "0, false", "2, false", "3, false", "4, false", "5, false",
        "0, true", "2, true", "3, true", "4, true", "5, true"
    })
    @OnSimulatedXen
    void L3_endingIsSafeAtAnyStageOfConnecting(int stage, boolean removed, SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)) {
            host.start(HostileNetHost.PLAIN);
            reach(stage, host);
            end(host, removed);
            host.assertQuarantinedExactlyWhatIsHeld();
            if (!removed) {
                host.assertWorksAgain();
            }
        }
    }

    private static void reach(int stage, HostileNetHost host) {
        if (stage >= 2) {
            host.evil.write(HostileNetHost.FULLY);
            host.evil.state(XenbusState.INIT_WAIT);
        }
        if (stage >= 3) {
            host.evil.requireFront(host.evil.published());
        }
        if (stage >= 4) {
            host.evil.attach();
            host.evil.state(XenbusState.CONNECTED);
        }
        if (stage >= 5) {
            host.evil.awaitLive();
        }
    }

    private static void end(HostileNetHost host, boolean removed) {
        if (removed) {
            host.xen.toolstack().forceDetach(host.device);
        } else {
            host.onGuest(host.vif::close);
        }
        host.awaitEnd();
    }

    @SimulatedXenTest
    void L4_aConnectionThatCannotBeMadeWholeGivesEverythingBack_whicheverGrantFails(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)) {
            int grants = 2 + 2 + 1
                    + 1; // rings of a queue, control ring and its page; on connecting: pages to send, to receive
            for (int k = 0; k < grants; k++) {
                int allowed = k;
                host.told.clear();
                host.evil.state(XenbusState.INITIALISING);
                host.start(HostileNetHost.PLAIN, guest -> new ExhaustedGuest(guest, allowed));
                host.evil.write(HostileNetHost.FULLY);
                host.evil.state(XenbusState.INIT_WAIT);
                if (k >= 4) { // the rings are published
                    host.evil.requireFront(host.evil.published());
                    host.evil.state(XenbusState.CONNECTED);
                }
                host.awaitEnd();
                assertThat(host.told).containsExactly("ended");
                assertThat(host.endReason).isInstanceOf(GrantExhaustedException.class);
                assertThat(host.lent() + host.quarantined())
                        .as("after grant %d failed", k)
                        .isZero();
                host.assertNeighbourWorks();
            }
            host.told.clear();
            host.evil.state(XenbusState.INITIALISING);
            host.start(HostileNetHost.PLAIN, guest -> new ExhaustedGuest(guest, grants));
            host.handshake(HostileNetHost.FULLY);
            host.assertInService(); // it is enough
        }
    }

    /** The first handler is on the loop already when the second cannot be put there. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void L4_aPortThatTheLoopRefusesEndsTheInterface_withThatReason(int taken, SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen)) {
            host.start(
                    HostileNetHost.PLAIN,
                    guest -> new FailingGuest(guest, Integer.MAX_VALUE, null).withPortsTakenFrom(taken));
            host.evil.write(HostileNetHost.FULLY);
            host.evil.state(XenbusState.INIT_WAIT);
            host.evil.requireFront(host.evil.published());
            host.evil.state(XenbusState.CONNECTED);
            host.awaitEnd();
            assertThat(host.told).containsExactly("ended");
            assertThat(host.endReason).hasCauseInstanceOf(IllegalArgumentException.class);
            assertThat(host.endReason.getCause()).hasMessageContaining("is registered by other");
            assertThat(host.guest.errors()).isEmpty();
            xen.runFor(Duration.ofSeconds(2)); // the other is gone
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    /** A packet that a program is filling when the interface ends keeps its pages until the program is done with it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void L5_aPacketThatIsBeingFilledWhenTheInterfaceBreaksIsDropped_andItsPagesComeBack(
            boolean sent, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            NetPacket[] held = new NetPacket[1];
            host.onGuest(() -> held[0] = host.vif.acquire(60));
            host.evil.tx.rspProd(1);
            host.evil.event(host.evil.tx);
            host.awaitFault();
            host.evil.state(XenbusState.CLOSED);
            host.awaitEnd();
            host.onGuest(() -> {
                held[0].putU8(0, 1); // still ours to write to
                if (sent) {
                    assertThat(host.vif.send(held[0])).isFalse();
                } else {
                    host.vif.release(held[0]);
                }
            });
            assertThat(host.vif.stats().dropped(NetDrop.TX_NOT_CONNECTED)).isEqualTo(sent ? 1 : 0);
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    /** From inside the receiver, in the middle of a run of packets. */
    @SimulatedXenTest
    void L5_closingFromAReceiverShowsNoMorePackets(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            for (int i = 0; i < 10; i++) {
                host.evil.putNextRx(HostileNetHost.frame(i), 0);
            }
            host.onPacket = packet -> {
                host.vif.close();
                host.vif.close();
                assertThat(packet.toBytes()).isEqualTo(HostileNetHost.frame(0));
            };
            host.evil.publish(host.evil.rx);
            host.awaitEnd();
            assertThat(host.received).hasSize(1);
            assertThat(host.endReason).isNull();
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    /** Broken while it closes, and broken on two rings at once: the first fault counts. */
    @SimulatedXenTest
    void L5_L7_brokenOnBothRingsIsBrokenOnce(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.PLAINLY)) {
            host.sendAndTake(2);
            host.evil.putTx(0xffff, Netif.NETIF_RSP_OKAY);
            host.evil.tx.publish();
            host.evil.rx.rspProd(1000);
            host.evil.event(host.evil.tx);
            host.assertBroken(PeerFault.BAD_ID, 2);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void L6_aReceiverThatThrowsCostsNobodyAPacket(boolean error, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.onPacket = packet -> {
                if (error) {
                    throw new StackOverflowError("receiver");
                }
                throw new IllegalStateException("receiver");
            };
            for (int i = 0; i < 10; i++) {
                host.evil.putNextRx(HostileNetHost.frame(i), 0);
            }
            host.evil.publish(host.evil.rx);
            host.await(() -> host.received.size() == 10, HostileNetHost.AT_ONCE);
            assertThat(host.guest.errors()).hasSize(10);
            host.guest.clearErrors();
            host.onPacket = packet -> {};
            host.assertInService();
            host.assertEveryPageIsOffered();
        }
    }
}
