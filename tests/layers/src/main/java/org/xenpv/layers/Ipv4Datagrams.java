package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/** The datagrams to be sent that are too long for the link, filled in own memory. */
final class Ipv4Datagrams {

    private final NetPacket[] all;
    private final int[] at;
    private final NetPacket[] free;
    private final NetPacket piece;
    private int freeCount;

    Ipv4Datagrams(Ipv4Buffers buffers) {
        int count = buffers.outgoing();
        this.all = new NetPacket[count];
        this.at = new int[count];
        this.free = new NetPacket[count];
        this.piece = new NetPacket(buffers.memory(), 1);
        for (int i = 0; i < count; i++) {
            all[i] = new NetPacket(buffers.memory(), 1);
            at[i] = (buffers.incoming() + i) * Ipv4Buffers.DATAGRAM_BYTES;
            free[freeCount++] = all[i];
        }
    }

    /** @return null if all are in use */
    NetPacket acquire(int payloadBytes) {
        if (freeCount == 0) {
            return null;
        }
        NetPacket packet = free[--freeCount];
        packet.clear();
        packet.add(at[indexOf(packet)], payloadBytes);
        return packet;
    }

    boolean owns(NetPacket packet) {
        return packet.memory() == piece.memory();
    }

    void release(NetPacket packet) {
        for (int i = 0; i < freeCount; i++) {
            if (free[i] == packet) {
                throw new IllegalStateException("packet is not acquired");
            }
        }
        free[freeCount++] = packet;
    }

    private int indexOf(NetPacket packet) {
        for (int i = 0; i < all.length; i++) {
            if (all[i] == packet) {
                return i;
            }
        }
        throw new IllegalArgumentException("packet is of another layer");
    }

    /** Part of a datagram as a packet of its own, until the next is asked for. */
    NetPacket piece(NetPacket datagram, int from, int bytes) {
        piece.clear();
        piece.add(datagram.fragmentAt(0) + from, bytes);
        return piece;
    }
}
