package org.xenpv.layers;

/** What {@link Ipv4} counts. A datagram that came in pieces counts as received once. */
public final class Ipv4Counters extends LayerCounters<Ipv4Counters.Drop> {

    /** Why. */
    public enum Drop {
        /** Fewer than 20 bytes. */
        SHORT,
        /** The header does not lie in the first piece of the packet. */
        SPLIT_HEADER,
        /** The version is not 4. */
        BAD_VERSION,
        /** IHL says less than 20 bytes, or more than there are. */
        BAD_HEADER_LENGTH,
        /** Total length says less than the header has, or more than there is. */
        BAD_TOTAL_LENGTH,
        BAD_CHECKSUM,
        /** To another host, or to many. */
        NOT_FOR_US,
        /** From ourselves, or what cannot be a single host. */
        BAD_SOURCE,
        /** Nobody receives this protocol. */
        UNKNOWN_PROTOCOL,
        /** A fragment that is empty, ends off a multiple of eight, or past 65535 bytes. */
        BAD_FRAGMENT,
        /** A fragment that was there already. */
        DUPLICATE_FRAGMENT,
        /** A fragment that covers part of another, or contradicts where the datagram ends; all of the datagram goes. */
        FRAGMENT_OVERLAP,
        /** A datagram of which pieces were missing at its deadline. */
        REASSEMBLY_TIMEOUT,
        /** A datagram of which pieces were missing when its place was needed for a new one. */
        REASSEMBLY_EVICTED,
        /** To nobody, to ourselves, or abroad without a gateway. */
        SEND_NO_ROUTE,
        /** No room for all fragments of a datagram. */
        SEND_NO_ROOM
    }

    private long fragments;
    private long reassembled;

    Ipv4Counters() {
        super(Drop.values());
    }

    /** Fragments that were kept for reassembly. */
    public long fragments() {
        return fragments;
    }

    /** Datagrams that were put together. */
    public long reassembled() {
        return reassembled;
    }

    void countFragment() {
        fragments++;
    }

    void countReassembled() {
        reassembled++;
    }
}
