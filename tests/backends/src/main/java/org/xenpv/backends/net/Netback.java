package org.xenpv.backends.net;

import org.xenpv.backends.ServedDevice;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.xenbus.BackendDriver;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusBackend;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * The backend of one virtual network interface: advertises what it can, connects to the frontend's rings and serves them until the
 * frontend or the device goes away; again if the frontend comes back.
 *
 * <p>It is a {@link NetworkPort} all its life: while no frontend is connected there is no carrier and what is sent is dropped.
 * Owned by the thread of the domain's event loop.
 */
public final class Netback implements NetworkPort, ServedDevice, AutoCloseable {

    private static final String NOT_OFFERED_TO_THE_END = "0";

    private final XenGuest guest;
    private final String nodename;
    private final NetbackConfig config;
    private final XenbusBackend xenbus;
    private final NetbackCounters counters = new NetbackCounters();
    private final FrameHeaders headers = new FrameHeaders();

    private Sink sink;
    private NetbackConnection connection;
    private PortOffloads offloads = PortOffloads.NONE;
    private XenstoreWatch filterWatch;
    private long mac;
    private boolean linkUp = true;
    private Runnable whenEnded;
    private XenException reason;
    private boolean ended;
    private long connections;

    /** @param nodename our directory, relative to the domain's: {@code backend/vif/<frontend-id>/<handle>} */
    public Netback(XenGuest guest, String nodename, NetbackConfig config) {
        this.guest = guest;
        this.nodename = nodename;
        this.config = config;
        this.xenbus = new XenbusBackend(guest, nodename, new Driver());
    }

    /** Called once when the device has ended, by itself or killed; see {@link #reason()}. */
    Netback onEnded(Runnable action) {
        whenEnded = action;
        return this;
    }

    /** Advertises what is offered and waits for the frontend. */
    @Override
    public void start() {
        xenbus.start();
    }

    public String nodename() {
        return nodename;
    }

    public XenbusState state() {
        return xenbus.state();
    }

    /** Why the device does not serve, or null. */
    public XenException reason() {
        return reason;
    }

    @Override
    public boolean isEnded() {
        return ended;
    }

    public NetbackStats stats() {
        return counters.snapshot();
    }

    /** The guest's MAC address as the toolstack gave it, in the low 48 bits, first byte highest; 0 before it is known. */
    public long mac() {
        return mac;
    }

    /** Queues being served. */
    public int queues() {
        return connection == null ? 0 : connection.queues();
    }

    /** Frames that wait until the guest posts buffers. */
    public int backlogged() {
        return connection == null ? 0 : connection.backlogged();
    }

    /** How often a frontend has been connected. */
    public long connections() {
        return connections;
    }

    /** Whether the guest's filter of groups applies, and how many are in it. */
    public boolean filtersGroups() {
        return connection != null && connection.filter().isOn();
    }

    public int groups() {
        return connection == null ? 0 : connection.filter().count();
    }

    /** Tells the guest that the cable has been pulled, or plugged in again ({@code carrier}). */
    public void link(boolean up) {
        linkUp = up;
        XenbusState state = state();
        if (state == XenbusState.INIT_WAIT || state == XenbusState.CONNECTED) {
            xenbus.announce(new KeySnapshot.Writer().put(NetifKeys.CARRIER, up));
        }
    }

    @Override
    public PortOffloads offloads() {
        return offloads;
    }

    @Override
    public boolean carrier() {
        return connection != null && connection.stalledQueues() == 0;
    }

    @Override
    public boolean ready() {
        return backlogged() == 0;
    }

    @Override
    public void plug(Sink target) {
        sink = target;
    }

    @Override
    public boolean send(NetFrame frame) {
        NetbackConnection current = connection;
        NetbackDrop fault = current == null ? NetbackDrop.RX_NOT_CONNECTED : judge(frame, current);
        if (fault != null) {
            counters.drop(fault);
            return false;
        }
        return current.send(frame);
    }

    private NetbackDrop judge(NetFrame frame, NetbackConnection current) {
        PortOffloads allowed = offloads;
        if (!linkUp) {
            return NetbackDrop.RX_NOT_CONNECTED;
        }
        if (frame.length() < FrameHeaders.ETHERNET_BYTES) {
            return NetbackDrop.RX_RUNT;
        }
        if (frame.length() > allowed.bytesMax(frame.gsoType())) {
            return NetbackDrop.RX_TOO_LONG;
        }
        if (!allowed.gso(frame.gsoType())) {
            return NetbackDrop.RX_UNSUPPORTED;
        }
        if (frame.csumBlank() && !(allowed.csumV4() && allowed.csumV6())) {
            headers.parse(frame);
            if (!allowed.csum(headers.version())) {
                return NetbackDrop.RX_UNSUPPORTED;
            }
        }
        return current.filter().passes(frame.destination()) ? null : NetbackDrop.RX_FILTERED;
    }

    @Override
    public void flush() {
        if (connection != null) {
            connection.flush();
        }
    }

    /** Dies as a driver domain does that crashes: unmaps, answers nothing, writes nothing. Idempotent. */
    @Override
    public void kill() {
        if (!ended) {
            ended = true;
            xenbus.kill();
            disconnect();
            tellEnded();
        }
    }

    /** The same as {@link #kill}: an orderly end is the toolstack's to begin, and the frontend's to agree to. */
    @Override
    public void close() {
        kill();
    }

    private void disconnect() {
        if (filterWatch != null) {
            filterWatch.cancel();
            filterWatch = null;
        }
        if (connection != null) {
            connection.close();
            connection = null;
            offloads = PortOffloads.NONE;
            linkChanged();
        }
    }

    private void tellEnded() {
        if (whenEnded != null) {
            whenEnded.run();
        }
    }

    private void linkChanged() {
        if (sink != null) {
            sink.linkChanged();
        }
    }

    private void watchFilter() {
        String path = xenbus.otherendPath() + "/" + NetifKeys.REQUEST_MULTICAST_CONTROL;
        filterWatch = guest.store()
                .watch(
                        path,
                        changed -> guest.store().read(path, (text, error) -> {
                            if (connection != null && error == null) {
                                connection.filter().turn(text != null && !text.equals(NOT_OFFERED_TO_THE_END));
                            }
                        }));
    }

    /** {@code 00:16:3e:00:00:01} */
    private static long parseMac(String text) {
        long parsed = 0;
        boolean valid = text != null && text.length() == 17;
        for (int i = 0; valid && i < 17; i++) {
            char c = text.charAt(i);
            if (i % 3 == 2) {
                valid = c == ':';
            } else {
                int digit = Character.digit(c, 16);
                valid = digit >= 0 && c < 128;
                parsed = parsed << 4 | digit;
            }
        }
        if (!valid || (parsed >>> 40 & 1) != 0) {
            throw new XenConfigException(NetifKeys.MAC, text, "the MAC address of one interface");
        }
        return parsed;
    }

    /** What happens on the rings. */
    private final class RingEvents implements NetbackConnection.Events {

        @Override
        public void received(NetFrame frame) {
            if (sink == null || !linkUp) {
                counters.drop(NetbackDrop.TX_UNPLUGGED);
            } else {
                sink.received(frame);
            }
        }

        @Override
        public void receivedAll() {
            if (sink != null) {
                sink.receivedAll();
            }
        }

        @Override
        public void stallChanged() {
            linkChanged();
        }

        @Override
        public void broken(String ring, PeerFault fault) {
            reason = new XenProtocolException(fault, nodename + " " + ring + ": the frontend's request producer");
            xenbus.fail(reason);
        }
    }

    /** What the handshake asks of us. */
    private final class Driver implements BackendDriver {

        @Override
        public String[] backendKeys() {
            return new String[] {NetifKeys.MAC};
        }

        @Override
        public void advertise(int frontendId, KeySnapshot backend, KeySnapshot.Writer keys) {
            try {
                mac = parseMac(backend.text(NetifKeys.MAC));
            } catch (XenException e) {
                reason = e;
                throw e;
            }
            keys.remove(NetifKeys.MULTI_QUEUE_MAX_QUEUES) // a backend before us may have offered more
                    .put(NetifKeys.FEATURE_RX_COPY, config.rxCopy())
                    .put("feature-rx-flip", false)
                    .put(NetifKeys.FEATURE_SG, config.sg())
                    .put(NetifKeys.FEATURE_NO_CSUM_OFFLOAD, !config.csumV4())
                    .put(NetifKeys.FEATURE_IPV6_CSUM_OFFLOAD, config.csumV6())
                    .put(NetifKeys.FEATURE_GSO_TCPV4, config.gsoV4())
                    .put(NetifKeys.FEATURE_GSO_TCPV6, config.gsoV6())
                    .put(NetifKeys.FEATURE_SPLIT_EVENT_CHANNELS, config.splitEventChannels())
                    .put(NetifKeys.FEATURE_MULTICAST_CONTROL, config.multicastControl())
                    .put(NetifKeys.FEATURE_DYNAMIC_MULTICAST_CONTROL, config.dynamicMulticastControl())
                    .put(NetifKeys.FEATURE_CTRL_RING, config.ctrlRing())
                    .put(NetifKeys.FEATURE_XDP_HEADROOM, config.xdpHeadroom())
                    .put(NetifKeys.CARRIER, linkUp);
            if (config.queuesMax() > 1) {
                keys.put(NetifKeys.MULTI_QUEUE_MAX_QUEUES, config.queuesMax());
            }
        }

        /** As xen-netback, which takes no notice of Initialised. */
        @Override
        public boolean isPublished(XenbusState frontend) {
            return frontend == XenbusState.CONNECTED;
        }

        @Override
        public String[] frontendKeys() {
            return NetbackTransport.keys(config);
        }

        @Override
        public void connect(int frontendId, KeySnapshot frontend, KeySnapshot.Writer keys) {
            disconnect();
            try {
                NetbackTransport transport = NetbackTransport.parse(frontend, config);
                connection = NetbackConnection.open(
                        guest, nodename, frontendId, config, transport, counters, new RingEvents());
                offloads = transport.offloads();
            } catch (XenException e) {
                reason = e;
                throw e;
            }
            if (config.dynamicMulticastControl()) {
                watchFilter();
            }
            connections++;
            reason = null;
            linkChanged();
        }

        @Override
        public void reconfigured(int frontendId, KeySnapshot frontend) {
            if (connection != null) {
                int headroom = NetbackTransport.xdpHeadroom(frontend, config);
                offloads = NetbackTransport.offloads(frontend, headroom);
                connection.xdpHeadroom(headroom);
                linkChanged();
            }
        }

        @Override
        public void disconnect() {
            Netback.this.disconnect();
        }

        @Override
        public void removed(XenException why) {
            if (ended) {
                return;
            }
            ended = true;
            if (why != null) {
                reason = why;
            }
            Netback.this.disconnect();
            tellEnded();
        }
    }
}
