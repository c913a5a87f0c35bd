package org.xenpv.backends.net;

import org.xenpv.io.netif.Netif;

/**
 * What may be left to whoever is behind a port.
 *
 * @param csumV4 a frame of TCP or UDP over IPv4 may be {@link NetFrame#csumBlank()}
 * @param csumV6 the same over IPv6
 * @param gsoV4 TCP over IPv4 may come whole, to be segmented ({@link NetFrame#gsoType()})
 * @param gsoV6 the same over IPv6
 * @param frameBytesMax longest frame that is not to be segmented, its Ethernet header included
 * @param gsoBytesMax longest frame that is
 */
public record PortOffloads(
        boolean csumV4, boolean csumV6, boolean gsoV4, boolean gsoV6, int frameBytesMax, int gsoBytesMax) {

    /** Plain Ethernet with a VLAN tag, nothing left to the other end. */
    public static final PortOffloads NONE = new PortOffloads(false, false, false, false, 1518, 0);

    /** Everything there is. */
    public static final PortOffloads ALL =
            new PortOffloads(true, true, true, true, Netif.XEN_NETIF_MAX_TX_SIZE, Netif.XEN_NETIF_MAX_TX_SIZE);

    /** Whether a frame of this XEN_NETIF_GSO_TYPE_* may come whole; NONE may. */
    public boolean gso(int gsoType) {
        return switch (gsoType) {
            case Netif.XEN_NETIF_GSO_TYPE_NONE -> true;
            case Netif.XEN_NETIF_GSO_TYPE_TCPV4 -> gsoV4;
            case Netif.XEN_NETIF_GSO_TYPE_TCPV6 -> gsoV6;
            default -> false;
        };
    }

    /** Whether a frame of this version of IP may be {@link NetFrame#csumBlank()}. */
    public boolean csum(int ipVersion) {
        return ipVersion == 6 ? csumV6 : csumV4;
    }

    public int bytesMax(int gsoType) {
        return gsoType == Netif.XEN_NETIF_GSO_TYPE_NONE ? frameBytesMax : gsoBytesMax;
    }
}
