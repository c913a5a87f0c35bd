package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetworkDevice;
import org.xenpv.scenarios.hostile.HostileNetback.TxRequest;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** A network backend that answers late, or a part, or refuses: when the frontend says that there is room, and what waits for room. */
class SlowNetbackTest {

    private static final MacAddress FIRST = new MacAddress(0x0100_5e00_0001L);
    private static final MacAddress SECOND = new MacAddress(0x0100_5e00_0002L);
    private static final String[] SEGMENTS = {
        NetifKeys.FEATURE_RX_COPY, "1", NetifKeys.FEATURE_SG, "1", NetifKeys.FEATURE_GSO_TCPV4, "1"
    };
    private static final String[] GROUPS = {
        NetifKeys.FEATURE_RX_COPY, "1",
        NetifKeys.FEATURE_MULTICAST_CONTROL, "1",
        NetifKeys.FEATURE_DYNAMIC_MULTICAST_CONTROL, "1"
    };
    private static final NetfrontConfig FILTERED =
            HostileNetHost.PLAIN.multicastControl(true).txPages(512);

    /** A ring has so many slots. */
    private static final int SLOTS = 256;

    /** Asks for a packet whenever it is told that there is room, and counts how often that is. */
    private static final class Asking implements NetworkDevice.Receiver {
        private final HostileNetHost host;
        private final int lengthBytes;
        private int told;
        private NetPacket acquired;

        Asking(HostileNetHost host, int lengthBytes) {
            this.host = host;
            this.lengthBytes = lengthBytes;
        }

        @Override
        public void received(NetPacket packet) {}

        @Override
        public void writable() {
            if (told++ < 100 && acquired == null) {
                acquired = host.vif.acquire(lengthBytes);
            }
        }
    }

    private static void answer(HostileNetHost host, List<TxRequest> requests, int from, int to) {
        for (TxRequest request : requests.subList(from, to)) {
            host.evil.putTx(request.id(), Netif.NETIF_RSP_OKAY);
            for (int i = 0; i < request.extras(); i++) {
                host.evil.putTx(0, Netif.NETIF_RSP_NULL);
            }
        }
        host.evil.publish(host.evil.tx);
    }

    @SimulatedXenTest
    void shouldSayThatThereIsRoomOnlyOnceALongPacketFits_whenThatWasRefused(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN.txPages(18), SEGMENTS)) {
            Asking asking = new Asking(host, 60_000);
            host.onGuest(() -> host.vif.receiver(asking));
            List<TxRequest> requests = host.sendAndTake(9);
            host.onGuest(() -> assertThat(host.vif.acquire(60_000)).isNull());
            xen.runFor(Duration.ofMillis(10));
            assertThat(asking.told).isZero();
            answer(host, requests, 0, 5); // 14 pages are free, and 15 needed
            xen.runFor(Duration.ofMillis(10));
            assertThat(asking.told).isZero();
            answer(host, requests, 5, 9);
            host.await(() -> asking.acquired != null, HostileNetHost.AT_ONCE);
            assertThat(asking.told).isEqualTo(1);
            host.onGuest(() -> host.vif.release(asking.acquired));
        }
    }

    /** Half of the pages never become free while a program keeps more than half. */
    @SimulatedXenTest
    void shouldSayThatThereIsRoom_whenMostPagesAreInPacketsThatAreBeingFilled(SimulatedXen xen) {
        try (HostileNetHost host = new HostileNetHost(xen).connect(HostileNetHost.PLAIN.txPages(18), SEGMENTS)) {
            Asking asking = new Asking(host, 60);
            NetPacket[] held = new NetPacket[1];
            host.onGuest(() -> {
                host.vif.receiver(asking);
                held[0] = host.vif.acquire(16 * 4096 - 1);
            });
            List<TxRequest> requests = host.sendAndTake(2);
            host.onGuest(() -> assertThat(host.vif.acquire(60)).isNull());
            answer(host, requests, 0, 2);
            host.await(() -> asking.acquired != null, HostileNetHost.AT_ONCE);
            assertThat(asking.told).isEqualTo(1);
            host.onGuest(() -> {
                host.vif.release(asking.acquired);
                host.vif.release(held[0]);
            });
        }
    }

    private static HostileNetHost filtered(SimulatedXen xen) {
        return new HostileNetHost(xen).connect(FILTERED, GROUPS);
    }

    @SimulatedXenTest
    void shouldTellWhatChangedInTheFilterOnceThereIsRoom_whenTheRingWasFull(SimulatedXen xen) {
        try (HostileNetHost host = filtered(xen)) {
            host.onGuest(() -> host.vif.joinMulticast(FIRST));
            answer(host, host.evil.takeTx(2), 0, 1);
            xen.runFor(HostileNetHost.AT_ONCE);
            int before = host.evil.tx.reqProd();
            host.send(200);
            host.send(SLOTS - 200 - 2);
            host.onGuest(() -> {
                host.vif.joinMulticast(SECOND); // takes the last two slots
                host.vif.leaveMulticast(FIRST);
                host.vif.leaveMulticast(SECOND);
                host.vif.joinMulticast(SECOND); // as it was told: nothing to tell
            });
            List<TxRequest> requests = host.evil.takeTx(before + SLOTS);
            assertThat(requests.stream().filter(request -> request.extras() == 1))
                    .hasSize(1);
            answer(host, requests, 0, requests.size());
            List<TxRequest> later = host.evil.takeTx(before + SLOTS + 2);
            assertThat(later)
                    .singleElement()
                    .satisfies(leave -> assertThat(leave.extras()).isEqualTo(1));
            assertThat(host.evil.extraBehind(before + SLOTS)).isEqualTo(Netif.XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
            answer(host, later, 0, 1);
            xen.runFor(Duration.ofMillis(10));
            assertThat(host.evil.tx.untaken()).isZero();
        }
    }

    @SimulatedXenTest
    void shouldCountAGroupThatTheBackendRefuses_andAskForItAgainWithTheNextConnection(SimulatedXen xen) {
        try (HostileNetHost host = filtered(xen)) {
            host.onGuest(() -> host.vif.joinMulticast(FIRST));
            TxRequest join = host.evil.takeTx(2).get(0);
            host.evil.putTx(join.id(), Netif.NETIF_RSP_ERROR);
            host.evil.putTx(0, Netif.NETIF_RSP_NULL);
            host.evil.publish(host.evil.tx);
            host.await(() -> host.vif.stats().multicastRefused() == 1, HostileNetHost.AT_ONCE);
            assertThat(host.vif.stats().drops()).isEmpty();
            host.suspendAndRestore(() -> {});
            host.handshake(GROUPS);
            host.reconnectNeighbour();
            assertThat(host.evil.takeTx(2))
                    .singleElement()
                    .satisfies(again -> assertThat(again.extras()).isEqualTo(1));
        }
    }

    @SimulatedXenTest
    void shouldKeepTheFilterSwitchedOff_whenConnectedAgain(SimulatedXen xen) {
        try (HostileNetHost host = filtered(xen)) {
            assertThat(host.evil.front(NetifKeys.REQUEST_MULTICAST_CONTROL)).isEqualTo("1");
            host.onGuest(() -> host.vif.multicastFilter(false));
            xen.runFor(Duration.ofSeconds(1));
            assertThat(host.evil.front(NetifKeys.REQUEST_MULTICAST_CONTROL)).isEqualTo("0");
            host.suspendAndRestore(() -> {});
            host.handshake(GROUPS);
            host.reconnectNeighbour();
            assertThat(host.evil.front(NetifKeys.REQUEST_MULTICAST_CONTROL)).isEqualTo("0");
        }
    }
}
