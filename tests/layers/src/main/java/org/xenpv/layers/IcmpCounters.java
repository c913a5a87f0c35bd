package org.xenpv.layers;

/** What {@link IcmpEcho} counts. Requests that were answered are both received and sent. */
public final class IcmpCounters extends LayerCounters<IcmpCounters.Drop> {

    /** Why. */
    public enum Drop {
        /** Fewer than 8 bytes, or not in one piece. */
        SHORT,
        BAD_CHECKSUM,
        /** Neither an echo request nor a reply. */
        UNKNOWN_TYPE,
        /** A reply, and nobody waits for replies. */
        UNEXPECTED_REPLY,
        /** No room to answer. */
        SEND_NO_ROOM
    }

    IcmpCounters() {
        super(Drop.values());
    }
}
