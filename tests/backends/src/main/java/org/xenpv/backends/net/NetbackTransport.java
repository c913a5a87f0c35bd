package org.xenpv.backends.net;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.event.EventChannels;
import org.xenpv.fault.XenConfigException;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.memory.SharedMemory;
import org.xenpv.xenbus.KeySnapshot;

/**
 * What a frontend published: its rings, and what it takes. Read strictly; what was not offered does not count.
 *
 * @param offloads what may be sent to the guest
 * @param rxNotify the frontend sends an event when it posts buffers
 * @param groupFilter the frontend wants its filter of groups applied
 * @param xdpHeadroom bytes left free in each buffer
 * @param control null if there is no control ring
 * @param queues at least one
 */
record NetbackTransport(
        PortOffloads offloads,
        boolean rxNotify,
        boolean groupFilter,
        int xdpHeadroom,
        Control control,
        List<Queue> queues) {

    /** More than any use of it needs; a buffer has room for data still. */
    static final int XDP_HEADROOM_MAX = 2048;

    private static final long UINT32_MAX = 0xffff_ffffL;

    record Control(int gref, int port) {}

    /** @param rxPort the same as {@code txPort} if the event channels are not split */
    record Queue(int txGref, int rxGref, int txPort, int rxPort) {}

    /** The keys of a frontend's directory that {@link #parse} looks at. */
    static String[] keys(NetbackConfig config) {
        List<String> keys = new ArrayList<>(List.of(
                NetifKeys.REQUEST_RX_COPY,
                NetifKeys.FEATURE_RX_NOTIFY,
                NetifKeys.FEATURE_SG,
                NetifKeys.FEATURE_NO_CSUM_OFFLOAD,
                NetifKeys.FEATURE_IPV6_CSUM_OFFLOAD,
                NetifKeys.FEATURE_GSO_TCPV4,
                NetifKeys.FEATURE_GSO_TCPV6,
                NetifKeys.REQUEST_MULTICAST_CONTROL,
                NetifKeys.XDP_HEADROOM,
                NetifKeys.CTRL_RING_REF,
                NetifKeys.EVENT_CHANNEL_CTRL,
                NetifKeys.MULTI_QUEUE_NUM_QUEUES));
        addQueueKeys(keys, "");
        if (config.queuesMax() > 1) {
            for (int queue = 0; queue < config.queuesMax(); queue++) {
                addQueueKeys(keys, NetifKeys.queue(queue) + "/");
            }
        }
        return keys.toArray(new String[0]);
    }

    private static void addQueueKeys(List<String> keys, String directory) {
        keys.add(directory + NetifKeys.TX_RING_REF);
        keys.add(directory + NetifKeys.RX_RING_REF);
        keys.add(directory + NetifKeys.EVENT_CHANNEL);
        keys.add(directory + NetifKeys.EVENT_CHANNEL_TX);
        keys.add(directory + NetifKeys.EVENT_CHANNEL_RX);
    }

    /** @throws XenConfigException naming the key, what stood there, and what would have been accepted */
    static NetbackTransport parse(KeySnapshot frontend, NetbackConfig config) {
        if (!frontend.flag(NetifKeys.REQUEST_RX_COPY)) {
            throw new XenConfigException(
                    NetifKeys.REQUEST_RX_COPY, frontend.text(NetifKeys.REQUEST_RX_COPY), "1: there is no other way");
        }
        int headroom = xdpHeadroom(frontend, config);
        int count = (int) frontend.number(NetifKeys.MULTI_QUEUE_NUM_QUEUES, 1, config.queuesMax(), 1);
        List<Queue> queues = new ArrayList<>();
        for (int queue = 0; queue < count; queue++) {
            queues.add(queue(frontend, count == 1 ? "" : NetifKeys.queue(queue) + "/", config));
        }
        return new NetbackTransport(
                offloads(frontend, headroom),
                frontend.flag(NetifKeys.FEATURE_RX_NOTIFY),
                config.multicastControl() && frontend.flag(NetifKeys.REQUEST_MULTICAST_CONTROL),
                headroom,
                control(frontend, config),
                List.copyOf(queues));
    }

    static int xdpHeadroom(KeySnapshot frontend, NetbackConfig config) {
        return config.xdpHeadroom() ? frontend.clamped(NetifKeys.XDP_HEADROOM, XDP_HEADROOM_MAX) : 0;
    }

    /** What the frontend advertises is for packets to it, whatever we advertise to it. */
    static PortOffloads offloads(KeySnapshot frontend, int xdpHeadroom) {
        boolean sg = frontend.flag(NetifKeys.FEATURE_SG);
        int slotBytes = SharedMemory.PAGE_BYTES - xdpHeadroom;
        int bytesMax = sg ? Math.min(Netif.XEN_NETIF_MAX_TX_SIZE, Netif.XEN_NETIF_NR_SLOTS_MIN * slotBytes) : slotBytes;
        boolean csumV4 = !frontend.flag(NetifKeys.FEATURE_NO_CSUM_OFFLOAD);
        boolean csumV6 = frontend.flag(NetifKeys.FEATURE_IPV6_CSUM_OFFLOAD);
        return new PortOffloads(
                csumV4,
                csumV6,
                sg && csumV4 && frontend.flag(NetifKeys.FEATURE_GSO_TCPV4),
                sg && csumV6 && frontend.flag(NetifKeys.FEATURE_GSO_TCPV6),
                bytesMax,
                bytesMax);
    }

    private static Control control(KeySnapshot frontend, NetbackConfig config) {
        if (!config.ctrlRing() || !frontend.has(NetifKeys.CTRL_RING_REF)) {
            return null;
        }
        return new Control(
                (int) frontend.number(NetifKeys.CTRL_RING_REF, 0, UINT32_MAX),
                port(frontend, NetifKeys.EVENT_CHANNEL_CTRL));
    }

    private static Queue queue(KeySnapshot frontend, String directory, NetbackConfig config) {
        int txGref = (int) frontend.number(directory + NetifKeys.TX_RING_REF, 0, UINT32_MAX);
        int rxGref = (int) frontend.number(directory + NetifKeys.RX_RING_REF, 0, UINT32_MAX);
        boolean split = config.splitEventChannels() && frontend.has(directory + NetifKeys.EVENT_CHANNEL_TX);
        if (split) {
            return new Queue(
                    txGref,
                    rxGref,
                    port(frontend, directory + NetifKeys.EVENT_CHANNEL_TX),
                    port(frontend, directory + NetifKeys.EVENT_CHANNEL_RX));
        }
        int port = port(frontend, directory + NetifKeys.EVENT_CHANNEL);
        return new Queue(txGref, rxGref, port, port);
    }

    private static int port(KeySnapshot frontend, String key) {
        return (int) frontend.number(key, 1, EventChannels.PORTS_MAX - 1);
    }
}
