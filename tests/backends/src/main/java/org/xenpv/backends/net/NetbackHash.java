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

    private final FrameHeaders headers = new FrameHeaders();
    /** Ours, for a guest that has set up none. */
    private final ToeplitzHash own = new ToeplitzHash(ToeplitzHash.rssKey());

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
