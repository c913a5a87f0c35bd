package org.xenpv.netfront;

/**
 * Where the headers of a packet are: Ethernet, up to two VLAN tags, IPv4 or IPv6 with its extension headers, TCP or UDP. Used again and
 * again; nothing is allocated. Every position is looked at within the packet's length only, and the number of extension headers
 * is bounded.
 */
public final class PacketHeaders {

    public static final int PROTOCOL_TCP = 6;
    public static final int PROTOCOL_UDP = 17;

    private static final int ETHERNET_BYTES = 14;
    private static final int VLAN_BYTES = 4;
    private static final int VLANS_MAX = 2;
    private static final int ETHERTYPE_IPV4 = 0x0800;
    private static final int ETHERTYPE_IPV6 = 0x86dd;
    private static final int ETHERTYPE_VLAN = 0x8100;
    private static final int ETHERTYPE_QINQ = 0x88a8;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int TCP_BYTES = 20;
    private static final int UDP_BYTES = 8;
    private static final int EXTENSIONS_MAX = 8;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int DESTINATION_OPTIONS = 60;

    private int ipVersion;
    private int ipAt;
    private int protocol;
    private int transportAt;
    private int payloadAt;
    private boolean fragment;

    /**
     * Finds the headers.
     *
     * @return false if the packet is not IP, or ends before its IP header does
     */
    public boolean parse(NetPacket packet) {
        ipVersion = 0;
        transportAt = 0;
        payloadAt = 0;
        fragment = false;
        int at = ETHERNET_BYTES;
        int type = at <= packet.length() ? packet.getU16(at - 2) : 0;
        for (int tags = 0; tags < VLANS_MAX && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ); tags++) {
            at += VLAN_BYTES;
            type = at <= packet.length() ? packet.getU16(at - 2) : 0;
        }
        ipAt = at;
        return switch (type) {
            case ETHERTYPE_IPV4 -> parseIpv4(packet);
            case ETHERTYPE_IPV6 -> parseIpv6(packet);
            default -> false;
        };
    }

    private boolean parseIpv4(NetPacket packet) {
        if (packet.length() < ipAt + IPV4_BYTES) {
            return false;
        }
        int headerBytes = (packet.getU8(ipAt) & 0xf) * 4;
        if (packet.getU8(ipAt) >>> 4 != 4 || headerBytes < IPV4_BYTES || packet.length() < ipAt + headerBytes) {
            return false;
        }
        ipVersion = 4;
        protocol = packet.getU8(ipAt + 9);
        fragment = (packet.getU16(ipAt + 6) & 0x3fff) != 0; // more fragments, or an offset
        parseTransport(packet, ipAt + headerBytes);
        return true;
    }

    private boolean parseIpv6(NetPacket packet) {
        if (packet.length() < ipAt + IPV6_BYTES || packet.getU8(ipAt) >>> 4 != 6) {
            return false;
        }
        ipVersion = 6;
        int next = packet.getU8(ipAt + 6);
        int at = ipAt + IPV6_BYTES;
        for (int i = 0; i < EXTENSIONS_MAX && isExtension(next); i++) {
            if (packet.length() < at + 8) {
                return false;
            }
            fragment |= next == FRAGMENT;
            int bytes = next == FRAGMENT ? 8 : (packet.getU8(at + 1) + 1) * 8;
            next = packet.getU8(at);
            at += bytes;
        }
        protocol = next;
        if (at > packet.length()) {
            return false;
        }
        parseTransport(packet, at);
        return true;
    }

    private static boolean isExtension(int header) {
        return header == HOP_BY_HOP || header == ROUTING || header == FRAGMENT || header == DESTINATION_OPTIONS;
    }

    private void parseTransport(NetPacket packet, int at) {
        if (fragment) {
            return;
        }
        if (protocol == PROTOCOL_UDP && packet.length() >= at + UDP_BYTES) {
            transportAt = at;
            payloadAt = at + UDP_BYTES;
        } else if (protocol == PROTOCOL_TCP && packet.length() >= at + TCP_BYTES) {
            int bytes = (packet.getU8(at + 12) >>> 4) * 4;
            if (bytes >= TCP_BYTES && packet.length() >= at + bytes) {
                transportAt = at;
                payloadAt = at + bytes;
            }
        }
    }

    /** 4 or 6; 0 if the packet is not IP. */
    public int ipVersion() {
        return ipVersion;
    }

    /** Where the IP header begins. */
    public int ipAt() {
        return ipAt;
    }

    /** Of what IP carries, behind extension headers. */
    public int protocol() {
        return protocol;
    }

    /** Whether there is a whole TCP or UDP header: not in a fragment, even the first. */
    public boolean hasTransport() {
        return transportAt > 0;
    }

    /** Where the TCP or UDP header begins. */
    public int transportAt() {
        return transportAt;
    }

    /** Where what TCP or UDP carries begins. */
    public int payloadAt() {
        return payloadAt;
    }

    /** Where the checksum field of TCP or UDP is. */
    public int checksumAt() {
        return transportAt + (protocol == PROTOCOL_TCP ? 16 : 6);
    }
}
