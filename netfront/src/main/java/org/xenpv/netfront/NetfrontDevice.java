package org.xenpv.netfront;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.xenbus.FrontendDriver;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.OwnPages;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusFrontend;
import org.xenpv.xenbus.XenbusState;

/**
 * A network interface over netif: the core, owned by the event loop's thread.
 *
 * <p>Connects, sends and receives, connects again when the backend restarts or the domain comes back from a suspend. Packets in flight are
 * lost then, as on any network; addresses that were given are announced anew.
 */
public final class NetfrontDevice implements NetworkDevice {

    private static final int ETHERNET_HEADER = 14;

    /** Told what becomes of the device. */
    public interface Listener {
        /** Packets can be sent; once per connection. */
        void connected();

        /** The device is gone for good. @param reason null if we closed it */
        void ended(XenException reason);
    }

    private final XenGuest guest;
    private final NetfrontConfig config;
    private final Listener listener;
    private final XenbusFrontend xenbus;
    private final NetLink link;
    private final NetCounters counters = new NetCounters();
    private final EventLoop.Source writableCheck = this::tellWritable;
    private final NetBroken queueBroken;
    private final FlowHash flowHash = new FlowHash();
    private final PacketHeaders headers = new PacketHeaders();

    private MacAddress mac;
    private NetfrontFeatures features;
    private NetOffloads offloads;
    private NetConnection connection;
    private OwnPages copyPages;
    private Receiver receiver;
    private boolean starved;
    private boolean connectedBefore;
    private boolean ended;
    private XenException broken;
    private NetHash hash;

    /** Groups joined, as addresses; true once the backend has been told. */
    private final Map<MacAddress, Boolean> groups = new LinkedHashMap<>();

    private final List<byte[]> announced = new ArrayList<>();

    /** @param nodename e.g. {@code device/vif/0} */
    public NetfrontDevice(XenGuest guest, String nodename, NetfrontConfig config, Listener listener) {
        this.guest = guest;
        this.config = config;
        this.listener = listener;
        this.xenbus = new XenbusFrontend(guest, nodename, new Handshake(), config.handshakeNs());
        this.queueBroken = xenbus::fail;
        this.link = new NetLink(guest, nodename, this::linkChanged);
    }

    /** Begins to connect; {@link Listener#connected} or {@link Listener#ended} tells how it went. */
    public void start() {
        guest.loop().addSource(writableCheck);
        xenbus.start();
    }

    public String nodename() {
        return xenbus.nodename();
    }

    /** Null before the first negotiation. */
    public NetfrontFeatures features() {
        return features;
    }

    public NetStats stats() {
        return counters.snapshot();
    }

    public boolean isConnected() {
        return connection != null && connection.isLive();
    }

    /** Null before the first negotiation. */
    @Override
    public MacAddress mac() {
        return mac;
    }

    @Override
    public int mtu() {
        return link.mtu();
    }

    @Override
    public boolean carrier() {
        return isConnected() && link.up();
    }

    /** Of the link, in Mbit/s as the toolstack says; 0 if it does not. */
    public long speedMbps() {
        return link.speedMbps();
    }

    /** Null before the first connection. */
    @Override
    public NetOffloads offloads() {
        return offloads;
    }

    @Override
    public void receiver(Receiver told) {
        receiver = told;
    }

    @Override
    public NetPacket acquire(int lengthBytes) {
        if (offloads == null) {
            throw new IllegalStateException(nodename() + " is not connected yet");
        }
        if (lengthBytes < ETHERNET_HEADER || lengthBytes > offloads.gsoBytesMax()) {
            throw new IllegalArgumentException(
                    "lengthBytes=" + lengthBytes + ", must be " + ETHERNET_HEADER + " to " + offloads.gsoBytesMax());
        }
        NetPacket packet = connection == null ? null : connection.take(lengthBytes);
        if (packet == null) {
            starved = true;
        }
        return packet;
    }

    @Override
    public void release(NetPacket packet) {
        TxPages pool = pool(packet);
        pool.giveBack(packet);
    }

    private static TxPages pool(NetPacket packet) {
        TxPages pool = packet.pool();
        if (pool == null) {
            throw new IllegalStateException("the packet was not acquired here, or has been sent or released");
        }
        return pool;
    }

    @Override
    public boolean send(NetPacket packet) {
        TxPages pool = pool(packet);
        headers.parse(packet);
        check(packet);
        if (connection == null || !connection.owns(pool)) {
            counters.dropped(NetDrop.TX_NOT_CONNECTED);
        } else if (!link.up()) {
            counters.dropped(NetDrop.TX_NO_CARRIER);
        } else if (connection.send(packet, headers, flowHash)) {
            return true;
        } else {
            counters.dropped(NetDrop.TX_NO_ROOM);
            starved = true;
        }
        pool.giveBack(packet);
        return false;
    }

    /** Refuses what the backend would. */
    private void check(NetPacket packet) {
        int length = packet.length();
        if (length < ETHERNET_HEADER || packet.fragmentBytes(0) < ETHERNET_HEADER) {
            throw new IllegalArgumentException("packet of " + length + " bytes, " + packet.fragmentBytes(0)
                    + " in its first piece, must have at least " + ETHERNET_HEADER + " there");
        }
        boolean v6 = headers.ipVersion() == 6;
        if (packet.csumBlank()) {
            if (!headers.hasTransport()) {
                throw new IllegalArgumentException(
                        "csumBlank, but there is no whole TCP or UDP header in these " + length + " bytes");
            }
            if (!(v6 ? offloads.csumV6() : offloads.csumV4())) {
                throw new IllegalArgumentException("csumBlank over IPv" + headers.ipVersion() + ", not offered");
            }
        }
        int type = packet.gsoType();
        if (type == Netif.XEN_NETIF_GSO_TYPE_NONE) {
            if (length > offloads.frameBytesMax()) {
                throw new IllegalArgumentException(
                        "frame of " + length + " bytes, must be at most " + offloads.frameBytesMax());
            }
            return;
        }
        boolean offered = type == Netif.XEN_NETIF_GSO_TYPE_TCPV6 ? offloads.gsoV6() : offloads.gsoV4();
        boolean fits = headers.hasTransport()
                && headers.protocol() == PacketHeaders.PROTOCOL_TCP
                && v6 == (type == Netif.XEN_NETIF_GSO_TYPE_TCPV6)
                && packet.csumBlank();
        if (!offered || !fits) {
            throw new IllegalArgumentException("gso type=" + type
                    + (offered ? ", but this is no TCP packet of that kind with csumBlank" : ", not offered"));
        }
        if (packet.gsoSize() > length - headers.payloadAt()) {
            throw new IllegalArgumentException("gso size=" + packet.gsoSize() + ", must be at most "
                    + (length - headers.payloadAt()) + ", the payload");
        }
    }

    @Override
    public void flush() {
        if (connection != null) {
            connection.flush();
        }
    }

    private boolean tellWritable() {
        if (starved && connection != null && connection.hasRoom()) {
            starved = false;
            if (receiver != null) {
                tell(receiver::writable);
            }
            return true;
        }
        return false;
    }

    private void received(NetPacket packet) {
        if (receiver == null) {
            counters.dropped(NetDrop.RX_NO_RECEIVER);
            return;
        }
        try {
            receiver.received(packet);
        } catch (Throwable error) {
            guest.loop().report(nodename(), error);
        }
    }

    private void receivedAll() {
        if (receiver != null) {
            tell(receiver::receivedAll);
        }
    }

    private void linkChanged() {
        if (features != null) {
            offloads = features.offloads(link.mtu());
        }
        if (isConnected()) {
            connection.mtu(link.mtu());
        }
        if (receiver != null) {
            tell(receiver::linkChanged);
        }
    }

    private void tell(Runnable call) {
        try {
            call.run();
        } catch (Throwable error) {
            guest.loop().report(nodename(), error);
        }
    }

    /**
     * Asks for the multicast packets of a group, where the backend filters ({@link NetfrontConfig#multicastControl}); remembered
     * over reconnects.
     */
    public void joinMulticast(MacAddress group) {
        checkGroup(group);
        if (groups.putIfAbsent(group, false) == null) {
            tellGroups();
        }
    }

    /** The opposite. */
    public void leaveMulticast(MacAddress group) {
        checkGroup(group);
        Boolean told = groups.remove(group);
        if (told != null && told && isConnected() && features.multicastControl()) {
            connection.filter(group, false);
        }
    }

    private static void checkGroup(MacAddress group) {
        if (!group.isMulticast()) {
            throw new IllegalArgumentException("group=" + group + ", must be a multicast address");
        }
    }

    private void tellGroups() {
        if (!isConnected() || !features.multicastControl()) {
            return;
        }
        for (Map.Entry<MacAddress, Boolean> group : groups.entrySet()) {
            if (!group.getValue()) {
                group.setValue(connection.filter(group.getKey(), true));
            }
        }
    }

    /**
     * Switches the backend's multicast filter on or off while connected.
     *
     * @throws IllegalStateException if the backend cannot (feature-dynamic-multicast-control)
     */
    public void multicastFilter(boolean on) {
        if (features == null || !features.dynamicMulticast()) {
            throw new IllegalStateException(nodename() + ": the backend has no dynamic multicast control");
        }
        guest.store().write(nodename() + "/" + NetifKeys.REQUEST_MULTICAST_CONTROL, on ? "1" : "0", (ok, error) -> {
            if (error != null) {
                guest.loop().report(nodename(), error);
            }
        });
    }

    /**
     * Sets up how the backend spreads packets over our queues; remembered over reconnects once it has succeeded.
     *
     * @param whenDone told once: null, or why it could not be
     * @throws IllegalArgumentException if it names a queue that this connection does not have
     * @throws IllegalStateException if there is no control ring, or another hash is being set up
     */
    public void hash(NetHash wanted, HashDone whenDone) {
        if (!isConnected() || !features.ctrlRing()) {
            throw new IllegalStateException(nodename() + " has no control ring");
        }
        wanted.check(features.queues());
        connection.hash(wanted, error -> {
            if (error == null) {
                hash = wanted;
            }
            whenDone.done(error);
        });
    }

    /** Told how setting up a hash went. */
    public interface HashDone {
        /** @param error null if the backend hashes now */
        void done(XenException error);
    }

    /**
     * Says that this address is ours: announced after every reconnect, by gratuitous ARP or unsolicited neighbour
     * advertisement, because the machine may hang on another switch by then.
     *
     * @param address 4 or 16 bytes
     */
    public void announce(byte[] address) {
        Announcement.check(address);
        announced.add(address.clone());
    }

    private void sendAnnouncements() {
        for (byte[] address : announced) {
            byte[] frame = Announcement.of(mac, address);
            NetPacket packet = connection.take(frame.length);
            if (packet != null) {
                packet.copyIn(0, frame, 0, frame.length);
                send(packet);
            }
        }
        flush();
    }

    /** Waits for what was sent, closes the device; {@link Listener#ended} tells when. Idempotent. */
    public void close() {
        if (!ended) {
            xenbus.close();
        }
    }

    /** What happens on xenbus. */
    private final class Handshake implements FrontendDriver {

        private Runnable drained;

        @Override
        public String[] backendKeys() {
            return NetfrontFeatures.KEYS;
        }

        @Override
        public String[] frontendKeys() {
            return new String[] {NetifKeys.MAC, NetifKeys.MTU};
        }

        @Override
        public void publish(int otherendId, KeySnapshot backend, KeySnapshot frontend, KeySnapshot.Writer keys) {
            features = NetfrontFeatures.parse(backend, config);
            String text = frontend.has(NetifKeys.MAC) ? frontend.text(NetifKeys.MAC) : backend.text(NetifKeys.MAC);
            mac = MacAddress.parse(NetifKeys.MAC, text == null ? "" : text);
            link.begin(frontend.text(NetifKeys.MTU));
            connection = NetConnection.open(guest, otherendId, features, config, counters, queueBroken);
            connection.publish(keys);
        }

        /** Network backends take no notice of Initialised. */
        @Override
        public XenbusState publishedState() {
            return XenbusState.CONNECTED;
        }

        @Override
        public void connected(KeySnapshot backend) {
            boolean copying = config.rxCopied() || !guest.grants().canRegrant();
            if (copying && copyPages == null) {
                copyPages = guest.ownPages(RxCopy.PAGES);
            }
            connection.connect(
                    nodename(),
                    link.mtu(),
                    copying ? new RxCopy(copyPages.memory()) : null,
                    NetfrontDevice.this::received,
                    NetfrontDevice.this::receivedAll);
            offloads = features.offloads(link.mtu());
            link.connect(xenbus.otherendPath());
            groups.replaceAll((group, told) -> false);
            tellGroups();
            if (connectedBefore) {
                counters.reconnects++;
                sendAnnouncements();
                rehash();
            }
            connectedBefore = true;
            tell(listener::connected);
            linkChanged();
        }

        private void rehash() {
            NetHash again = hash;
            hash = null;
            if (again != null && features.ctrlRing()) {
                try {
                    again.check(features.queues());
                } catch (IllegalArgumentException fewerQueues) {
                    guest.loop().report(nodename(), fewerQueues);
                    return;
                }
                hash(again, error -> {
                    if (error != null) {
                        guest.loop().report(nodename(), error);
                    }
                });
            }
        }

        @Override
        public void refresh(KeySnapshot backend) {
            // Nothing of a connection changes but what NetLink watches.
        }

        @Override
        public void failed(XenException reason) {
            broken = reason;
        }

        @Override
        public void drain(Runnable whenDrained) {
            // The network loses packets; what has been sent before is on the ring and the backend's to take.
            flush();
            whenDrained.run();
        }

        @Override
        public void stop() {
            boolean was = isConnected();
            link.stop();
            if (connection != null) {
                connection.stop(broken);
            }
            if (was) {
                linkChanged();
            }
        }

        @Override
        public void release(boolean resumed) {
            if (connection != null) {
                connection.release(resumed);
                connection = null;
            }
        }

        @Override
        public void ended(XenException reason) {
            ended = true;
            if (broken == null) {
                broken = reason;
            }
            guest.loop().removeSource(writableCheck);
            if (copyPages != null) {
                copyPages.free().run();
                copyPages = null;
            }
            tell(() -> listener.ended(reason));
        }
    }
}
