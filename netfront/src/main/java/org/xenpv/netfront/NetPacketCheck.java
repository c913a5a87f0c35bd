package org.xenpv.netfront;

import org.xenpv.io.netif.Netif;

/** Refuses what the backend would refuse of a packet that is to be sent. */
final class NetPacketCheck {

    static final int ETHERNET_HEADER = 14;

    private NetPacketCheck() {}

    /**
     * Whether a packet is what can be sent.
     *
     * @param headers of the packet
     * @throws IllegalArgumentException naming what it asks for and what there is
     */
    static void check(NetPacket packet, PacketHeaders headers, NetOffloads offloads) {
        int length = packet.length();
        if (length < ETHERNET_HEADER || packet.fragmentBytes(0) < ETHERNET_HEADER) {
            throw new IllegalArgumentException("packet of " + length + " bytes, " + packet.fragmentBytes(0)
                    + " in its first piece, must have at least " + ETHERNET_HEADER + " there");
        }
        if (packet.csumBlank()) {
            checkCsum(length, headers, offloads);
        }
        if (packet.gsoType() != Netif.XEN_NETIF_GSO_TYPE_NONE) {
            checkGso(packet, headers, offloads);
        } else if (length > offloads.frameBytesMax()) {
            throw new IllegalArgumentException(
                    "frame of " + length + " bytes, must be at most " + offloads.frameBytesMax());
        }
    }

    private static void checkCsum(int length, PacketHeaders headers, NetOffloads offloads) {
        if (!headers.hasTransport()) {
            throw new IllegalArgumentException(
                    "csumBlank, but there is no whole TCP or UDP header in these " + length + " bytes");
        }
        if (!(headers.ipVersion() == 6 ? offloads.csumV6() : offloads.csumV4())) {
            throw new IllegalArgumentException("csumBlank over IPv" + headers.ipVersion() + ", not offered");
        }
    }

    private static void checkGso(NetPacket packet, PacketHeaders headers, NetOffloads offloads) {
        boolean v6 = packet.gsoType() == Netif.XEN_NETIF_GSO_TYPE_TCPV6;
        boolean offered = v6 ? offloads.gsoV6() : offloads.gsoV4();
        boolean fits = headers.hasTransport()
                && headers.protocol() == PacketHeaders.PROTOCOL_TCP
                && headers.ipVersion() == (v6 ? 6 : 4)
                && packet.csumBlank();
        if (!offered || !fits) {
            throw new IllegalArgumentException("gso type=" + packet.gsoType()
                    + (offered ? ", but this is no TCP packet of that kind with csumBlank" : ", not offered"));
        }
        int payloadBytes = packet.length() - headers.payloadAt();
        if (packet.gsoSize() > payloadBytes) {
            throw new IllegalArgumentException(
                    "gso size=" + packet.gsoSize() + ", must be at most " + payloadBytes + ", the payload");
        }
    }
}
