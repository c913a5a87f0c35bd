package org.xenpv.netfront;

import org.xenpv.io.netif.Netif;

/**
 * What the backend has been told that we receive, and so what a packet may be: the keys that {@link NetConnection#publish} writes, and the
 * MTU. One for all queues of a connection; nothing is allocated.
 *
 * <p>A frame that is not segmented may be as long as the MTU, an Ethernet header and two VLAN tags: Linux's bridge lets a tag
 * pass beyond the MTU, and its stack puts another in front. The limit grows with the MTU and does not fall with it: longer
 * frames are on their way then.
 */
final class RxTerms {

    private static final int ETHERNET_HEADER = 14;
    private static final int VLAN_TAGS = 2 * 4;
    private static final int SEGMENTED_MAX = Netif.XEN_NETIF_MAX_TX_SIZE + ETHERNET_HEADER;

    private final boolean scatterGather;
    private final boolean csumV4;
    private final boolean csumV6;
    private final boolean gsoV4;
    private final boolean gsoV6;
    private final int xdpHeadroomBytes;
    private int frameMax;

    RxTerms(NetfrontFeatures features, NetfrontConfig config, int mtu) {
        scatterGather = config.wants(NetFeature.SCATTER_GATHER);
        csumV4 = config.wants(NetFeature.CSUM_V4);
        csumV6 = config.wants(NetFeature.CSUM_V6);
        gsoV4 = scatterGather && csumV4 && config.wants(NetFeature.GSO_V4);
        gsoV6 = scatterGather && csumV6 && config.wants(NetFeature.GSO_V6);
        xdpHeadroomBytes = features.xdpHeadroomBytes();
        mtu(mtu);
    }

    /** The MTU has changed. */
    void mtu(int mtu) {
        frameMax = Math.max(frameMax, Math.min(mtu + ETHERNET_HEADER + VLAN_TAGS, SEGMENTED_MAX));
    }

    /** What is free in front of every piece of a packet that says so: Linux's netback says the number that it read from us. */
    int xdpHeadroomBytes() {
        return xdpHeadroomBytes;
    }

    /** @param gsoType one of the two there are */
    boolean segmented(int gsoType) {
        return gsoType == Netif.XEN_NETIF_GSO_TYPE_TCPV4 ? gsoV4 : gsoV6;
    }

    /** What can be said of a packet before its bytes are ours. @return null if nothing is wrong */
    NetDrop judge(NetPacket packet) {
        boolean gso = packet.gsoType() != Netif.XEN_NETIF_GSO_TYPE_NONE;
        if (packet.length() < ETHERNET_HEADER) {
            return NetDrop.RX_RUNT;
        }
        if (packet.length() > (gso ? SEGMENTED_MAX : frameMax)) {
            return NetDrop.RX_TOO_LONG;
        }
        if (packet.fragments() > 1 && !scatterGather) {
            return NetDrop.RX_UNNEGOTIATED;
        }
        if (gso && !packet.csumBlank()) {
            return NetDrop.RX_BAD_GSO;
        }
        return packet.csumBlank() && !csumV4 && !csumV6 ? NetDrop.RX_UNNEGOTIATED : null;
    }

    /**
     * Whether its headers are what is said about it.
     *
     * @param packet one that {@link #judge} let pass, whose bytes do not change any more
     * @param headers is filled in if a checksum is missing
     * @return null if nothing is wrong
     */
    NetDrop judgeHeaders(NetPacket packet, PacketHeaders headers) {
        if (!packet.csumBlank()) {
            return null;
        }
        if (!headers.parse(packet) || !headers.hasTransport()) {
            return NetDrop.RX_BAD_HEADERS;
        }
        boolean v6 = headers.ipVersion() == 6;
        if (!(v6 ? csumV6 : csumV4)) {
            return NetDrop.RX_UNNEGOTIATED;
        }
        boolean gso = packet.gsoType() != Netif.XEN_NETIF_GSO_TYPE_NONE;
        boolean fits = headers.protocol() == PacketHeaders.PROTOCOL_TCP
                && v6 == (packet.gsoType() == Netif.XEN_NETIF_GSO_TYPE_TCPV6)
                && packet.gsoSize() <= packet.length() - headers.payloadAt();
        return gso && !fits ? NetDrop.RX_BAD_GSO : null;
    }
}
