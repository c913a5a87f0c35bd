package org.xenpv.backends.net;

/**
 * Where the headers of a frame are: Ethernet with up to two VLAN tags, IPv4 or IPv6 with its extension headers, TCP or UDP. The
 * same object is used again and again.
 *
 * <p>Everything it says has been checked against the frame's length. Headers that are not there whole count as not there.
 */
public final class FrameHeaders {

    static final int ETHERNET_BYTES = 14;
    static final int TCP = 6;
    static final int UDP = 17;

    private static final int ETHERTYPE_IPV4 = 0x0800;
    private static final int ETHERTYPE_IPV6 = 0x86dd;
    private static final int ETHERTYPE_VLAN = 0x8100;
    private static final int ETHERTYPE_QINQ = 0x88a8;
    private static final int VLAN_TAGS_MAX = 2;

    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int DESTINATION = 60;
    private static final int EXTENSIONS_MAX = 8;

    private int version;
    private int network;
    private int protocol;
    private boolean fragment;
    private int transport;
    private int transportHeaderBytes;
    private int end;

    /** Looks at a frame; the accessors speak about this one from then on. */
    public void parse(NetFrame frame) {
        version = 0;
        protocol = -1;
        fragment = false;
        transport = 0;
        transportHeaderBytes = 0;
        end = frame.length();
        if (frame.length() < ETHERNET_BYTES) {
            return;
        }
        int typeAt = ETHERNET_BYTES - 2;
        int type = frame.u16(typeAt);
        for (int tag = 0; tag < VLAN_TAGS_MAX && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ); tag++) {
            typeAt += 4;
            if (typeAt + 2 > frame.length()) {
                return;
            }
            type = frame.u16(typeAt);
        }
        network = typeAt + 2;
        if (type == ETHERTYPE_IPV4) {
            parseIpv4(frame);
        } else if (type == ETHERTYPE_IPV6) {
            parseIpv6(frame);
        }
    }

    private void parseIpv4(NetFrame frame) {
        if (network + 20 > frame.length()) {
            return;
        }
        int first = frame.u8(network);
        int headerBytes = (first & 15) * 4;
        int total = frame.u16(network + 2);
        if (first >>> 4 != 4 || headerBytes < 20 || total < headerBytes || network + total > frame.length()) {
            return;
        }
        version = 4;
        end = network + total;
        protocol = frame.u8(network + 9);
        fragment = (frame.u16(network + 6) & 0x3fff) != 0;
        parseTransport(frame, network + headerBytes);
    }

    private void parseIpv6(NetFrame frame) {
        if (network + 40 > frame.length() || frame.u8(network) >>> 4 != 6) {
            return;
        }
        int total = 40 + frame.u16(network + 4);
        if (network + total > frame.length()) {
            return;
        }
        version = 6;
        end = network + total;
        int next = frame.u8(network + 6);
        int at = network + 40;
        for (int extension = 0; extension < EXTENSIONS_MAX; extension++) {
            boolean known = next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT || next == DESTINATION;
            if (!known || at + 8 > end) {
                break;
            }
            if (next == FRAGMENT) {
                fragment |= (frame.u16(at + 2) & 0xfff9) != 0;
                next = frame.u8(at);
                at += 8;
            } else {
                next = frame.u8(at);
                at += (frame.u8(at + 1) + 1) * 8;
            }
        }
        protocol = next;
        parseTransport(frame, at);
    }

    private void parseTransport(NetFrame frame, int at) {
        if (fragment) {
            return;
        }
        if (protocol == TCP && at + 20 <= end) {
            int headerBytes = (frame.u8(at + 12) >>> 4) * 4;
            if (headerBytes >= 20 && at + headerBytes <= end) {
                transport = at;
                transportHeaderBytes = headerBytes;
            }
        } else if (protocol == UDP && at + 8 <= end) {
            transport = at;
            transportHeaderBytes = 8;
        }
    }

    /** 4 or 6; 0 if this is not a whole IP packet. */
    int version() {
        return version;
    }

    /** Where the IP header begins, if there is one. */
    int network() {
        return network;
    }

    /** The protocol in the IP packet, -1 if there is none. */
    int protocol() {
        return protocol;
    }

    boolean isFragment() {
        return fragment;
    }

    /** Whether there is a whole TCP or UDP header. */
    public boolean hasTransport() {
        return transport != 0;
    }

    boolean isTcp() {
        return transport != 0 && protocol == TCP;
    }

    /** Where the TCP or UDP header begins. */
    public int transport() {
        return transport;
    }

    /** Where the payload of TCP or UDP begins. */
    public int payload() {
        return transport + transportHeaderBytes;
    }

    /** Where the checksum of TCP or UDP is. */
    public int checksum() {
        return transport + (protocol == TCP ? 16 : 6);
    }

    /** Where the IP packet ends; the frame may be padded. */
    int end() {
        return end;
    }
}
