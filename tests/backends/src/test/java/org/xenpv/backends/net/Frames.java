package org.xenpv.backends.net;

import java.util.Random;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** Frames made by hand: byte by byte, and without the code under test. */
final class Frames {

    static final long MAC_A = 0x00163e000001L;
    static final long MAC_B = 0x00163e000002L;

    private Frames() {}

    static byte[] noise(int bytes, long seed) {
        byte[] noise = new byte[bytes];
        new Random(seed).nextBytes(noise);
        return noise;
    }

    /** A frame of no known protocol. */
    static byte[] raw(long destination, long source, int length, long seed) {
        byte[] frame = noise(length, seed);
        put(frame, 0, 6, destination);
        put(frame, 6, 6, source);
        if (length >= 14) {
            put(frame, 12, 2, 0x88b5); // IEEE 802 local experimental
        }
        return frame;
    }

    static void put(byte[] bytes, int at, int count, long value) {
        for (int i = 0; i < count; i++) {
            bytes[at + i] = (byte) (value >>> (count - 1 - i) * 8);
        }
    }

    static int get(byte[] bytes, int at, int count) {
        int value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 8 | bytes[at + i] & 0xff;
        }
        return value;
    }

    /** The checksum as RFC 1071 section 4.1 has it, over two ranges' sum: slow, and obviously right. */
    static int checksum(byte[] bytes, int at, int length, int before) {
        int sum = before;
        for (int i = 0; i < length; i += 2) {
            int high = bytes[at + i] & 0xff;
            int low = i + 1 < length ? bytes[at + i + 1] & 0xff : 0;
            sum += high << 8 | low;
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }

    static int pseudoHeader(byte[] frame, int network, boolean v6, int protocol, int transportBytes) {
        byte[] pseudo = new byte[v6 ? 40 : 12];
        if (v6) {
            System.arraycopy(frame, network + 8, pseudo, 0, 32);
            put(pseudo, 32, 4, transportBytes);
            pseudo[39] = (byte) protocol;
        } else {
            System.arraycopy(frame, network + 12, pseudo, 0, 8);
            pseudo[9] = (byte) protocol;
            put(pseudo, 10, 2, transportBytes);
        }
        return ~checksum(pseudo, 0, pseudo.length, 0) & 0xffff;
    }

    /** A TCP segment with a correct checksum, or a blank one. */
    static byte[] tcp(boolean v6, int payload, int flags, boolean blank, long seed) {
        return transport(v6, 6, 32, payload, flags, blank, seed);
    }

    static byte[] udp(boolean v6, int payload, boolean blank, long seed) {
        return transport(v6, 17, 8, payload, 0, blank, seed);
    }

    private static byte[] transport(
            boolean v6, int protocol, int headerBytes, int payload, int flags, boolean blank, long seed) {
        int network = 14;
        int transport = network + (v6 ? 40 : 20);
        byte[] frame = noise(transport + headerBytes + payload, seed);
        put(frame, 0, 6, MAC_B);
        put(frame, 6, 6, MAC_A);
        put(frame, 12, 2, v6 ? 0x86dd : 0x0800);
        int bytes = headerBytes + payload;
        if (v6) {
            put(frame, network, 4, 0x60000000L);
            put(frame, network + 4, 2, bytes);
            frame[network + 6] = (byte) protocol;
            frame[network + 7] = 64;
        } else {
            put(frame, network, 2, 0x4500);
            put(frame, network + 2, 2, 20 + bytes);
            put(frame, network + 4, 2, 0xfff0);
            put(frame, network + 6, 2, 0x4000);
            frame[network + 8] = 64;
            frame[network + 9] = (byte) protocol;
            put(frame, network + 10, 2, 0);
            put(frame, network + 10, 2, checksum(frame, network, 20, 0));
        }
        if (protocol == 6) {
            frame[transport + 12] = (byte) (headerBytes / 4 << 4);
            frame[transport + 13] = (byte) flags;
        } else {
            put(frame, transport + 4, 2, bytes);
        }
        int at = transport + (protocol == 6 ? 16 : 6);
        int pseudo = pseudoHeader(frame, network, v6, protocol, bytes);
        put(frame, at, 2, 0);
        put(frame, at, 2, blank ? pseudo : checksum(frame, transport, bytes, pseudo));
        return frame;
    }

    /** Whether the checksum of a TCP or UDP packet without options is right. */
    static boolean isChecksumRight(byte[] frame) {
        boolean v6 = get(frame, 12, 2) == 0x86dd;
        int transport = 14 + (v6 ? 40 : 20);
        int protocol = frame[14 + (v6 ? 6 : 9)];
        int bytes = v6 ? get(frame, 18, 2) : get(frame, 16, 2) - 20;
        return checksum(frame, transport, bytes, pseudoHeader(frame, 14, v6, protocol, bytes)) == 0;
    }

    /** A frame object over bytes of no particular memory. */
    static NetFrame frame(byte[] bytes) {
        SharedMemory memory = ChronicleMemory.allocatePages(bytes.length / 4096 + 2);
        memory.copyIn(64, bytes, 0, bytes.length);
        NetFrame frame = new NetFrame();
        frame.set(memory, 64, bytes.length, 64);
        return frame;
    }
}
