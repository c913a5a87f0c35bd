package org.xenpv.backends.net;

import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_BIT;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP_BIT;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6_BIT;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP_BIT;

import java.util.Arrays;
import org.xenpv.io.netif.ToeplitzHash;

/**
 * Which of the guest's queues a frame goes to, and the hash that goes with it: as the guest said on the control ring, or, if it
 * said nothing, by a hash of our own over addresses and ports.
 *
 * <p>Owned by one thread. Nothing is allocated per frame.
 */
final class NetbackHash {

    private static final int NO_TYPE = -1;

    /** The key of our own hash: that of the published verification suite, which spreads well. */
    private static final byte[] OWN_KEY = {
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

    private final FrameHeaders headers = new FrameHeaders();
    private final ToeplitzHash own = new ToeplitzHash(OWN_KEY);
    private ToeplitzHash toeplitz = new ToeplitzHash(new byte[0]);
    private int algorithm = XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
    private int flags;
    private int[] mapping = new int[0];

    int algorithm() {
        return algorithm;
    }

    void algorithm(int wanted) {
        algorithm = wanted;
    }

    /** @param types XEN_NETIF_CTRL_HASH_TYPE_* */
    void flags(int types) {
        flags = types;
    }

    void key(byte[] key) {
        toeplitz = new ToeplitzHash(key);
    }

    /** Entries of the table that maps a hash to a queue; 0 for the hash modulo the number of queues. */
    int mappingSize() {
        return mapping.length;
    }

    void mappingSize(int entries) {
        mapping = new int[entries];
    }

    void map(int from, int[] queues) {
        System.arraycopy(queues, 0, mapping, from, queues.length);
    }

    /** Writes the frame's hash into it, or that it has none, and chooses its queue. */
    int select(NetFrame frame, int queues) {
        if (algorithm == XEN_NETIF_CTRL_HASH_ALGORITHM_NONE) {
            frame.hash(XEN_NETIF_CTRL_HASH_ALGORITHM_NONE, 0, 0);
            return queues == 1 ? 0 : Integer.remainderUnsigned(ownHash(frame), queues);
        }
        headers.parse(frame);
        int type = type();
        int hash = 0;
        if (type == NO_TYPE) {
            frame.hash(XEN_NETIF_CTRL_HASH_ALGORITHM_NONE, 0, 0);
        } else {
            boolean ports =
                    type == XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP_BIT || type == XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP_BIT;
            hash = hash(toeplitz, frame, ports);
            frame.hash(XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, type, hash);
        }
        if (mapping.length == 0) {
            return Integer.remainderUnsigned(hash, queues);
        }
        int queue = mapping[Integer.remainderUnsigned(hash, mapping.length)];
        return Math.min(queue, queues - 1);
    }

    /** The maximal type of those wanted (netif.h, XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS). */
    private int type() {
        if (headers.version() == 4) {
            if (headers.isTcp() && (flags & XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP) != 0) {
                return XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP_BIT;
            }
            return (flags & XEN_NETIF_CTRL_HASH_TYPE_IPV4) != 0 ? XEN_NETIF_CTRL_HASH_TYPE_IPV4_BIT : NO_TYPE;
        }
        if (headers.version() == 6) {
            if (headers.isTcp() && (flags & XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP) != 0) {
                return XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP_BIT;
            }
            return (flags & XEN_NETIF_CTRL_HASH_TYPE_IPV6) != 0 ? XEN_NETIF_CTRL_HASH_TYPE_IPV6_BIT : NO_TYPE;
        }
        return NO_TYPE;
    }

    private int ownHash(NetFrame frame) {
        headers.parse(frame);
        return headers.version() == 0 ? 0 : hash(own, frame, headers.hasTransport());
    }

    /** Over source and destination address, and source and destination port if wanted. */
    private int hash(ToeplitzHash function, NetFrame frame, boolean ports) {
        int addressBytes = headers.version() == 6 ? 32 : 8;
        int addresses = headers.network() + (headers.version() == 6 ? 8 : 12);
        int hash = 0;
        for (int i = 0; i < addressBytes; i++) {
            hash ^= function.of(i, frame.u8(addresses + i));
        }
        if (ports) {
            for (int i = 0; i < 4; i++) {
                hash ^= function.of(addressBytes + i, frame.u8(headers.transport() + i));
            }
        }
        return hash;
    }

    @Override
    public String toString() {
        return "algorithm=" + algorithm + ", flags=" + flags + ", mapping=" + Arrays.toString(mapping);
    }
}
