package org.xenpv.layers;

import org.xenpv.memory.SharedMemory;

/**
 * Memory for datagrams that do not fit into a packet of the link: own memory, not the other end's.
 *
 * @param memory at least {@link #bytes()} of it, starting at a multiple of eight
 * @param incoming how many datagrams are put together at a time
 * @param outgoing how many can be filled at a time
 * @param reassemblyNs time in which the fragments of a datagram must arrive
 */
public record Ipv4Buffers(SharedMemory memory, int incoming, int outgoing, long reassemblyNs) {

    /** Bytes for one datagram. */
    public static final int DATAGRAM_BYTES = 1 << 16;

    private static final long REASSEMBLY_NS = 15_000_000_000L;

    public Ipv4Buffers {
        if (incoming < 1 || outgoing < 1 || reassemblyNs < 1) {
            throw new IllegalArgumentException("incoming=" + incoming + ", outgoing=" + outgoing + ", reassemblyNs="
                    + reassemblyNs + ", must be at least 1");
        }
        long needed = (long) (incoming + outgoing) * DATAGRAM_BYTES;
        if (memory.sizeBytes() < needed) {
            throw new IllegalArgumentException("memory has " + memory.sizeBytes() + " bytes, must have " + needed);
        }
    }

    /** Uses all of a memory, half for either way; in time as RFC 1122 has it for a LAN's. */
    public static Ipv4Buffers of(SharedMemory memory) {
        int datagrams = memory.sizeBytes() / DATAGRAM_BYTES;
        return new Ipv4Buffers(memory, datagrams - datagrams / 2, datagrams / 2, REASSEMBLY_NS);
    }

    public int bytes() {
        return (incoming + outgoing) * DATAGRAM_BYTES;
    }
}
