package org.xenpv.io.netif;

/** The keys of a network device in xenstore (xen/io/netif.h), as the header spells them. */
public final class NetifKeys {

    // Both sides may advertise: 0 or 1.

    /** If missing, IPv4 checksum offload is on. */
    public static final String FEATURE_NO_CSUM_OFFLOAD = "feature-no-csum-offload";

    public static final String FEATURE_IPV6_CSUM_OFFLOAD = "feature-ipv6-csum-offload";
    public static final String FEATURE_GSO_TCPV4 = "feature-gso-tcpv4";
    public static final String FEATURE_GSO_TCPV6 = "feature-gso-tcpv6";
    public static final String FEATURE_RX_NOTIFY = "feature-rx-notify";

    // Backend.

    public static final String FEATURE_SPLIT_EVENT_CHANNELS = "feature-split-event-channels";
    public static final String FEATURE_MULTICAST_CONTROL = "feature-multicast-control";
    public static final String FEATURE_DYNAMIC_MULTICAST_CONTROL = "feature-dynamic-multicast-control";
    public static final String FEATURE_CTRL_RING = "feature-ctrl-ring";
    public static final String MULTI_QUEUE_MAX_QUEUES = "multi-queue-max-queues";
    /** 0: link down; 1 or missing: up. */
    public static final String CARRIER = "carrier";

    // Frontend.

    public static final String EVENT_CHANNEL = "event-channel";
    public static final String EVENT_CHANNEL_TX = "event-channel-tx";
    public static final String EVENT_CHANNEL_RX = "event-channel-rx";
    public static final String EVENT_CHANNEL_CTRL = "event-channel-ctrl";
    public static final String TX_RING_REF = "tx-ring-ref";
    public static final String RX_RING_REF = "rx-ring-ref";
    public static final String CTRL_RING_REF = "ctrl-ring-ref";
    public static final String MULTI_QUEUE_NUM_QUEUES = "multi-queue-num-queues";
    public static final String REQUEST_MULTICAST_CONTROL = "request-multicast-control";
    /** Written by the toolstack; 1500 if missing. */
    public static final String MTU = "mtu";
    /** 0 or 1, 1 if missing. Written by the toolstack in the frontend's directory. */
    public static final String TRUSTED = "trusted";

    // Not in libxen-dev 4.17's netif.h; Linux's frontend and backend use them.

    public static final String FEATURE_SG = "feature-sg";
    public static final String FEATURE_RX_COPY = "feature-rx-copy";
    public static final String REQUEST_RX_COPY = "request-rx-copy";
    public static final String FEATURE_XDP_HEADROOM = "feature-xdp-headroom";
    public static final String XDP_HEADROOM = "xdp-headroom";
    public static final String MAC = "mac";
    public static final String HANDLE = "handle";

    /** In our directory, by the toolstack: 1 unplugs the cable. Windows' frontend uses it. */
    public static final String DISCONNECT = "disconnect";

    /** In our directory, by the toolstack: Mbit/s, or with K, M or G behind it. Windows' frontend uses it. */
    public static final String SPEED = "speed";

    private NetifKeys() {}

    /** The directory that holds the rings and ports of a queue, if there are several: {@code queue-N}. */
    public static String queue(int queue) {
        return "queue-" + queue;
    }
}
