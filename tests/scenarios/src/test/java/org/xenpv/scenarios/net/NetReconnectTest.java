package org.xenpv.scenarios.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.netfront.NetDrop;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** What the network is told after a guest was somewhere else or its link was down. */
class NetReconnectTest {

    private static final Duration SOON = Duration.ofSeconds(5);

    private static byte[] address(int last) {
        return new byte[] {10, 0, 0, (byte) last};
    }

    private static void assertAnnounced(Netfront to, int last) throws InterruptedException {
        byte[] arp = to.receive(5, TimeUnit.SECONDS);
        assertThat(arp).as("announcement of 10.0.0.%d", last).isNotNull();
        assertThat(Arrays.copyOfRange(arp, 28, 32)).isEqualTo(address(last));
    }

    /** The link that is known when the guest wakes is that of the machine it left. */
    @SimulatedXenTest
    void shouldAnnounceItself_whenTheLinkWasDownBeforeTheGuestMoved(SimulatedXen xen) throws InterruptedException {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            SimDevice device = host.attach(guest);
            try (Netfront one = Netfront.connect(guest.guest(), NetHost.NODENAME, NetfrontConfig.DEFAULT);
                    Netfront two = host.connect(host.guest("two"), NetfrontConfig.DEFAULT)) {
                guest.run(domain -> one.device().announce(address(1)));
                host.driverDomain.run(domain -> host.backend(device).link(false));
                assertThat(guest.await(() -> !one.device().carrier(), SOON)).isTrue();
                xen.toolstack().suspend(guest);
                xen.toolstack().restore(guest);
                assertAnnounced(two, 1);
                assertThat(one.stats().dropped(NetDrop.TX_NO_CARRIER)).isZero();
            }
        }
    }

    @SimulatedXenTest
    void shouldAnnounceItselfOnlyWhenTheLinkIsUpAgain_whenNeverReconnected(SimulatedXen xen)
            throws InterruptedException {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            SimDevice device = host.attach(guest);
            try (Netfront two = host.connect(host.guest("two"), NetfrontConfig.DEFAULT);
                    Netfront one = Netfront.connect(guest.guest(), NetHost.NODENAME, NetfrontConfig.DEFAULT)) {
                guest.run(domain -> one.device().announce(address(1)));
                xen.toolstack().writeFrontend(device, "disconnect", "1");
                assertThat(guest.await(() -> !one.device().carrier(), SOON)).isTrue();
                assertThat(two.receive(100, TimeUnit.MILLISECONDS)).isNull();
                xen.toolstack().writeFrontend(device, "disconnect", "0");
                assertAnnounced(two, 1);
                assertThat(two.receive(100, TimeUnit.MILLISECONDS)).isNull();
            }
        }
    }

    @SimulatedXenTest
    void shouldAnnounceEveryAddress_whenTheyDoNotAllFitAtOnce(SimulatedXen xen) throws InterruptedException {
        int addresses = 40;
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            SimDevice device = host.attach(guest);
            NetfrontConfig narrow = NetfrontConfig.DEFAULT.txPages(18);
            try (Netfront one = Netfront.connect(guest.guest(), NetHost.NODENAME, narrow);
                    Netfront two = host.connect(host.guest("two"), NetfrontConfig.DEFAULT)) {
                guest.run(domain -> {
                    for (int i = 0; i < addresses; i++) {
                        one.device().announce(address(i));
                    }
                });
                host.driverDomain.run(domain -> host.service.restart(device.backendNodename()));
                for (int i = 0; i < addresses; i++) {
                    assertAnnounced(two, i);
                }
            }
        }
    }
}
