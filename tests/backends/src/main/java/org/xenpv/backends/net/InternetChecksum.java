package org.xenpv.backends.net;

import org.xenpv.memory.SharedMemory;

/** The checksum of IP, TCP and UDP: the one's complement of the one's complement sum of 16-bit words (RFC 1071). */
final class InternetChecksum {

    private InternetChecksum() {}

    /**
     * The sum of a range, folded to 16 bits, as a number in network order. Sums of ranges can be added, if all but the last are
     * of even length.
     *
     * <p>Added up eight bytes at a time in the machine's order, which RFC 1071 section 2 shows to be the same but for the order of
     * the bytes.
     */
    static int sum(SharedMemory memory, int at, int lengthBytes) {
        memory.check(at, lengthBytes, 1);
        long sum = 0;
        int from = at;
        int end = at + lengthBytes;
        boolean odd = (from & 1) != 0 && lengthBytes > 0;
        if (odd) {
            sum = (memory.getByte(from++) & 0xffL) << 8; // the upper half of a word that began before
        }
        while (from < end - 1 && (from & 7) != 0) {
            sum += memory.getShort(from) & 0xffff;
            from += 2;
        }
        for (; from <= end - 8; from += 8) {
            long eight = memory.getLong(from);
            sum += (eight & 0xffff_ffffL) + (eight >>> 32);
        }
        for (; from < end - 1; from += 2) {
            sum += memory.getShort(from) & 0xffff;
        }
        if (from < end) {
            sum += memory.getByte(from) & 0xff;
        }
        int folded = fold(sum);
        return odd ? folded : Short.toUnsignedInt(Short.reverseBytes((short) folded));
    }

    /** Adds the carries back in until 16 bits are left. */
    static int fold(long sum) {
        long rest = sum;
        while (rest >>> 16 != 0) {
            rest = (rest & 0xffff) + (rest >>> 16);
        }
        return (int) rest;
    }

    /** The sum of the pseudo header that TCP and UDP put in front of what they sum up (RFC 9293 section 3.1, RFC 8200 section 8.1). */
    static int pseudoHeader(NetFrame frame, FrameHeaders headers, int transportBytes) {
        int network = frame.at() + headers.network();
        long addresses =
                headers.version() == 6 ? sum(frame.memory(), network + 8, 32) : sum(frame.memory(), network + 12, 8);
        return fold(addresses + headers.protocol() + (transportBytes & 0xffff) + (transportBytes >>> 16));
    }

    /** Puts the sum of the pseudo header where the checksum belongs: what a blank checksum begins with. */
    static void blank(NetFrame frame, FrameHeaders headers) {
        int bytes = headers.end() - headers.transport();
        frame.putU16(headers.checksum(), pseudoHeader(frame, headers, bytes));
        frame.csumBlank(true);
    }

    /** Fills in a blank checksum. The frame has a TCP or UDP header. */
    static void fill(NetFrame frame, FrameHeaders headers) {
        int bytes = headers.end() - headers.transport();
        int checksum = ~sum(frame.memory(), frame.at() + headers.transport(), bytes) & 0xffff;
        if (checksum == 0 && headers.protocol() == FrameHeaders.UDP) {
            checksum = 0xffff; // 0 would say that there is none (RFC 768)
        }
        frame.putU16(headers.checksum(), checksum);
        frame.csumBlank(false);
        frame.dataValidated(true);
    }
}
