package org.xenpv.scenarios.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.ring.SharedRing;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** The futures of the facade: what they say when there is nothing more to wait for, and what is left of those given up. */
class NetfrontTest {

    private static final Duration SOON = Duration.ofSeconds(5);

    private static void breakTransmitRing(NetHost host, SimDevice device) {
        int[] gref = {Integer.parseInt(host.xen.toolstack().read(device.frontendPath() + "/tx-ring-ref"))};
        MappedPages ring = host.driverDomain.call(
                domain -> domain.mapper().map(device.frontendId(), gref, 1, GrantAccess.READ_WRITE));
        ring.memory().putIntRelease(SharedRing.RSP_PROD_OFFSET, 1000);
        host.driverDomain.run(domain -> ring.close());
    }

    @SimulatedXenTest
    void shouldSayWhyForEver_whenTheBackendViolatedTheProtocol(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            SimDevice device = host.attach(guest);
            try (Netfront one = Netfront.connect(guest.guest(), NetHost.NODENAME, NetfrontConfig.DEFAULT)) {
                CompletableFuture<byte[]> waiting = one.receive();
                breakTransmitRing(host, device);
                assertThat(guest.await(() -> one.device().stats().faults() == 1, SOON))
                        .isTrue();
                List<CompletableFuture<?>> failing = new ArrayList<>();
                failing.add(waiting);
                failing.add(one.receive());
                failing.add(one.send(ByteBuffer.allocate(60)));
                xen.runFor(Duration.ofMinutes(1));
                failing.add(one.receive());
                failing.add(one.send(ByteBuffer.allocate(60)));
                for (CompletableFuture<?> future : failing) {
                    assertThatThrownBy(future::join)
                            .cause()
                            .isInstanceOfSatisfying(
                                    XenProtocolException.class,
                                    cause -> assertThat(cause.fault()).isEqualTo(PeerFault.RSP_PROD_OVERFLOW));
                }
            }
        }
    }

    @SimulatedXenTest
    void shouldSayThatItIsClosed_whenUsedAfterwards(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            Netfront one = host.connect(host.guest("one"), NetfrontConfig.DEFAULT);
            one.close();
            assertThatThrownBy(() -> one.send(ByteBuffer.allocate(60)).join())
                    .hasCauseInstanceOf(XenPeerGoneException.class);
            assertThatThrownBy(() -> one.receive().join()).hasCauseInstanceOf(XenPeerGoneException.class);
        }
    }

    @SimulatedXenTest
    void shouldKeepNothingOfReceivesThatWereGivenUp(SimulatedXen xen) throws InterruptedException {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT);
                Netfront one = host.connect(host.guest("one"), NetfrontConfig.DEFAULT);
                Netfront two = host.connect(host.guest("two"), NetfrontConfig.DEFAULT)) {
            CompletableFuture<byte[]> first = one.receive();
            for (int i = 0; i < 10; i++) {
                assertThat(one.receive(1, TimeUnit.MILLISECONDS)).isNull();
            }
            one.receive().complete(new byte[0]); // by somebody else
            CompletableFuture<byte[]> last = one.receive();
            assertThat(one.waiting()).isEqualTo(2);
            for (CompletableFuture<byte[]> waiting : List.of(first, last)) {
                byte[] frame = Frames.raw(one.mac(), two.mac(), 60, 7);
                two.send(ByteBuffer.wrap(frame)).join();
                assertThat(waiting.join()).isEqualTo(frame);
            }
            assertThat(one.waiting()).isZero();
        }
    }
}
