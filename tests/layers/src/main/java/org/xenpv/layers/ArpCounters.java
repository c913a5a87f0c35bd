package org.xenpv.layers;

/** What {@link Arp} counts: ARP's own packets, and those it could not bring to a neighbour. */
public final class ArpCounters extends LayerCounters<ArpCounters.Drop> {

    /** Why. */
    public enum Drop {
        /** Fewer than 28 bytes, or not in one piece. */
        SHORT,
        /** Not for IPv4 over Ethernet, or neither request nor reply. */
        MALFORMED,
        /** The sender's addresses cannot be a neighbour's. */
        BAD_SENDER,
        /** Somebody else says to have our address. */
        CONFLICT,
        /** Neither to us nor from somebody we know. */
        NOT_FOR_US,
        /** Too many neighbours are being asked for already. */
        SEND_TABLE_FULL,
        /** Too many packets wait for the answers of neighbours. */
        SEND_QUEUE_FULL,
        /** The neighbour did not answer. */
        SEND_UNRESOLVED,
        /** No room for a request or reply. */
        SEND_NO_ROOM
    }

    ArpCounters() {
        super(Drop.values());
    }
}
