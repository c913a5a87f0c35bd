package org.xenpv.netfront;

/** What a connection can have beyond plain packets, each of which can be switched off ({@link NetfrontConfig#without}). */
public enum NetFeature {
    /** Packets in several pieces, both ways (feature-sg). Segmentation needs it. */
    SCATTER_GATHER,
    /** Checksums of TCP and UDP over IPv4 left out, both ways (feature-no-csum-offload says no). */
    CSUM_V4,
    /** The same over IPv6 (feature-ipv6-csum-offload). */
    CSUM_V6,
    /** Large TCP packets over IPv4, both ways (feature-gso-tcpv4). */
    GSO_V4,
    /** Large TCP packets over IPv6, both ways (feature-gso-tcpv6). */
    GSO_V6,
    /** An event channel for each direction (feature-split-event-channels). */
    SPLIT_EVENT_CHANNELS,
    /** The control ring, on which hashing is set up (feature-ctrl-ring). */
    CTRL_RING;

    int bit() {
        return 1 << ordinal();
    }
}
