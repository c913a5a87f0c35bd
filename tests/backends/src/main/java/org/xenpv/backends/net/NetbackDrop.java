package org.xenpv.backends.net;

/** Why a netback dropped a packet. TX and RX are the guest's. */
public enum NetbackDrop {
    /** The chain of requests goes on behind what was published. */
    TX_INCOMPLETE,
    /** Extra information was announced and is not there. */
    TX_MISSING_EXTRA,
    /** Extra information of a type nobody knows. */
    TX_BAD_EXTRA,
    /** More than 18 requests after the first. */
    TX_TOO_MANY_SLOTS,
    /** A request for more bytes than are left of the packet. */
    TX_SLOT_TOO_LONG,
    /** A piece that does not lie in its page. */
    TX_CROSSES_PAGE,
    /** The first piece is shorter than an Ethernet header. */
    TX_RUNT,
    /** A segment size of zero, a type nobody knows, or not the TCP that it says it is. */
    TX_BAD_GSO,
    /** A feature was used that was not offered. */
    TX_UNNEGOTIATED,
    /** A page that is not granted to us. */
    TX_NOT_GRANTED,
    /** A blank checksum where there is neither TCP nor UDP. */
    TX_BAD_CHECKSUM,
    /** Nothing is plugged into the port. */
    TX_UNPLUGGED,

    /** No frontend is connected. */
    RX_NOT_CONNECTED,
    /** Not among the groups that the guest wants. */
    RX_FILTERED,
    /** Shorter than an Ethernet header. */
    RX_RUNT,
    /** Longer than {@link PortOffloads} allow. */
    RX_TOO_LONG,
    /** Something was left to the guest that {@link PortOffloads} do not allow. */
    RX_UNSUPPORTED,
    /** The guest posts no buffers, and as much as may wait is waiting. */
    RX_NO_BUFFERS,
    /** Waited too long for buffers. */
    RX_EXPIRED,
    /** The guest has posted no buffers for so long that nothing waits any more. */
    RX_STALLED,
    /** Was waiting for buffers when the connection ended. */
    RX_DISCONNECTED,
    /** A buffer that is not granted to us, or read-only: the guest was told in its response. */
    RX_NOT_GRANTED;

    private static final NetbackDrop[] ALL = values();

    static int count() {
        return ALL.length;
    }

    static NetbackDrop at(int index) {
        return ALL[index];
    }
}
