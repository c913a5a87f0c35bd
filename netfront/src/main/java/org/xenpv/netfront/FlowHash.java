package org.xenpv.netfront;

import org.xenpv.io.netif.ToeplitzHash;

/**
 * Which queue the packets of a flow take, so that they stay in order: the Toeplitz hash of addresses and ports, of addresses only
 * where there are no ports, and the first queue for all that is not IP.
 */
final class FlowHash {

    /** The key that RSS is published with: any would do. */
    private static final byte[] KEY = {
        0x6d,
        0x5a,
        0x56,
        (byte) 0xda,
        0x25,
        0x5b,
        0x0e,
        (byte) 0xc2,
        0x41,
        0x67,
        0x25,
        0x3d,
        0x43,
        (byte) 0xa3,
        (byte) 0x8f,
        (byte) 0xb0,
        (byte) 0xd0,
        (byte) 0xca,
        0x2b,
        (byte) 0xcb,
        (byte) 0xae,
        0x7b,
        0x30,
        (byte) 0xb4,
        0x77,
        (byte) 0xcb,
        0x2d,
        (byte) 0xa3,
        (byte) 0x80,
        0x30,
        (byte) 0xf2,
        0x0c,
        0x6a,
        0x42,
        (byte) 0xb7,
        0x3b,
        (byte) 0xbe,
        (byte) 0xac,
        0x01,
        (byte) 0xfa
    };

    private static final int PORTS_BYTES = 4;

    private final ToeplitzHash toeplitz = new ToeplitzHash(KEY);

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
