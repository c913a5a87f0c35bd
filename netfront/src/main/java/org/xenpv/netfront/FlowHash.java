package org.xenpv.netfront;

import org.xenpv.io.netif.ToeplitzHash;

/**
 * Which queue the packets of a flow take, so that they stay in order: the Toeplitz hash of addresses and ports, of addresses only
 * where there are no ports, and the first queue for all that is not IP.
 */
final class FlowHash {

    private static final int PORTS_BYTES = 4;

    private final ToeplitzHash toeplitz = new ToeplitzHash(ToeplitzHash.rssKey());

    /** @param headers of the packet */
    int of(NetPacket packet, PacketHeaders headers) {
        int from;
        int bytes;
        if (headers.ipVersion() == 4) {
            from = headers.ipAt() + 12;
            bytes = 8;
        } else if (headers.ipVersion() == 6) {
            from = headers.ipAt() + 8;
            bytes = 32;
        } else {
            return 0;
        }
        int hash = 0;
        for (int i = 0; i < bytes; i++) {
            hash ^= toeplitz.of(i, packet.getU8(from + i));
        }
        if (headers.hasTransport()) {
            for (int i = 0; i < PORTS_BYTES; i++) {
                hash ^= toeplitz.of(bytes + i, packet.getU8(headers.transportAt() + i));
            }
        }
        return hash;
    }
}
