package org.xenpv.netfront;

import org.xenpv.fault.XenConfigException;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.xenbus.KeySnapshot;

/**
 * What a backend offers and what we take of it: read strictly, clamped to our own limits, once per connection. Not supported, because nobody
 * speaks them any more: page flipping, feature-smart-poll, the GSO prefix flag; and static grants (ADD_GREF_MAPPING),
 * which no backend has.
 *
 * @param queues pairs of rings
 * @param splitEventChannels an event channel for each direction
 * @param scatterGather packets may be in several pieces
 * @param csumV4 IPv4 checksums may be left out of what we send
 * @param csumV6 IPv6 checksums may
 * @param gsoV4 TCP over IPv4 may be sent unsegmented
 * @param gsoV6 TCP over IPv6 may
 * @param multicastControl the backend filters multicast for us
 * @param dynamicMulticast and the filter can be switched on and off while connected
 * @param ctrlRing there is a control ring
 * @param xdpHeadroomBytes what received packets have free in front of them
 */
public record NetfrontFeatures(
        int queues,
        boolean splitEventChannels,
        boolean scatterGather,
        boolean csumV4,
        boolean csumV6,
        boolean gsoV4,
        boolean gsoV6,
        boolean multicastControl,
        boolean dynamicMulticast,
        boolean ctrlRing,
        int xdpHeadroomBytes) {

    static final String[] KEYS = {
        NetifKeys.FEATURE_RX_COPY,
        NetifKeys.MULTI_QUEUE_MAX_QUEUES,
        NetifKeys.FEATURE_SPLIT_EVENT_CHANNELS,
        NetifKeys.FEATURE_SG,
        NetifKeys.FEATURE_NO_CSUM_OFFLOAD,
        NetifKeys.FEATURE_IPV6_CSUM_OFFLOAD,
        NetifKeys.FEATURE_GSO_TCPV4,
        NetifKeys.FEATURE_GSO_TCPV6,
        NetifKeys.FEATURE_MULTICAST_CONTROL,
        NetifKeys.FEATURE_DYNAMIC_MULTICAST_CONTROL,
        NetifKeys.FEATURE_CTRL_RING,
        NetifKeys.FEATURE_XDP_HEADROOM,
        NetifKeys.MAC,
    };

    private static final int ETHERNET_HEADER = 14;
    private static final int VLAN_TAG = 4;
    private static final int PAGE = 4096;

    /** @throws XenConfigException if a number is no number, a flag neither 0 nor 1, or the backend cannot copy */
    static NetfrontFeatures parse(KeySnapshot backend, NetfrontConfig config) {
        if (!backend.flag(NetifKeys.FEATURE_RX_COPY)) {
            throw new XenConfigException(NetifKeys.FEATURE_RX_COPY, backend.text(NetifKeys.FEATURE_RX_COPY), "1");
        }
        int queues = 1;
        if (backend.has(NetifKeys.MULTI_QUEUE_MAX_QUEUES)) {
            queues = backend.clamped(NetifKeys.MULTI_QUEUE_MAX_QUEUES, config.queuesMax());
            if (queues == 0) {
                throw new XenConfigException(NetifKeys.MULTI_QUEUE_MAX_QUEUES, "0", "at least 1");
            }
        }
        boolean sg = config.wants(NetFeature.SCATTER_GATHER) && backend.flag(NetifKeys.FEATURE_SG);
        boolean csumV4 = config.wants(NetFeature.CSUM_V4) && !backend.flag(NetifKeys.FEATURE_NO_CSUM_OFFLOAD);
        boolean csumV6 = config.wants(NetFeature.CSUM_V6) && backend.flag(NetifKeys.FEATURE_IPV6_CSUM_OFFLOAD);
        boolean multicast = config.multicastControl() && backend.flag(NetifKeys.FEATURE_MULTICAST_CONTROL);
        return new NetfrontFeatures(
                queues,
                config.wants(NetFeature.SPLIT_EVENT_CHANNELS) && backend.flag(NetifKeys.FEATURE_SPLIT_EVENT_CHANNELS),
                sg,
                csumV4,
                csumV6,
                sg && csumV4 && config.wants(NetFeature.GSO_V4) && backend.flag(NetifKeys.FEATURE_GSO_TCPV4),
                sg && csumV6 && config.wants(NetFeature.GSO_V6) && backend.flag(NetifKeys.FEATURE_GSO_TCPV6),
                multicast,
                multicast && backend.flag(NetifKeys.FEATURE_DYNAMIC_MULTICAST_CONTROL),
                config.wants(NetFeature.CTRL_RING) && backend.flag(NetifKeys.FEATURE_CTRL_RING),
                backend.flag(NetifKeys.FEATURE_XDP_HEADROOM) ? config.xdpHeadroomBytes() : 0);
    }

    /** What can be sent with these features. */
    NetOffloads offloads(int mtu) {
        int room = scatterGather ? Netif.XEN_NETIF_MAX_TX_SIZE : PAGE;
        int frame = Math.min(mtu + ETHERNET_HEADER + VLAN_TAG, room);
        return new NetOffloads(csumV4, csumV6, gsoV4, gsoV6, frame, gsoV4 || gsoV6 ? room : frame);
    }
}
