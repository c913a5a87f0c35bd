package org.xenpv.layers;

/** What {@link Udp} counts. */
public final class UdpCounters extends LayerCounters<UdpCounters.Drop> {

    /** Why. */
    public enum Drop {
        /** Fewer than 8 bytes, or not in one piece. */
        SHORT,
        /** The length says less than 8 bytes, or more than there are. */
        BAD_LENGTH,
        BAD_CHECKSUM,
        /** Nobody receives what comes to this port. */
        NO_PORT
    }

    UdpCounters() {
        super(Drop.values());
    }
}
