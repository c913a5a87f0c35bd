package org.xenpv.layers;

import org.xenpv.memory.SharedMemory;
import org.xenpv.netfront.NetPacket;

/**
 * The ones' complement sum of RFC 1071. Sums are of 16-bit words in network order, folded to 16 bits, not complemented.
 *
 * <p>The order of bytes does not matter to such a sum but for one swap at the end, so eight bytes are added at a time as the
 * machine loads them. The memory of a packet starts at a multiple of eight.
 */
final class InternetChecksum {

    private static final long LOW = 0xffff_ffffL;

    private InternetChecksum() {}

    /** Adds carries until 16 bits are left. @param sum not negative */
    static int fold(long sum) {
        long folded = (sum & LOW) + (sum >>> 32);
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    /** The sum over part of a packet; an odd last byte counts as if a zero followed. */
    static int sum(NetPacket packet, int position, int bytes) {
        long total = 0;
        int done = 0;
        int start = 0;
        SharedMemory memory = packet.memory();
        for (int i = 0; i < packet.fragments() && done < bytes; i++) {
            int fragment = packet.fragmentBytes(i);
            int skip = position + done - start;
            if (skip < fragment) {
                int at = packet.fragmentAt(i) + skip;
                int part = Math.min(fragment - skip, bytes - done);
                int sum = fold(littleEndian(memory, at, part));
                boolean odd = ((at ^ done) & 1) != 0;
                total += odd ? swap(sum) : sum;
                done += part;
            }
            start += fragment;
        }
        return swap(fold(total));
    }

    private static int swap(int sum) {
        return (sum & 0xff) << 8 | sum >>> 8;
    }

    /** Of little-endian words at even offsets of the memory. */
    private static long littleEndian(SharedMemory memory, int from, int bytes) {
        long sum = 0;
        int at = from;
        int end = from + bytes;
        while ((at & 7) != 0 && at < end) {
            sum += (long) (memory.getByte(at) & 0xff) << (at & 1) * 8;
            at++;
        }
        for (; at <= end - 8; at += 8) {
            long word = memory.getLong(at);
            sum += (word & LOW) + (word >>> 32);
        }
        while (at < end) {
            sum += (long) (memory.getByte(at) & 0xff) << (at & 1) * 8;
            at++;
        }
        return sum;
    }

    /** Of the header that UDP and TCP imagine in front of theirs (RFC 768). */
    static int pseudoHeader(int from, int to, int protocol, int bytes) {
        return fold((from >>> 16)
                + (long) (from & 0xffff)
                + (to >>> 16)
                + (to & 0xffff)
                + protocol
                + (bytes >>> 16)
                + (bytes & 0xffff));
    }
}
