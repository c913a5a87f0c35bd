package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.NetDrop;
import org.xenpv.netfront.NetHash;
import org.xenpv.scenarios.hostile.HostileNetback.CtrlRequest;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** Setting up a hash over reconnects, and with a backend that refuses a step or does not answer it. */
class NetHashTest {

    /** Requests that it takes. */
    private static final int STEPS = 7;

    private static HostileNetHost connected(SimulatedXen xen) {
        return new HostileNetHost(xen).connect(HostileNetHost.PLAIN, HostileNetHost.FULLY);
    }

    private static void reconnect(HostileNetHost host) {
        host.suspendAndRestore(() -> {});
        host.handshake(HostileNetHost.FULLY);
        host.reconnectNeighbour();
    }

    private static void answer(HostileNetHost host, CtrlRequest request, int status) {
        host.evil.putCtrl(request.id(), request.type(), status, 0xff);
        host.evil.publish(host.evil.ctrl);
    }

    private static void assertAlgorithm(CtrlRequest request, int algorithm) {
        assertThat(request.type()).isEqualTo(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM);
        assertThat(request.data0()).isEqualTo(algorithm);
    }

    private static void assertSetUpAgain(HostileNetHost host) {
        CtrlRequest first = host.evil.takeCtrl();
        assertAlgorithm(first, Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);
        answer(host, first, Netif.XEN_NETIF_CTRL_STATUS_SUCCESS);
        host.evil.agree(STEPS - 1);
        host.xen.runFor(HostileNetHost.AT_ONCE);
        assertThat(host.evil.ctrl.untaken()).isZero();
    }

    @SimulatedXenTest
    void shouldSetUpTheHashWithEveryConnection_whenOneWasLostBeforeItWasDone(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.askForHash();
            host.evil.agree(STEPS);
            host.await(() -> host.hashAnswers.size() == 1, HostileNetHost.AT_ONCE);
            reconnect(host);
            host.evil.agree(2);
            reconnect(host);
            assertSetUpAgain(host);
            assertThat(host.hashAnswers).containsExactly((XenException) null);
            assertThat(host.guest.errors()).isEmpty();
        }
    }

    /** As a program does that sets up its hash whenever it is connected. */
    @SimulatedXenTest
    void shouldTakeTheNewHash_whenOneIsAskedForWhileTheLastIsSetUpAgain(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.askForHash();
            host.evil.agree(STEPS);
            List<XenException> answers = new ArrayList<>();
            host.thrower = () ->
                    host.vif.hash(new NetHash(new byte[5], Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6, 0, 0, 0), answers::add);
            reconnect(host);
            host.thrower = () -> {};
            assertThat(host.guest.errors()).isEmpty();
            host.evil.agree(1); // of the one that gave way
            List<CtrlRequest> asked = new ArrayList<>();
            for (int i = 0; i < STEPS; i++) {
                asked.add(host.evil.takeCtrl());
                answer(host, asked.get(i), Netif.XEN_NETIF_CTRL_STATUS_SUCCESS);
            }
            host.await(() -> answers.size() == 1, HostileNetHost.AT_ONCE);
            assertThat(answers).containsOnlyNulls();
            assertAlgorithm(asked.get(0), Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);
            assertThat(asked.get(2).data0()).isEqualTo(Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6);
            assertThat(asked.get(5).data0()).isEqualTo(3);
            assertThat(host.hashAnswers).hasSize(1);
        }
    }

    private static void deliverWithHash(HostileNetHost host) {
        host.evil.putNextRx(HostileNetHost.frame(1), Netif.NETRXF_EXTRA_INFO);
        host.evil.putHash();
        host.evil.publish(host.evil.rx);
    }

    @SimulatedXenTest
    void shouldSwitchHashingOff_whenAStepIsRefused(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.askForHash();
            host.evil.agree(3);
            answer(host, host.evil.takeCtrl(), Netif.XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER);
            CtrlRequest off = host.evil.takeCtrl();
            assertAlgorithm(off, Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE);
            assertThat(host.hashAnswers).hasSize(1).doesNotContainNull();
            deliverWithHash(host); // it may have begun
            host.await(() -> host.received.size() == 1, HostileNetHost.AT_ONCE);
            answer(host, off, Netif.XEN_NETIF_CTRL_STATUS_SUCCESS);
            xen.runFor(HostileNetHost.AT_ONCE);
            deliverWithHash(host);
            host.await(() -> host.vif.stats().dropped(NetDrop.RX_UNNEGOTIATED) == 1, HostileNetHost.AT_ONCE);
            assertThat(host.received).hasSize(1);
            assertThat(host.evil.ctrl.untaken()).isZero();
        }
    }

    @SimulatedXenTest
    void shouldSetUpAnother_whenItIsAskedForBeforeTheLastIsUndone(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.askForHash();
            answer(host, host.evil.takeCtrl(), Netif.XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED);
            CtrlRequest off = host.evil.takeCtrl();
            host.askForHash();
            answer(host, off, Netif.XEN_NETIF_CTRL_STATUS_SUCCESS);
            assertSetUpAgain(host);
            assertThat(host.hashAnswers).hasSize(2);
            assertThat(host.hashAnswers.get(1)).isNull();
            deliverWithHash(host);
            host.await(() -> host.received.size() == 1, HostileNetHost.AT_ONCE);
        }
    }

    @SimulatedXenTest
    void shouldSwitchHashingOff_whenAStepIsAnsweredTooLate(SimulatedXen xen) {
        try (HostileNetHost host = connected(xen)) {
            host.askForHash();
            host.evil.agree(3);
            CtrlRequest key = host.evil.takeCtrl();
            host.await(() -> host.hashAnswers.size() == 1, Duration.ofNanos(HostileNetHost.PHASE_NS * 2));
            assertThat(host.hashAnswers.get(0)).isInstanceOf(XenTimeoutException.class);
            host.askForHash();
            assertThat(host.hashAnswers).hasSize(2);
            assertThat(host.hashAnswers.get(1)).hasMessageContaining("not answered yet");
            answer(host, key, Netif.XEN_NETIF_CTRL_STATUS_SUCCESS);
            CtrlRequest off = host.evil.takeCtrl();
            assertAlgorithm(off, Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE);
            xen.runFor(Duration.ofNanos(HostileNetHost.PHASE_NS * 2)); // given up as well
            answer(host, off, Netif.XEN_NETIF_CTRL_STATUS_SUCCESS);
            xen.runFor(HostileNetHost.AT_ONCE);
            deliverWithHash(host);
            host.await(() -> host.vif.stats().dropped(NetDrop.RX_UNNEGOTIATED) == 1, HostileNetHost.AT_ONCE);
            host.askForHash();
            assertSetUpAgain(host);
            assertThat(host.hashAnswers).hasSize(3);
            assertThat(host.hashAnswers.get(2)).isNull();
        }
    }
}
