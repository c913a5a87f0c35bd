package org.xenpv.scenarios.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.fault.XenException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.io.netif.ToeplitzHash;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetDrop;
import org.xenpv.netfront.NetFeature;
import org.xenpv.netfront.NetHash;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetfrontDevice;
import org.xenpv.netfront.NetworkDevice;
import org.xenpv.ring.SharedRing;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** Links that go down, backends that die, guests that move, and the frontend's own ways to be used wrongly. */
class NetLifecycleTest {

    private static final Duration SOON = Duration.ofSeconds(5);
    private static final NetfrontConfig FRONT = NetfrontConfig.DEFAULT;
    private static final MacAddress GROUP = new MacAddress(0x0100_5e00_00fbL);

    private static void sendAndReceive(Netfront from, Netfront to, int seed) throws InterruptedException {
        byte[] frame = Frames.raw(to.mac(), from.mac(), 100, seed);
        assertThat(from.send(ByteBuffer.wrap(frame)).join()).isTrue();
        assertThat(to.receive(5, TimeUnit.SECONDS)).isEqualTo(frame);
    }

    @SimulatedXenTest
    void shouldFollowCarrierAndMtu(SimulatedXen xen) throws InterruptedException {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            SimDevice device = host.attach(guest);
            try (Netfront one = Netfront.connect(guest.guest(), NetHost.NODENAME, FRONT);
                    Netfront two = host.connect(host.guest("two"), FRONT)) {
                sendAndReceive(one, two, 1);
                xen.toolstack().writeFrontend(device, "disconnect", "1");
                assertThat(guest.await(() -> !one.device().carrier(), SOON)).isTrue();
                byte[] frame = Frames.raw(two.mac(), one.mac(), 100, 2);
                assertThat(one.send(ByteBuffer.wrap(frame)).join()).isFalse();
                assertThat(one.stats().dropped(NetDrop.TX_NO_CARRIER)).isEqualTo(1);
                xen.toolstack().writeFrontend(device, "disconnect", "0");
                assertThat(guest.await(() -> one.device().carrier(), SOON)).isTrue();
                xen.toolstack().writeFrontend(device, "mtu", "9000");
                assertThat(guest.await(() -> one.device().mtu() == 9000, SOON)).isTrue();
                assertThat(one.stats().linkValuesIgnored()).isZero();
                xen.toolstack().writeFrontend(device, "mtu", "nonsense");
                assertThat(guest.await(() -> one.device().stats().linkValuesIgnored() == 1, SOON))
                        .isTrue();
                xen.toolstack().writeFrontend(device, "speed", "10G");
                assertThat(guest.await(() -> one.device().speedMbps() == 10_000, SOON))
                        .isTrue();
                assertThat(one.mtu()).isEqualTo(9000);
                assertThat(one.stats().linkValuesIgnored()).isEqualTo(1); // it still stands there
                xen.toolstack().writeFrontend(device, "speed", "fast");
                assertThat(guest.await(() -> one.device().stats().linkValuesIgnored() == 2, SOON))
                        .isTrue();
                assertThat(one.device().speedMbps()).isEqualTo(10_000);
                sendAndReceive(one, two, 3);
            }
        }
    }

    @SimulatedXenTest
    void shouldConnectAgainAndAnnounceItself_whenTheBackendIsRestarted(SimulatedXen xen) throws InterruptedException {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            SimDevice device = host.attach(guest);
            try (Netfront one = Netfront.connect(guest.guest(), NetHost.NODENAME, FRONT);
                    Netfront two = host.connect(host.guest("two"), FRONT)) {
                guest.run(domain -> {
                    one.device().announce(new byte[] {10, 0, 0, 1});
                    byte[] v6 = new byte[16];
                    v6[0] = (byte) 0xfe;
                    v6[1] = (byte) 0x80;
                    v6[15] = 7;
                    one.device().announce(v6);
                });
                sendAndReceive(one, two, 1);
                host.driverDomain.run(domain -> host.service.restart(device.backendNodename()));
                assertThat(guest.await(() -> one.device().stats().reconnects() == 1, SOON))
                        .isTrue();
                byte[] arp = two.receive(5, TimeUnit.SECONDS);
                assertThat(Arrays.copyOf(arp, 6)).containsOnly(0xff);
                assertThat(arp[12] << 8 | arp[13]).isEqualTo(0x0806);
                assertThat(Arrays.copyOfRange(arp, 28, 32)).containsExactly(10, 0, 0, 1);
                assertThat(Arrays.copyOfRange(arp, 38, 42)).containsExactly(10, 0, 0, 1);
                byte[] advertisement = two.receive(5, TimeUnit.SECONDS);
                assertThat(advertisement[20]).isEqualTo((byte) 58);
                assertThat(advertisement[54]).isEqualTo((byte) 136);
                assertThat(Frames.checksumHolds(advertisement)).isTrue();
                sendAndReceive(one, two, 2);
                sendAndReceive(two, one, 3);
            }
        }
    }

    @SimulatedXenTest
    void shouldConnectAgain_whenTheGuestIsSuspendedAndRestored(SimulatedXen xen) throws InterruptedException {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            host.attach(guest);
            try (Netfront one = Netfront.connect(guest.guest(), NetHost.NODENAME, FRONT.queuesMax(2));
                    Netfront two = host.connect(host.guest("two"), FRONT)) {
                sendAndReceive(one, two, 1);
                xen.toolstack().suspend(guest);
                xen.toolstack().restore(guest);
                assertThat(guest.await(() -> one.device().stats().reconnects() == 1, SOON))
                        .isTrue();
                sendAndReceive(one, two, 2);
                sendAndReceive(two, one, 3);
            }
        }
    }

    @SimulatedXenTest
    void shouldEnd_whenTheInterfaceIsDetached(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            SimDevice device = host.attach(guest);
            try (Netfront one = Netfront.connect(guest.guest(), NetHost.NODENAME, FRONT)) {
                var waiting = one.receive();
                assertThat(xen.toolstack().detach(device)).isTrue();
                assertThatThrownBy(waiting::join).hasCauseInstanceOf(XenException.class);
                assertThat(one.send(ByteBuffer.allocate(60))).isNotNull();
            }
        }
    }

    @SimulatedXenTest
    void shouldReceiveOnlyTheGroupsItJoined_whereTheBackendFilters(SimulatedXen xen) throws InterruptedException {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT);
                Netfront one = host.connect(host.guest("one"), FRONT);
                Netfront two = host.connect(host.guest("two"), FRONT.multicastControl(true))) {
            assertThat(two.features().multicastControl()).isTrue();
            byte[] first = Frames.raw(GROUP, one.mac(), 60, 1);
            one.send(ByteBuffer.wrap(first)).join();
            sendAndReceive(one, two, 2); // the group's frame is not before it
            two.device().joinMulticast(GROUP);
            sendAndReceive(two, one, 3);
            byte[] second = Frames.raw(GROUP, one.mac(), 60, 4);
            one.send(ByteBuffer.wrap(second)).join();
            assertThat(two.receive(5, TimeUnit.SECONDS)).isEqualTo(second);
            two.device().leaveMulticast(GROUP);
            sendAndReceive(two, one, 5);
            one.send(ByteBuffer.wrap(first)).join();
            sendAndReceive(one, two, 6);
            two.device().multicastFilter(false);
            xen.runFor(Duration.ofSeconds(1));
            one.send(ByteBuffer.wrap(first)).join();
            assertThat(two.receive(5, TimeUnit.SECONDS)).isEqualTo(first);
        }
    }

    /** What a hash is, and which queue it leads to, is reckoned here once more; the rings say which queues were used. */
    @SimulatedXenTest
    void shouldSteerFlowsByTheHashThatWasSetUp(SimulatedXen xen) throws InterruptedException {
        byte[] key = Arrays.copyOf(ToeplitzHash.rssKey(), 39);
        int[] mapping = {0, 1, 1, 0, 1};
        int types = Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4 | Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6;
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT);
                Netfront one = host.connect(host.guest("one"), FRONT)) {
            SimDomain guest = host.guest("two");
            SimDevice device = host.attach(guest);
            try (Netfront two = Netfront.connect(guest.guest(), NetHost.NODENAME, FRONT.queuesMax(2))) {
                List<Integer> hashes = new ArrayList<>();
                List<XenException> outcome = new ArrayList<>();
                guest.run(domain -> {
                    two.device().receiver(new NetworkDevice.Receiver() {
                        @Override
                        public void received(NetPacket packet) {
                            assertThat(packet.hashAlgorithm()).isEqualTo(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);
                            hashes.add(packet.hashValue());
                        }
                    });
                    two.device().hash(new NetHash(key, types, mapping), outcome::add);
                });
                assertThat(guest.await(() -> !outcome.isEmpty(), SOON)).isTrue();
                assertThat(outcome).containsOnlyNulls();
                int[] before = {answers(xen, host, device, 0), answers(xen, host, device, 1)};
                List<Integer> expected = new ArrayList<>();
                int[] packets = new int[2];
                for (int sender = 1; sender <= 6; sender++) {
                    for (boolean v6 : new boolean[] {false, true}) {
                        MacAddress from = new MacAddress(0x0200_0000_0000L + sender * 0x1357L);
                        byte[] frame = Frames.udp(two.mac(), from, v6, 7, 18, 1);
                        byte[] addresses = Frames.addresses(frame);
                        int hash = new ToeplitzHash(key).of(addresses, addresses.length);
                        expected.add(hash);
                        packets[mapping[Integer.remainderUnsigned(hash, mapping.length)]]++;
                        assertThat(one.send(ByteBuffer.wrap(frame)).join()).isTrue();
                    }
                }
                assertThat(packets).as("both are used").doesNotContain(0);
                assertThat(guest.await(() -> hashes.size() >= expected.size(), SOON))
                        .isTrue();
                assertThat(hashes).containsExactlyInAnyOrderElementsOf(expected);
                for (int queue = 0; queue < 2; queue++) {
                    assertThat(answers(xen, host, device, queue) - before[queue])
                            .as("slots answered in queue %d: a packet and its hash each", queue)
                            .isEqualTo(2 * packets[queue]);
                }
            }
        }
    }

    /** What a receive ring's page says, as the backend's domain sees it. */
    private static int answers(SimulatedXen xen, NetHost host, SimDevice device, int queue) {
        String key = device.frontendPath() + "/" + NetifKeys.queue(queue) + "/" + NetifKeys.RX_RING_REF;
        int[] gref = {Integer.parseInt(xen.toolstack().read(key))};
        return host.driverDomain.call(domain -> {
            try (MappedPages ring = domain.mapper().map(device.frontendId(), gref, 1, GrantAccess.READ_ONLY)) {
                return ring.memory().getIntAcquire(SharedRing.RSP_PROD_OFFSET);
            }
        });
    }

    @SimulatedXenTest
    void shouldRefuseWhatCannotBeSent(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT);
                Netfront one = host.connect(host.guest("one"), FRONT)) {
            NetfrontDevice device = one.device();
            assertThatThrownBy(() -> device.acquire(13)).hasMessageContaining("lengthBytes=13");
            assertThatThrownBy(() -> device.acquire(65536))
                    .hasMessageContaining("65536")
                    .hasMessageContaining("65535");
            NetPacket tooLong = device.acquire(1519);
            assertThatThrownBy(() -> device.send(tooLong))
                    .hasMessageContaining("1519")
                    .hasMessageContaining("1518");
            NetPacket noHeaders = device.acquire(60);
            noHeaders.csumBlank(true);
            assertThatThrownBy(() -> device.send(noHeaders)).hasMessageContaining("TCP or UDP");
            byte[] tcp = Frames.tcpBlank(MacAddress.BROADCAST, one.mac(), false, 2000, 1);
            NetPacket tooLarge = device.acquire(tcp.length);
            tooLarge.copyIn(0, tcp, 0, tcp.length);
            tooLarge.csumBlank(true);
            tooLarge.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 2001);
            assertThatThrownBy(() -> device.send(tooLarge)).hasMessageContaining("size=2001");
            tooLarge.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV6, 100);
            assertThatThrownBy(() -> device.send(tooLarge)).hasMessageContaining("type=2");
            for (NetPacket refused : List.of(tooLong, noHeaders, tooLarge)) {
                device.release(refused);
                assertThatThrownBy(() -> device.release(refused)).isInstanceOf(IllegalStateException.class);
            }
            assertThatThrownBy(() -> one.device().joinMulticast(one.mac())).hasMessageContaining("group=");
            assertThatThrownBy(() -> one.device().announce(new byte[5])).hasMessageContaining("5 bytes");
            assertThatThrownBy(() -> one.device().hash(new NetHash(new byte[1], 1, 1), error -> {}))
                    .hasMessageContaining("queue 1");
            assertThat(one.stats().txPackets()).isZero();
        }
    }

    /** Acquired long enough, and cut before it is sent. */
    @SimulatedXenTest
    void shouldRefuseFramesWithoutAWholeHeaderInTheirFirstPiece(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT);
                Netfront one = host.connect(host.guest("one"), FRONT)) {
            NetfrontDevice device = one.device();
            NetPacket cut = device.acquire(60);
            cut.truncate(13);
            assertThatThrownBy(() -> device.send(cut))
                    .hasMessageContaining("packet of 13 bytes")
                    .hasMessageContaining("at least 14");
            NetPacket pulled = device.acquire(5000);
            pulled.pull(4096 - 13);
            assertThatThrownBy(() -> device.send(pulled)).hasMessageContaining("13 in its first piece");
            device.release(cut);
            device.release(pulled);
            assertThat(one.stats().txPackets()).isZero();
        }
    }

    @SimulatedXenTest
    void shouldRefuseOffloadsThatWereNotOffered(SimulatedXen xen) {
        NetfrontConfig some = FRONT.without(NetFeature.GSO_V4);
        try (NetHost host = new NetHost(
                        xen, NetbackConfig.DEFAULT.with().csumV6(false).build());
                Netfront one = host.connect(host.guest("one"), some)) {
            NetfrontDevice device = one.device();
            byte[] v4 = Frames.tcpBlank(MacAddress.BROADCAST, one.mac(), false, 1000, 1);
            byte[] v6 = Frames.tcpBlank(MacAddress.BROADCAST, one.mac(), true, 1000, 1);
            NetPacket segments = device.acquire(v4.length);
            segments.copyIn(0, v4, 0, v4.length);
            segments.csumBlank(true);
            segments.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 100);
            assertThatThrownBy(() -> device.send(segments)).hasMessageContaining("gso type=1, not offered");
            NetPacket blank = device.acquire(v6.length);
            blank.copyIn(0, v6, 0, v6.length);
            blank.csumBlank(true);
            assertThatThrownBy(() -> device.send(blank)).hasMessageContaining("csumBlank over IPv6, not offered");
            segments.gso(Netif.XEN_NETIF_GSO_TYPE_NONE, 0);
            assertThat(device.send(segments)).isTrue(); // that is offered
            device.release(blank);
        }
    }

    /** Pages run out first with 18, the ring with 512; packets that were all filled before the first was sent meet a full ring when sent. */
    @SimulatedXenTest
    void shouldSayWhenThereIsRoomAgain(SimulatedXen xen) {
        roomAgain(xen, 18, false);
        roomAgain(xen, 512, false);
        roomAgain(xen, 512, true);
    }

    private static void roomAgain(SimulatedXen xen, int txPages, boolean filledFirst) {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            try (Netfront one = host.connect(guest, FRONT.txPages(txPages))) {
                NetfrontDevice device = one.device();
                int[] writable = new int[1];
                guest.run(domain -> device.receiver(new NetworkDevice.Receiver() {
                    @Override
                    public void received(NetPacket packet) {}

                    @Override
                    public void writable() {
                        writable[0]++;
                    }
                }));
                guest.run(domain -> {
                    List<NetPacket> filled = new ArrayList<>();
                    int refused = 0;
                    for (NetPacket packet = device.acquire(60); packet != null; packet = device.acquire(60)) {
                        byte[] frame = Frames.raw(MacAddress.BROADCAST, device.mac(), 60, filled.size());
                        packet.copyIn(0, frame, 0, 60);
                        filled.add(packet);
                        refused += !filledFirst && !device.send(packet) ? 1 : 0;
                        assertThat(filled).hasSizeLessThanOrEqualTo(txPages);
                    }
                    if (filledFirst) {
                        for (NetPacket packet : filled) {
                            refused += device.send(packet) ? 0 : 1;
                        }
                    }
                    assertThat(device.stats().txPackets()).isBetween(18L, 256L);
                    assertThat(refused > 0).isEqualTo(filledFirst);
                    assertThat(device.stats().dropped(NetDrop.TX_NO_ROOM)).isEqualTo(refused);
                    device.flush();
                });
                assertThat(guest.await(() -> writable[0] == 1, SOON)).isTrue();
                guest.run(domain -> device.release(device.acquire(60)));
            }
        }
    }

    /** Which queue a packet takes is known only when it has been filled. */
    @SimulatedXenTest
    void shouldDropNothingThatWasAcquired_whenOneOfSeveralQueuesIsFull(SimulatedXen xen) {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = host.guest("one");
            try (Netfront one = host.connect(guest, FRONT.queuesMax(2).txPages(512))) {
                assertThat(one.features().queues()).isEqualTo(2);
                guest.run(domain -> {
                    NetfrontDevice device = one.device();
                    byte[] large = Frames.tcpBlank(MacAddress.BROADCAST, device.mac(), false, 62_000, 3);
                    int sent = 0;
                    for (NetPacket packet = device.acquire(large.length);
                            packet != null;
                            packet = device.acquire(large.length)) {
                        packet.copyIn(0, large, 0, large.length);
                        packet.csumBlank(true);
                        packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 1400);
                        assertThat(device.send(packet)).isTrue();
                        sent++;
                    }
                    assertThat(sent).isPositive();
                    assertThat(device.stats().drops()).isEmpty();
                    device.flush();
                });
            }
        }
    }
}
