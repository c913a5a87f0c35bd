package org.xenpv.layers;

import java.io.ByteArrayOutputStream;
import java.util.HexFormat;

/** Literal bytes of packets. */
final class Bytes {

    private Bytes() {}

    /** @param hex digits with any blanks between them */
    static byte[] of(String hex) {
        return HexFormat.of().parseHex(hex.replaceAll("\\s", ""));
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] each : parts) {
            all.writeBytes(each);
        }
        return all.toByteArray();
    }

    static byte[] counting(int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (i * 7 + (i >>> 8));
        }
        return bytes;
    }

    /** The checksum of RFC 1071, taken the slow way. */
    static int checksum(byte[] bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.length; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | (i + 1 < bytes.length ? bytes[i + 1] & 0xff : 0);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }

    /** An IPv4 packet with a right header checksum. @param fragment flags and offset as on the wire */
    static byte[] ipv4(int id, int fragment, int protocol, String source, String destination, byte[] payload) {
        int total = 20 + payload.length;
        int from = Ipv4Address.parse(source);
        int to = Ipv4Address.parse(destination);
        byte[] header = {
            0x45,
            0,
            (byte) (total >> 8),
            (byte) total,
            (byte) (id >> 8),
            (byte) id,
            (byte) (fragment >> 8),
            (byte) fragment,
            64,
            (byte) protocol,
            0,
            0,
            (byte) (from >> 24),
            (byte) (from >> 16),
            (byte) (from >> 8),
            (byte) from,
            (byte) (to >> 24),
            (byte) (to >> 16),
            (byte) (to >> 8),
            (byte) to
        };
        putChecksum(header, 10, checksum(header));
        return join(header, payload);
    }

    static void putChecksum(byte[] bytes, int at, int checksum) {
        bytes[at] = (byte) (checksum >> 8);
        bytes[at + 1] = (byte) checksum;
    }

    /** A frame to the left end of a cable from its right one. */
    static byte[] toLeft(int etherType, byte[] payload) {
        return join(of("00163e000001 00163e000002"), new byte[] {(byte) (etherType >> 8), (byte) etherType}, payload);
    }
}
