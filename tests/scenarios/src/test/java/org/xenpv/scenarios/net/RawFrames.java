package org.xenpv.scenarios.net;

/** TCP and UDP over IPv4 and IPv6, built and summed up byte by byte, with no code of ours. */
final class RawFrames {

    static final long DESTINATION = 0x02_00_00_00_0b_0bL;
    static final long SOURCE = 0x02_00_00_00_0a_0aL;
    static final int TCP = 6;
    static final int UDP = 17;

    private RawFrames() {}

    static int transportAt(int version) {
        return 14 + (version == 4 ? 20 : 40);
    }

    static int headerBytes(int protocol) {
        return protocol == TCP ? 20 : 8;
    }

    static int checksumAt(int version, int protocol) {
        return transportAt(version) + (protocol == TCP ? 16 : 6);
    }

    static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    /** A packet whose checksum field holds the sum of the pseudo header. */
    static byte[] blank(int version, int protocol, int payloadBytes) {
        int transport = transportAt(version);
        int transportBytes = headerBytes(protocol) + payloadBytes;
        byte[] frame = new byte[transport + transportBytes];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (DESTINATION >>> 40 - 8 * i);
            frame[6 + i] = (byte) (SOURCE >>> 40 - 8 * i);
        }
        put16(frame, 12, version == 4 ? 0x0800 : 0x86dd);
        if (version == 4) {
            frame[14] = 0x45;
            put16(frame, 16, 20 + transportBytes);
            put16(frame, 18, 0x1234);
            frame[22] = 64;
            frame[23] = (byte) protocol;
            put16(frame, 26, 0x0a63);
            put16(frame, 28, 1);
            put16(frame, 30, 0x0a63);
            put16(frame, 32, 2);
            put16(frame, 24, ~sum(frame, 14, 20, 0) & 0xffff);
        } else {
            frame[14] = 0x60;
            put16(frame, 18, transportBytes);
            frame[20] = (byte) protocol;
            frame[21] = 64;
            put16(frame, 22, 0xfd00);
            frame[37] = 1;
            put16(frame, 38, 0xfd00);
            frame[53] = 2;
        }
        put16(frame, transport, 40000);
        put16(frame, transport + 2, 9);
        if (protocol == TCP) {
            frame[transport + 7] = 1;
            frame[transport + 12] = 0x50;
            frame[transport + 13] = 0x18;
            put16(frame, transport + 14, 1000);
        } else {
            put16(frame, transport + 4, transportBytes);
        }
        for (int i = 0; i < payloadBytes; i++) {
            frame[transport + headerBytes(protocol) + i] = (byte) (i * 31 + i / 251);
        }
        put16(frame, checksumAt(version, protocol), pseudo(frame, version, protocol, transportBytes));
        return frame;
    }

    /** Whether the checksum of a whole packet is right. */
    static boolean isSound(byte[] frame, int version, int protocol) {
        int transport = transportAt(version);
        int bytes = frame.length - transport;
        boolean ip = version == 6 || sum(frame, 14, 20, 0) == 0xffff;
        return ip && sum(frame, transport, bytes, pseudo(frame, version, protocol, bytes)) == 0xffff;
    }

    static int pseudo(byte[] frame, int version, int protocol, int bytes) {
        return version == 4 ? sum(frame, 26, 8, protocol + bytes) : sum(frame, 22, 32, protocol + bytes);
    }

    private static int sum(byte[] bytes, int at, int length, int start) {
        long sum = start;
        for (int i = 0; i < length; i++) {
            sum += (long) (bytes[at + i] & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) sum;
    }
}
