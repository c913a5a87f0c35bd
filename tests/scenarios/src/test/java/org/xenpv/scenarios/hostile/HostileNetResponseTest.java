package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.NetDrop;
import org.xenpv.netfront.NetPacket;
import org.xenpv.scenarios.hostile.HostileNetback.CtrlRequest;
import org.xenpv.scenarios.hostile.HostileNetback.TxRequest;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** Rows I for a network interface: ids and states of what a backend answers, on the transmit and the control ring. */
class HostileNetResponseTest {

    private static final int OKAY = Netif.NETIF_RSP_OKAY;
    private static final int IDS = 256;

    private static HostileNetHost connected(SimulatedXen xen) {
        return new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY);
    }

    @ParameterizedTest
    @ValueSource(ints = {IDS, IDS + 1, 0x7fff, 0x8000, 0xffff})
    @OnSimulatedXen
    void I1_anIdPastTheTableBreaksTheInterface(int id, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            List<TxRequest> requests = host.sendAndTake(3);
            host.evil.putTx(id, OKAY);
            host.evil.putTx(requests.get(1).id(), OKAY);
            host.evil.publish(host.evil.tx);
            host.assertBroken(PeerFault.BAD_ID, 3); // the good answer behind it does not count
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, IDS, 0x7fff, 0x8000, 0xffff})
    @OnSimulatedXen
    void I1_N6_aPageAnsweredInAnotherSlotBreaksTheInterface(int id, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.sendAndTake(2);
            host.evil.takeRx();
            host.evil.putRx(id, 0, 0, 60);
            host.evil.publish(host.evil.rx);
            host.awaitFault();
            assertThat(host.received).isEmpty();
            host.assertBroken(PeerFault.BAD_ID, 2);
        }
    }

    @SimulatedXenTest
    void I2_idsAreSmallNumbers_neverAnAddressOrAHandle(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            for (int lap = 0; lap < 3; lap++) {
                Set<Integer> ids = new HashSet<>();
                for (TxRequest request : host.sendAndTake(200)) {
                    assertThat(request.id()).isBetween(0, IDS - 1);
                    ids.add(request.id());
                    host.evil.putTx(request.id(), OKAY);
                }
                assertThat(ids).hasSize(200);
                host.evil.publish(host.evil.tx);
                int answers = (lap + 1) * 200;
                host.await(() -> host.vif.stats().txResponses() == answers, HostileNetHost.AT_ONCE);
            }
            for (int slot = 0; slot < 600; slot++) {
                assertThat(host.evil.putNextRx(0, 0, 60).id()).isEqualTo(slot & IDS - 1);
                if (slot % 50 == 49) {
                    int packets = slot + 1;
                    host.evil.publish(host.evil.rx);
                    host.await(() -> host.received.size() == packets, HostileNetHost.AT_ONCE);
                }
            }
            host.assertInService();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5, IDS - 1})
    @OnSimulatedXen
    void I3_anIdThatIsNotInFlightBreaksTheInterface(int id, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.sendAndTake(3);
            host.evil.putTx(id, OKAY);
            host.evil.publish(host.evil.tx);
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, 3);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1, 0x8000})
    @OnSimulatedXen
    void I3_anAnswerToAnotherControlRequestBreaksTheInterface(int off, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.sendAndTake(2);
            host.askForHash();
            CtrlRequest asked = host.evil.takeCtrl();
            host.evil.putCtrl(asked.id() + off & 0xffff, asked.type(), Netif.XEN_NETIF_CTRL_STATUS_SUCCESS, 0);
            host.evil.publish(host.evil.ctrl);
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, 2);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void I4_theSameIdTwiceBreaksTheInterface(boolean inOneBatch, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            List<TxRequest> requests = host.sendAndTake(3);
            host.evil.putTx(requests.get(0).id(), OKAY);
            if (!inOneBatch) {
                host.evil.publish(host.evil.tx);
                host.await(() -> host.vif.stats().txResponses() == 1, HostileNetHost.AT_ONCE);
            }
            host.evil.putTx(requests.get(0).id(), OKAY);
            host.evil.publish(host.evil.tx);
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, 2);
        }
    }

    @SimulatedXenTest
    void I4_anIdIsUsedAgainLastOfAll_soThatALateSecondAnswerIsCaught(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            Set<Integer> ids = new HashSet<>();
            for (int i = 1; i <= IDS; i++) {
                int id = host.sendAndTake(1).get(0).id();
                ids.add(id);
                host.evil.putTx(id, OKAY);
                host.evil.publish(host.evil.tx);
                int answers = i;
                host.await(() -> host.vif.stats().txResponses() == answers, HostileNetHost.AT_ONCE);
            }
            assertThat(ids).hasSize(IDS);
        }
    }

    @SimulatedXenTest
    void I4_aControlRequestAnsweredTwiceBreaksTheInterface(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.askForHash();
            CtrlRequest first = host.evil.takeCtrl();
            for (int i = 0; i < 2; i++) {
                host.evil.putCtrl(first.id(), first.type(), Netif.XEN_NETIF_CTRL_STATUS_SUCCESS, 0);
                host.evil.publish(host.evil.ctrl);
                if (i == 0) {
                    host.evil.takeCtrl();
                }
            }
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, 0);
        }
    }

    @SimulatedXenTest
    void I5_aPacketThatWasNotPublishedCannotBeAnswered(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.sendAndTake(1);
            host.onGuest(() -> {
                NetPacket staged = host.vif.acquire(60);
                assertThat(host.vif.send(staged)).isTrue();
            });
            host.evil.putTx(1, OKAY);
            host.evil.publish(host.evil.tx);
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, 2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 0x100, 0xffff})
    @OnSimulatedXen
    void I8_anAnswerToAnotherOperationOnTheControlRingBreaksTheInterface(int off, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.askForHash();
            CtrlRequest asked = host.evil.takeCtrl();
            host.evil.putCtrl(asked.id(), asked.type() + off & 0xffff, Netif.XEN_NETIF_CTRL_STATUS_SUCCESS, 0);
            host.evil.publish(host.evil.ctrl);
            host.assertBroken(PeerFault.OPERATION_MISMATCH, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Netif.NETIF_RSP_ERROR, Netif.NETIF_RSP_DROPPED, 7, Short.MAX_VALUE, Short.MIN_VALUE})
    @OnSimulatedXen
    void I9_onlyOkayMeansSent(int status, SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.sendAndTake(3).forEach(request -> host.evil.putTx(request.id(), status));
            host.evil.publish(host.evil.tx);
            host.await(() -> host.vif.stats().txResponses() == 3, HostileNetHost.AT_ONCE);
            assertThat(host.vif.stats().dropped(NetDrop.TX_ERROR_STATUS)).isEqualTo(3);
            host.assertInService();
        }
    }
}
