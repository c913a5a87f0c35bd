package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/** Packets that wait until their neighbour is known, oldest first. */
final class ArpQueue {

    private final NetPacket[] packets;
    private final int[] nextHops;
    private int size;

    ArpQueue(int waiting) {
        this.packets = new NetPacket[waiting];
        this.nextHops = new int[waiting];
    }

    /** @return false if it is full */
    boolean add(NetPacket packet, int nextHop) {
        if (size == packets.length) {
            return false;
        }
        packets[size] = packet;
        nextHops[size++] = nextHop;
        return true;
    }

    /** Takes the oldest packet for a neighbour out. @return null if there is none */
    NetPacket take(int nextHop) {
        for (int i = 0; i < size; i++) {
            if (nextHops[i] == nextHop) {
                return takeAt(i);
            }
        }
        return null;
    }

    /** Takes the oldest packet out. @return null if there is none */
    NetPacket take() {
        return size == 0 ? null : takeAt(0);
    }

    private NetPacket takeAt(int index) {
        NetPacket packet = packets[index];
        size--;
        System.arraycopy(packets, index + 1, packets, index, size - index);
        System.arraycopy(nextHops, index + 1, nextHops, index, size - index);
        packets[size] = null;
        return packet;
    }
}
