package org.xenpv.scenarios.net;

import java.util.Arrays;
import org.xenpv.netfront.MacAddress;

/** Frames made by hand for tests. */
final class Frames {

    /** Of the first byte that a TCP frame carries. */
    static final int SEQUENCE = 1000;

    private static final int ETHERNET = 14;
    private static final int IPV4 = 20;
    private static final int IPV6 = 40;
    private static final int UDP = 8;
    private static final int TCP = 20;

    private Frames() {}

    /** A frame of a type nobody knows, its payload numbered from a seed. */
    static byte[] raw(MacAddress to, MacAddress from, int length, int seed) {
        byte[] frame = new byte[length];
        ethernet(frame, to, from, 0x88b5);
        fill(frame, ETHERNET, seed);
        return frame;
    }

    /** UDP over IPv4 or IPv6, its checksum right; ports tell flows apart. */
    static byte[] udp(MacAddress to, MacAddress from, boolean v6, int port, int payload, int seed) {
        int ip = v6 ? IPV6 : IPV4;
        byte[] frame = new byte[ETHERNET + ip + UDP + payload];
        int at = ip(frame, to, from, v6, 17, UDP + payload);
        put(frame, at, 2, port);
        put(frame, at + 2, 2, 53);
        put(frame, at + 4, 2, UDP + payload);
        fill(frame, at + UDP, seed);
        put(frame, at + 6, 2, ~sum(frame, at, UDP + payload, pseudo(frame, v6, 17, UDP + payload)) & 0xffff);
        return frame;
    }

    /** TCP, its checksum that of the pseudo header only: what goes with csumBlank. */
    static byte[] tcpBlank(MacAddress to, MacAddress from, boolean v6, int payload, int seed) {
        int ip = v6 ? IPV6 : IPV4;
        byte[] frame = new byte[ETHERNET + ip + TCP + payload];
        int at = ip(frame, to, from, v6, 6, TCP + payload);
        put(frame, at, 2, 5000);
        put(frame, at + 2, 2, 80);
        put(frame, at + 4, 4, SEQUENCE);
        frame[at + 12] = 0x50;
        frame[at + 13] = 0x10;
        put(frame, at + 14, 2, 0xffff);
        fill(frame, at + TCP, seed);
        put(frame, at + 16, 2, fold(pseudo(frame, v6, 6, TCP + payload)));
        return frame;
    }

    /** Part of what a frame made by {@link #tcpBlank} carries, as a frame of its own with all its checksums. */
    static byte[] tcpSegment(byte[] large, int from, int payload) {
        boolean v6 = isV6(large);
        int at = transport(large);
        byte[] frame = Arrays.copyOf(large, at + TCP + payload);
        System.arraycopy(large, at + TCP + from, frame, at + TCP, payload);
        if (v6) {
            put(frame, ETHERNET + 4, 2, TCP + payload);
        } else {
            put(frame, ETHERNET + 2, 2, IPV4 + TCP + payload);
            put(frame, ETHERNET + 10, 2, 0);
            put(frame, ETHERNET + 10, 2, ~sum(frame, ETHERNET, IPV4, 0) & 0xffff);
        }
        put(frame, at + 4, 4, get(large, at + 4, 4) + from);
        put(frame, at + 16, 2, 0);
        put(frame, at + 16, 2, ~sum(frame, at, TCP + payload, pseudo(frame, v6, 6, TCP + payload)) & 0xffff);
        return frame;
    }

    private static boolean isV6(byte[] frame) {
        return frame[12] == (byte) 0x86;
    }

    /** Where TCP or UDP begins in a frame without IP options. */
    private static int transport(byte[] frame) {
        return ETHERNET + (isV6(frame) ? IPV6 : IPV4);
    }

    /** The sequence number of a TCP frame without IP options. */
    static int tcpSequence(byte[] frame) {
        return get(frame, transport(frame) + 4, 4);
    }

    /** Source and destination address: what a hash over addresses takes. */
    static byte[] addresses(byte[] frame) {
        return Arrays.copyOfRange(frame, ETHERNET + (isV6(frame) ? 8 : 12), transport(frame));
    }

    /** Whether TCP's checksum is that of the pseudo header only. */
    static boolean checksumIsBlank(byte[] frame) {
        int at = transport(frame);
        return get(frame, at + 16, 2) == fold(pseudo(frame, isV6(frame), 6, frame.length - at));
    }

    /** Whether the transport checksum of a frame without IP options is right. */
    static boolean checksumHolds(byte[] frame) {
        boolean v6 = isV6(frame);
        int at = transport(frame);
        int protocol = frame[v6 ? ETHERNET + 6 : ETHERNET + 9] & 0xff;
        int length = v6 ? get(frame, ETHERNET + 4, 2) : get(frame, ETHERNET + 2, 2) - IPV4;
        return sum(frame, at, length, pseudo(frame, v6, protocol, length)) == 0xffff;
    }

    /** What TCP carries in a frame without options. */
    static int tcpPayload(byte[] frame) {
        return frame.length - transport(frame) - TCP;
    }

    private static int ip(byte[] frame, MacAddress to, MacAddress from, boolean v6, int protocol, int length) {
        ethernet(frame, to, from, v6 ? 0x86dd : 0x0800);
        int at = ETHERNET;
        if (v6) {
            frame[at] = 0x60;
            put(frame, at + 4, 2, length);
            frame[at + 6] = (byte) protocol;
            frame[at + 7] = 64;
            put(frame, at + 8, 4, 0x20010db8);
            put(frame, at + 20, 4, (int) from.bits());
            put(frame, at + 24, 4, 0x20010db8);
            put(frame, at + 36, 4, (int) to.bits());
            return at + IPV6;
        }
        frame[at] = 0x45;
        put(frame, at + 2, 2, IPV4 + length);
        frame[at + 8] = 64;
        frame[at + 9] = (byte) protocol;
        put(frame, at + 12, 4, 0x0a000000 | (int) from.bits() & 0xffffff);
        put(frame, at + 16, 4, 0x0a000000 | (int) to.bits() & 0xffffff);
        put(frame, at + 10, 2, ~sum(frame, at, IPV4, 0) & 0xffff);
        return at + IPV4;
    }

    private static void ethernet(byte[] frame, MacAddress to, MacAddress from, int type) {
        put(frame, 0, 6, to.bits());
        put(frame, 6, 6, from.bits());
        put(frame, 12, 2, type);
    }

    private static void fill(byte[] frame, int from, int seed) {
        for (int i = from; i < frame.length; i++) {
            frame[i] = (byte) (i * 31 + seed);
        }
    }

    private static int pseudo(byte[] frame, boolean v6, int protocol, int length) {
        int at = ETHERNET + (v6 ? 8 : 12);
        return sum(frame, at, v6 ? 32 : 8, protocol + length);
    }

    private static int sum(byte[] frame, int at, int length, int start) {
        int sum = start;
        for (int i = 0; i < length; i++) {
            sum += (frame[at + i] & 0xff) << (i % 2 == 0 ? 8 : 0);
            sum = fold(sum);
        }
        return fold(sum);
    }

    private static int fold(int sum) {
        return (sum & 0xffff) + (sum >>> 16);
    }

    private static void put(byte[] frame, int at, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            frame[at + i] = (byte) (value >>> (bytes - 1 - i) * 8);
        }
    }

    private static int get(byte[] frame, int at, int bytes) {
        int value = 0;
        for (int i = 0; i < bytes; i++) {
            value = value << 8 | frame[at + i] & 0xff;
        }
        return value;
    }
}
