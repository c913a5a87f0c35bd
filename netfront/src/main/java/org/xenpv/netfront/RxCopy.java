package org.xenpv.netfront;

import org.xenpv.io.netif.Netif;
import org.xenpv.memory.SharedMemory;

/**
 * Memory of our own that received packets are copied to, out of pages that stay granted: what the backend writes there
 * afterwards nobody sees. One packet at a time.
 */
final class RxCopy {

    /** Longest packet, with the most headroom that can be asked for. */
    static final int PAGES = Netif.XEN_NETIF_NR_SLOTS_MIN;

    private final SharedMemory memory;
    private final NetPacket packet;

    /** @param memory of {@link #PAGES} pages */
    RxCopy(SharedMemory memory) {
        this.memory = memory;
        this.packet = new NetPacket(memory, 1);
    }

    /** The same packet in one piece, valid until the next. It is at most 65549 bytes long. */
    NetPacket of(NetPacket shared, int headroom) {
        packet.clear();
        packet.add(headroom, shared.length());
        shared.copyTo(packet);
        return packet;
    }
}
