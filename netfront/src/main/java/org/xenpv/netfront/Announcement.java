package org.xenpv.netfront;

/**
 * What tells the network where an address is after the machine under it has changed: a gratuitous ARP request (RFC 5227, section 3) for
 * IPv4, an unsolicited neighbour advertisement (RFC 4861, section 7.2.6) for IPv6.
 */
final class Announcement {

    private static final int ETHERTYPE_ARP = 0x0806;
    private static final int ETHERTYPE_IPV6 = 0x86dd;
    private static final int ICMPV6 = 58;
    private static final int NEIGHBOUR_ADVERTISEMENT = 136;
    private static final int FLAG_OVERRIDE = 0x20;
    private static final int OPTION_TARGET_LINK_LAYER = 2;
    private static final long ALL_NODES_MAC = 0x3333_0000_0001L;
    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;

    /** Frames are this long, or padded to it. */
    private static final int FRAME_MIN = 60;

    /** Its head and flags, the address, and the option with ours. */
    private static final int ADVERTISEMENT_BYTES = 4 + 4 + IPV6_BYTES + 8;

    private Announcement() {}

    static void check(byte[] address) {
        if (address.length != IPV4_BYTES && address.length != IPV6_BYTES) {
            throw new IllegalArgumentException("address of " + address.length + " bytes, must be 4 or 16");
        }
    }

    /** Of the frame for an address. */
    static int lengthBytes(byte[] address) {
        return address.length == IPV4_BYTES ? FRAME_MIN : 14 + 40 + ADVERTISEMENT_BYTES;
    }

    /** @param address 4 or 16 bytes */
    static byte[] of(MacAddress mac, byte[] address) {
        return address.length == IPV4_BYTES ? arp(mac, address) : neighbourAdvertisement(mac, address);
    }

    private static byte[] arp(MacAddress mac, byte[] address) {
        byte[] frame = new byte[FRAME_MIN];
        ethernet(frame, MacAddress.BROADCAST.bits(), mac, ETHERTYPE_ARP);
        put(frame, 14, 2, 1); // Ethernet
        put(frame, 16, 2, 0x0800);
        frame[18] = 6;
        frame[19] = IPV4_BYTES;
        put(frame, 20, 2, 1); // request
        put(frame, 22, 6, mac.bits());
        System.arraycopy(address, 0, frame, 28, IPV4_BYTES);
        System.arraycopy(address, 0, frame, 38, IPV4_BYTES);
        return frame;
    }

    private static byte[] neighbourAdvertisement(MacAddress mac, byte[] address) {
        byte[] frame = new byte[lengthBytes(address)];
        ethernet(frame, ALL_NODES_MAC, mac, ETHERTYPE_IPV6);
        frame[14] = 0x60;
        put(frame, 18, 2, ADVERTISEMENT_BYTES);
        frame[20] = ICMPV6;
        frame[21] = (byte) 255;
        System.arraycopy(address, 0, frame, 22, IPV6_BYTES);
        put(frame, 38, 2, 0xff02); // ff02::1, all nodes
        frame[53] = 1;
        int at = 54;
        frame[at] = (byte) NEIGHBOUR_ADVERTISEMENT;
        frame[at + 4] = FLAG_OVERRIDE;
        System.arraycopy(address, 0, frame, at + 8, IPV6_BYTES);
        frame[at + 24] = OPTION_TARGET_LINK_LAYER;
        frame[at + 25] = 1;
        put(frame, at + 26, 6, mac.bits());
        put(frame, at + 2, 2, checksum(frame, at, ADVERTISEMENT_BYTES));
        return frame;
    }

    private static void ethernet(byte[] frame, long destination, MacAddress source, int type) {
        put(frame, 0, 6, destination);
        put(frame, 6, 6, source.bits());
        put(frame, 12, 2, type);
    }

    private static void put(byte[] frame, int at, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            frame[at + i] = (byte) (value >>> (bytes - 1 - i) * 8);
        }
    }

    /** Over addresses, length and protocol, and the message, whose checksum field is zero. */
    private static int checksum(byte[] frame, int at, int bytes) {
        int sum = ICMPV6 + bytes;
        for (int i = 22; i < 54; i += 2) {
            sum += (frame[i] & 0xff) << 8 | frame[i + 1] & 0xff;
        }
        for (int i = at; i < at + bytes; i += 2) {
            sum += (frame[i] & 0xff) << 8 | frame[i + 1] & 0xff;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }
}
