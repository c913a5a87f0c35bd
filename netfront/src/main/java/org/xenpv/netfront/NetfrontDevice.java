package org.xenpv.netfront;

import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
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

    /** Told what becomes of the device. */
    public interface Listener {
        /** Packets can be sent; once per connection. */
        void connected();

        /** The device is out of service for good; {@link #ended} follows once it is closed. Not if we close it. */
        default void failed(XenException reason) {}

        /** The device is gone for good. @param reason null if we closed it */
        void ended(XenException reason);
    }

    private final XenGuest guest;
    private final NetfrontConfig config;
    private final Listener listener;
    private final XenbusFrontend xenbus;
    private final NetLink link;
    private final NetCounters counters = new NetCounters();
    private final EventLoop.Source catchUp = this::catchUp;
    private final MulticastGroups multicast = new MulticastGroups();
    private final Announcements announcements = new Announcements();
    private final Announcements.Sender announcer = this::sendAnnouncement;
    private final NetBroken queueBroken;
    private final FlowHash flowHash = new FlowHash();
    private final PacketHeaders headers = new PacketHeaders();

    private MacAddress mac;
    private NetfrontFeatures features;
    private NetOffloads offloads;
    private NetConnection connection;
    private OwnPages copyPages;
    private Receiver receiver;

    /** What the receiver is told for each burst; made once, so that nothing is allocated then. */
    private final Runnable writable = () -> receiver.writable();

    private final Runnable receivedAll = () -> receiver.receivedAll();

    /** Pages of the shortest packet that found no room since the receiver was told that there is room; 0 if none. */
    private int refusedPages;

    private boolean connectedBefore;
    private boolean ended;
    private XenException broken;
    private NetHash hash;

    /** @param nodename e.g. {@code device/vif/0} */
    public NetfrontDevice(XenGuest guest, String nodename, NetfrontConfig config, Listener listener) {
        this.guest = guest;
        this.config = config;
        this.listener = listener;
        this.xenbus = new XenbusFrontend(guest, nodename, new Handshake(), config.handshakeNs());
        this.queueBroken = xenbus::fail;
        this.link = new NetLink(guest, nodename, counters, new Link());
    }

    /** Begins to connect; {@link Listener#connected} or {@link Listener#ended} tells how it went. */
    public void start() {
        guest.loop().addSource(catchUp);
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
        if (lengthBytes < NetPacketCheck.ETHERNET_HEADER || lengthBytes > offloads.gsoBytesMax()) {
            throw new IllegalArgumentException("lengthBytes=" + lengthBytes + ", must be "
                    + NetPacketCheck.ETHERNET_HEADER + " to " + offloads.gsoBytesMax());
        }
        NetPacket packet = connection == null ? null : connection.take(lengthBytes);
        if (packet == null) {
            refused(TxPages.count(lengthBytes));
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
        NetPacketCheck.check(packet, headers, offloads);
        if (connection == null || !connection.owns(pool)) {
            counters.dropped(NetDrop.TX_NOT_CONNECTED);
        } else if (!link.up()) {
            counters.dropped(NetDrop.TX_NO_CARRIER);
        } else if (connection.send(packet, headers, flowHash)) {
            return true;
        } else {
            counters.dropped(NetDrop.TX_NO_ROOM);
            refused(packet.fragments());
        }
        pool.giveBack(packet);
        return false;
    }

    @Override
    public void flush() {
        if (connection != null) {
            connection.flush();
        }
    }

    /** Whatever had to wait for the link or for room: announcements, changes of the multicast filter, whoever sends. */
    private boolean catchUp() {
        if (!isConnected()) {
            return false;
        }
        boolean worked = tellGroups();
        if (link.up() && announcements.send(announcer)) {
            flush();
            worked = true;
        }
        return tellWritable() || worked;
    }

    private boolean tellWritable() {
        if (refusedPages == 0 || !connection.hasRoom(refusedPages)) {
            return false;
        }
        refusedPages = 0;
        if (receiver != null) {
            tell(writable);
        }
        return true;
    }

    /** The least of what is refused is told of first: whoever needs more asks again. */
    private void refused(int pages) {
        refusedPages = refusedPages == 0 ? pages : Math.min(refusedPages, pages);
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
            tell(receivedAll);
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
     * Asks for the multicast packets of a group, where the backend filters ({@link NetfrontConfig#multicastControl}): as soon as
     * there is room on the ring; remembered over reconnects.
     */
    public void joinMulticast(MacAddress group) {
        multicast.join(group);
        tellGroups();
    }

    /** The opposite. */
    public void leaveMulticast(MacAddress group) {
        multicast.leave(group);
        tellGroups();
    }

    private boolean tellGroups() {
        return isConnected() && features.multicastControl() && multicast.tell(connection);
    }

    /**
     * Switches the backend's multicast filter on or off while connected; remembered over reconnects.
     *
     * @throws IllegalStateException if the backend cannot (feature-dynamic-multicast-control)
     */
    public void multicastFilter(boolean on) {
        if (features == null || !features.dynamicMulticast()) {
            throw new IllegalStateException(nodename() + ": the backend has no dynamic multicast control");
        }
        multicast.filtering(on);
        guest.store().write(nodename() + "/" + NetifKeys.REQUEST_MULTICAST_CONTROL, on ? "1" : "0", (ok, error) -> {
            if (error != null) {
                guest.loop().report(nodename(), error);
            }
        });
    }

    /**
     * Sets up how the backend spreads packets over our queues. The last that succeeded is set up again with every further connection, unless
     * another is asked for by then. After one that failed the backend does not hash.
     *
     * @param whenDone told once: null, or why it could not be
     * @throws IllegalArgumentException if it names a queue that this connection does not have
     * @throws IllegalStateException if there is no control ring, or another that was asked for here is being set up
     */
    public void hash(NetHash wanted, HashDone whenDone) {
        if (!isConnected() || !features.ctrlRing()) {
            throw new IllegalStateException(nodename() + " has no control ring");
        }
        wanted.check(features.queues());
        connection.hash(wanted, false, error -> {
            if (error == null) {
                hash = wanted;
            }
            whenDone.done(error);
        });
    }

    /** Sets up what has been set up before; whoever asks for another does not have to wait for it. */
    private void rehash() {
        if (hash == null || !features.ctrlRing()) {
            return;
        }
        try {
            hash.check(features.queues());
        } catch (IllegalArgumentException fewerQueues) {
            guest.loop().report(nodename(), fewerQueues);
            return;
        }
        connection.hash(hash, true, error -> {
            if (error != null && isConnected()) { // else it is tried again
                guest.loop().report(nodename(), error);
            }
        });
    }

    /** Told how setting up a hash went. */
    public interface HashDone {
        /** @param error null if the backend hashes now */
        void done(XenException error);
    }

    /**
     * Says that this address is ours: announced after every reconnect and whenever the link is up again, by gratuitous ARP or
     * unsolicited neighbour advertisement, because the machine may hang on another switch by then.
     *
     * @param address 4 or 16 bytes
     */
    public void announce(byte[] address) {
        announcements.add(address);
    }

    private boolean sendAnnouncement(byte[] address) {
        NetPacket packet = connection.take(Announcement.lengthBytes(address));
        if (packet == null) {
            return false;
        }
        byte[] frame = Announcement.of(mac, address);
        packet.copyIn(0, frame, 0, frame.length);
        return send(packet);
    }

    /** Waits for what was sent, closes the device; {@link Listener#ended} tells when. Idempotent. */
    public void close() {
        if (!ended) {
            xenbus.close();
        }
    }

    /** What xenstore says of the link. */
    private final class Link implements NetLink.Listener {

        @Override
        public void changed() {
            linkChanged();
        }

        @Override
        public void upAgain() {
            announcements.begin();
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
            mac = MacAddress.parseStation(NetifKeys.MAC, text == null ? "" : text);
            link.begin(frontend.text(NetifKeys.MTU));
            connection = NetConnection.open(guest, otherendId, features, config, counters, queueBroken);
            connection.publish(keys);
            multicast.publish(keys, features.multicastControl());
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
            link.connect(xenbus.otherendPath(), connectedBefore);
            multicast.begin();
            tellGroups();
            if (connectedBefore) {
                counters.reconnects++;
                rehash();
            }
            connectedBefore = true;
            tell(listener::connected);
            linkChanged();
        }

        @Override
        public void refresh(KeySnapshot backend) {
            // Nothing of a connection changes but what NetLink watches.
        }

        @Override
        public void failed(XenException reason) {
            broken = reason;
            tell(() -> listener.failed(reason));
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
            guest.loop().removeSource(catchUp);
            if (copyPages != null) {
                copyPages.free().run();
                copyPages = null;
            }
            tell(() -> listener.ended(reason));
        }
    }
}
