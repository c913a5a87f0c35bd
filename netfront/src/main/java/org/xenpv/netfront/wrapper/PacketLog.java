package org.xenpv.netfront.wrapper;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetPacket;

/** The last packets that went by, as numbers; words are made of them when somebody asks. Allocates nothing per packet. */
final class PacketLog {

    static final int SENT = 0;
    static final int REFUSED = 1;
    static final int REJECTED = 2;
    static final int RECEIVED = 3;

    private static final String[] ARROWS = {"->", "-x", "-!", "<-"};
    private static final int HEADER_BYTES = 14;

    /** Time, destination, source, then what was and how long, then type and extras. */
    private static final int WORDS = 5;

    private static final long CSUM_BLANK = 1L << 32;
    private static final long DATA_VALIDATED = 1L << 33;
    private static final long HASHED = 1L << 34;
    private static final int GSO_TYPE_SHIFT = 40;
    private static final int GSO_SIZE_SHIFT = 48;

    private final int entriesMax;
    private final long[] words;
    private final int[] hashes;
    private long count;

    PacketLog(int entriesMax) {
        if (entriesMax < 0 || entriesMax > 1 << 20) {
            throw new IllegalArgumentException("entriesMax=" + entriesMax + ", must be 0 to " + (1 << 20));
        }
        this.entriesMax = entriesMax;
        this.words = new long[entriesMax * WORDS];
        this.hashes = new int[entriesMax];
    }

    /**
     * Notes a packet.
     *
     * @return its number; {@link #outcome} says what became of it
     */
    long note(long timeNs, NetPacket packet) {
        long number = count++;
        if (entriesMax == 0) {
            return number;
        }
        int entry = (int) (number % entriesMax);
        int at = entry * WORDS;
        boolean headed = packet.length() >= HEADER_BYTES;
        words[at] = timeNs;
        words[at + 1] = headed ? mac(packet, 0) : 0;
        words[at + 2] = headed ? mac(packet, 6) : 0;
        words[at + 3] = packet.length();
        words[at + 4] = (headed ? packet.getU16(12) : 0)
                | (packet.csumBlank() ? CSUM_BLANK : 0)
                | (packet.dataValidated() ? DATA_VALIDATED : 0)
                | (packet.hashAlgorithm() == Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE ? 0 : HASHED)
                | (long) packet.gsoType() << GSO_TYPE_SHIFT
                | (long) packet.gsoSize() << GSO_SIZE_SHIFT;
        hashes[entry] = packet.hashValue();
        return number;
    }

    private static long mac(NetPacket packet, int position) {
        return (long) packet.getU16(position) << 32 | packet.getInt(position + 2) & 0xffff_ffffL;
    }

    void outcome(long number, int outcome) {
        if (count - number <= entriesMax) { // else forgotten meanwhile: sending can bring packets in
            words[(int) (number % entriesMax) * WORDS + 3] |= (long) outcome << 32;
        }
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (long i = Math.max(0, count - entriesMax); i < count; i++) {
            lines.add(line((int) (i % entriesMax)));
        }
        return lines;
    }

    private String line(int entry) {
        int at = entry * WORDS;
        int length = (int) words[at + 3];
        long extras = words[at + 4];
        StringBuilder text = new StringBuilder(96);
        text.append(words[at]).append(" ns ").append(ARROWS[(int) (words[at + 3] >>> 32)]);
        text.append(' ').append(length).append(" bytes");
        if (length >= HEADER_BYTES) {
            text.append(' ').append(new MacAddress(words[at + 2]));
            text.append(" > ").append(new MacAddress(words[at + 1])).append(" 0x");
            hex(text, (int) extras & 0xffff, 4);
        }
        if ((extras & CSUM_BLANK) != 0) {
            text.append(" csum-blank");
        }
        if ((extras & DATA_VALIDATED) != 0) {
            text.append(" data-validated");
        }
        int gsoType = (int) (extras >>> GSO_TYPE_SHIFT) & 0xff;
        if (gsoType != Netif.XEN_NETIF_GSO_TYPE_NONE) {
            text.append(gsoType == Netif.XEN_NETIF_GSO_TYPE_TCPV4 ? " gso=tcpv4/" : " gso=tcpv6/");
            text.append((int) (extras >>> GSO_SIZE_SHIFT));
        }
        if ((extras & HASHED) != 0) {
            text.append(" hash=0x");
            hex(text, hashes[entry], 8);
        }
        return text.toString();
    }

    private static void hex(StringBuilder text, int value, int digits) {
        for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
            text.append(Character.forDigit(value >>> shift & 0xf, 16));
        }
    }
}
