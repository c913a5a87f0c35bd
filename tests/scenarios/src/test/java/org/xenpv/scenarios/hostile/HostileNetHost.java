package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenException;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.netfront.NetDrop;
import org.xenpv.netfront.NetHash;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetfrontDevice;
import org.xenpv.scenarios.hostile.HostileNetback.Ring;
import org.xenpv.scenarios.hostile.HostileNetback.TxRequest;
import org.xenpv.scenarios.hostile.HostileNetback.Wire;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusState;

/**
 * A guest with two network interfaces: {@code vif0} from a {@link HostileNetback} in a driver domain of its own, {@code vif1} from
 * another, which answers as it should. Whatever happens to the first, the second sends and receives.
 */
final class HostileNetHost extends GuestUnderAttack {

    static final long PHASE_NS = 2_000_000_000L;
    static final NetfrontConfig PLAIN = NetfrontConfig.DEFAULT.handshakeNs(PHASE_NS);

    /** The neighbour's: it waits longer than anything that happens to the interface under attack can take. */
    private static final NetfrontConfig PATIENT = NetfrontConfig.DEFAULT.handshakeNs(30_000_000_000L);

    /** What a backend must have to be of use. */
    static final String[] PLAINLY = {NetifKeys.FEATURE_RX_COPY, "1"};

    /** With a port for each direction and a control ring. */
    static final String[] FULLY = {
        NetifKeys.FEATURE_RX_COPY, "1",
        NetifKeys.FEATURE_SG, "1",
        NetifKeys.FEATURE_SPLIT_EVENT_CHANNELS, "1",
        NetifKeys.FEATURE_CTRL_RING, "1"
    };

    static final String[] WITH_TWO_QUEUES = {
        NetifKeys.FEATURE_RX_COPY, "1", NetifKeys.FEATURE_SG, "1", NetifKeys.MULTI_QUEUE_MAX_QUEUES, "2"
    };

    static final String[] WITH_HEADROOM = {NetifKeys.FEATURE_RX_COPY, "1", NetifKeys.FEATURE_XDP_HEADROOM, "1"};

    final HostileNetback evil;
    final HostileNetback good;
    final NetfrontDevice neighbour;
    final List<byte[]> received = new ArrayList<>();

    /** What became of every hash that was asked for; null is success. */
    final List<XenException> hashAnswers = new ArrayList<>();

    NetfrontDevice vif;

    /** What the receiver does besides when a packet comes in. */
    Consumer<NetPacket> onPacket = packet -> {};

    private final List<byte[]> neighbourReceived = new ArrayList<>();
    private boolean neighbourEnded;
    private int hashesAsked;
    private int round;

    HostileNetHost(SimulatedXen xen) {
        this(xen, DomainConfig.named("guest"));
    }

    HostileNetHost(SimulatedXen xen, DomainConfig guestConfig) {
        super(xen, guestConfig);
        device = attach(0, evilDomain);
        SimDevice second = attach(1, honestDomain);
        evil = new HostileNetback(evilDomain, device);
        good = new HostileNetback(honestDomain, second);
        neighbour = new NetfrontDevice(guest.guest(), second.nodename(), PATIENT, new NetfrontDevice.Listener() {
            @Override
            public void connected() {}

            @Override
            public void ended(XenException reason) {
                neighbourEnded = true;
            }
        });
        neighbour.receiver(packet -> neighbourReceived.add(packet.toBytes()));
        onGuest(neighbour::start);
        handshake(good, PLAINLY);
    }

    private SimDevice attach(int number, SimDomain backend) {
        String mac = "00:16:3e:00:00:0" + number;
        String initialising = Integer.toString(XenbusState.INITIALISING.value());
        Map<String, String> front = Map.of(
                "backend-id",
                Integer.toString(backend.domid()),
                "handle",
                Integer.toString(number),
                "mac",
                mac,
                "state",
                initialising);
        Map<String, String> back = Map.of(
                "frontend-id",
                Integer.toString(guest.domid()),
                "online",
                "1",
                "handle",
                Integer.toString(number),
                "mac",
                mac,
                "state",
                initialising);
        return xen.toolstack().attach("vif", number, guest, backend, front, back);
    }

    // ---- the interface under attack

    NetfrontDevice start(NetfrontConfig config) {
        return start(config, seen -> seen);
    }

    NetfrontDevice start(NetfrontConfig config, UnaryOperator<XenGuest> view) {
        vif = new NetfrontDevice(view.apply(guest.guest()), device.nodename(), config, new NetfrontDevice.Listener() {
            @Override
            public void connected() {
                wasTold("connected");
            }

            @Override
            public void ended(XenException reason) {
                wasEnded(reason);
            }
        });
        vif.receiver(packet -> {
            received.add(packet.toBytes());
            onPacket.accept(packet);
        });
        onGuest(vif::start);
        return vif;
    }

    HostileNetHost connect(NetfrontConfig config, String... advertised) {
        return connect(config, seen -> seen, advertised);
    }

    HostileNetHost connect(NetfrontConfig config, UnaryOperator<XenGuest> view, String... advertised) {
        start(config, view);
        handshake(evil, advertised);
        return this;
    }

    void handshake(String... advertised) {
        handshake(evil, advertised);
    }

    private static void handshake(HostileNetback back, String... advertised) {
        back.advertise(advertised);
        back.attach();
        back.connected();
    }

    /** Suspends the guest and wakes it on a host where both backends begin anew; the neighbour is connected again. */
    void suspendAndRestore(Runnable whileAsleep) {
        xen.toolstack().suspend(guest);
        whileAsleep.run();
        evil.letGo();
        good.letGo();
        evil.state(XenbusState.CLOSED); // so that the toolstack need not wait
        good.state(XenbusState.CLOSED);
        xen.toolstack().restore(guest);
        device = attachedFrom(evilDomain);
        evil.device(device);
        good.device(attachedFrom(honestDomain));
    }

    void reconnectNeighbour() {
        handshake(good, PLAINLY);
    }

    /** A frame that can be told from others. */
    static byte[] frame(int number) {
        byte[] bytes = new byte[60 + number % 7];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 3 + number);
        }
        bytes[12] = (byte) 0x88;
        bytes[13] = (byte) 0xb5;
        return bytes;
    }

    /** Sends frames of one piece, all published with one event. */
    void send(int count) {
        send(vif, count);
    }

    private void send(NetfrontDevice from, int count) {
        onGuest(() -> {
            for (int i = 0; i < count; i++) {
                byte[] bytes = frame(round++);
                NetPacket packet = from.acquire(bytes.length);
                packet.copyIn(0, bytes, 0, bytes.length);
                assertThat(from.send(packet)).isTrue();
            }
            from.flush();
        });
    }

    /** The same, and takes them off the ring. */
    List<TxRequest> sendAndTake(int count) {
        int before = evil.tx.reqProd();
        send(count);
        return evil.takeTx(before + count);
    }

    /** Asks for a hash; {@link #hashAnswers} tells how it went. */
    void askForHash() {
        hashesAsked++;
        onGuest(() -> vif.hash(
                new NetHash(new byte[40], Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4, 0), error -> hashAnswers.add(error)));
    }

    void awaitFault() {
        assertThat(xen.runUntil(() -> vif.stats().faults() == 1, AT_ONCE))
                .as("fault found")
                .isTrue();
    }

    void await(BooleanSupplier done, Duration within) {
        assertThat(xen.runUntil(done, within)).as("within " + within).isTrue();
    }

    // ---- what must hold

    /**
     * BROKEN, whole: packets in flight are counted as lost, whoever waits for a hash has one answer, the fault; nothing more can be
     * sent; the rings are left alone; state Closing and an error node; every page comes back but those the backend holds,
     * which are in quarantine and come back when it lets go; the neighbour works; attached anew, so does the interface.
     */
    void assertBroken(PeerFault fault, int lost) {
        awaitFault();
        assertThat(vif.stats().dropped(NetDrop.TX_LOST)).as("packets lost").isEqualTo(lost);
        assertHashesAnswered(fault);
        onGuest(() -> {
            assertThat(vif.carrier()).isFalse();
            assertThat(vif.acquire(60)).isNull();
        });
        evil.requireFront(XenbusState.CLOSING);
        assertThat(errorNode()).startsWith(fault.name());
        assertNeighbourWorks();

        long answers = vif.stats().rxResponses() + vif.stats().txResponses();
        int packets = received.size();
        for (Ring ring : Ring.values()) {
            Wire wire = evil.wire(ring);
            if (wire != null) {
                wire.rspProd(wire.reqProd());
                evil.event(wire);
            }
        }
        xen.runFor(Duration.ofMillis(300));
        assertThat(vif.stats().rxResponses() + vif.stats().txResponses())
                .as("rings not read any more")
                .isEqualTo(answers);
        assertThat(received).hasSize(packets);
        assertThat(vif.stats().faults()).isEqualTo(1);
        assertHashesAnswered(fault);

        evil.state(XenbusState.CLOSED);
        awaitEnd();
        assertThat(told.stream().filter("ended"::equals)).hasSize(1);
        assertFault(endReason, fault);
        assertQuarantinedExactlyWhatIsHeldBy(evil);
        assertWorksAgain();
    }

    private void assertHashesAnswered(PeerFault fault) {
        assertThat(hashAnswers).as("answers to who asked for a hash").hasSize(hashesAsked);
        if (hashesAsked > 0) {
            assertFault(hashAnswers.get(hashesAsked - 1), fault);
        }
    }

    /** The packet was dropped for one reason, counted once, and not shown; the device is in service with all its pages. */
    void assertDropped(NetDrop reason) {
        await(() -> vif.stats().dropped(reason) == 1, AT_ONCE);
        assertThat(vif.stats().drops()).containsExactly(Map.entry(reason, 1L));
        assertThat(received).isEmpty();
        assertInService();
        assertEveryPageIsOffered();
    }

    /** Of every slot of the receive ring a page is offered, as long as the backend has taken what was answered. */
    void assertEveryPageIsOffered() {
        assertThat(evil.rx.untaken()).as("pages offered").isEqualTo(evil.rx.slots());
    }

    /** Ended by now: the ledger balances. */
    void assertQuarantinedExactlyWhatIsHeld() {
        assertQuarantinedExactlyWhatIsHeldBy(evil);
    }

    /** The toolstack takes the device away and gives the guest another like it. */
    void assertWorksAgain() {
        xen.toolstack().forceDetach(device);
        device = attach(0, evilDomain);
        evil.device(device);
        told.clear();
        received.clear();
        endReason = null;
        onPacket = packet -> {};
        connect(PLAIN, PLAINLY);
        assertInService();
    }

    /** A packet goes through each way. */
    void assertInService() {
        roundTrip(vif, evil, received);
        assertThat(vif.stats().faults()).isZero();
        assertNeighbourWorks();
    }

    void assertNeighbourWorks() {
        roundTrip(neighbour, good, neighbourReceived);
        assertThat(neighbour.stats().faults()).isZero();
        assertThat(neighbour.stats().drops()).isEmpty();
    }

    @Override
    void assertOtherDeviceWorks() {
        assertNeighbourWorks();
    }

    private void roundTrip(NetfrontDevice through, HostileNetback back, List<byte[]> arrived) {
        byte[] sent = frame(round);
        int before = back.tx.reqProd();
        long answered = through.stats().txResponses();
        send(through, 1);
        List<TxRequest> requests = back.takeTx(before + 1);
        TxRequest request = requests.get(requests.size() - 1);
        assertThat(back.frame(request)).isEqualTo(sent);
        back.putTx(request.id(), Netif.NETIF_RSP_OKAY);
        back.publish(back.tx);
        await(() -> through.stats().txResponses() == answered + 1, AT_ONCE);

        int seen = arrived.size();
        byte[] incoming = frame(round++);
        back.deliver(incoming);
        await(() -> arrived.size() == seen + 1, AT_ONCE);
        assertThat(arrived.get(seen)).isEqualTo(incoming);
    }

    /** Everything is let go and closed: what is left then is a leak, which the host looks for. */
    @Override
    public void close() {
        if (evilDomain.isAlive()) {
            evil.letGo();
        }
        good.letGo();
        if (vif != null && !told.contains("ended")) {
            onGuest(vif::close);
            awaitEnd();
        }
        onGuest(neighbour::close);
        good.state(XenbusState.CLOSED);
        assertThat(xen.runUntil(() -> neighbourEnded, A_WHILE)).isTrue();
    }
}
