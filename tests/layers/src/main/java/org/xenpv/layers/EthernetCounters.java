package org.xenpv.layers;

/** What {@link Ethernet} counts. */
public final class EthernetCounters extends LayerCounters<EthernetCounters.Drop> {

    /** Why. */
    public enum Drop {
        /** Fewer than 14 bytes. */
        SHORT,
        /** The header does not lie in the first piece. */
        SPLIT_HEADER,
        /** To another station. */
        NOT_FOR_US,
        /** From a group address. */
        BAD_SOURCE,
        /** Nobody receives this type. */
        UNKNOWN_TYPE,
        /** The device changed after the packet was acquired: too long now, or checksums are no longer filled in. */
        SEND_STALE,
        /** The device did not take it. */
        SEND_REFUSED
    }

    EthernetCounters() {
        super(Drop.values());
    }
}
