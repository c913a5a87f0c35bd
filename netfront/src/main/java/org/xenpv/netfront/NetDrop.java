package org.xenpv.netfront;

/** Why a packet was dropped. */
public enum NetDrop {
    /** Received: the backend says that it failed (a negative status). */
    RX_ERROR_STATUS,
    /** Received: a piece does not lie within its page. */
    RX_BAD_EXTENT,
    /** Received: shorter than an Ethernet header. */
    RX_RUNT,
    /** Received: longer than a packet can be. */
    RX_TOO_LONG,
    /** Received: in more pieces than a packet can have. */
    RX_TOO_MANY_SLOTS,
    /** Received: the backend published a part of it only. */
    RX_MISSING_SLOTS,
    /** Received: extra information of an unknown type, or of one type twice. */
    RX_BAD_EXTRA,
    /** Received: extra information or a missing checksum that was never agreed on. */
    RX_UNNEGOTIATED,
    /** Received: a segment size of zero or past the end, or without a missing checksum. */
    RX_BAD_GSO,
    /** Received: the checksum is missing and the headers that would tell where it belongs do not lie within the packet. */
    RX_BAD_HEADERS,
    /** Received: nobody has asked for packets. */
    RX_NO_RECEIVER,
    /** To be sent: not connected. */
    TX_NOT_CONNECTED,
    /** To be sent: the link is down. */
    TX_NO_CARRIER,
    /** To be sent: the ring is full. */
    TX_NO_ROOM,
    /** Sent: the backend says that it failed or dropped it. */
    TX_ERROR_STATUS,
    /** Sent: the connection was lost before the backend had answered. */
    TX_LOST;

    static final int COUNT = values().length;
}
