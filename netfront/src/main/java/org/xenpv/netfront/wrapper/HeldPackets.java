package org.xenpv.netfront.wrapper;

import org.xenpv.event.EventLoop;
import org.xenpv.netfront.NetPacket;

/** Packets that wait, in the order they came, each with the time it waits at most. Bounded. */
final class HeldPackets {

    private final NetPacket[] packets;
    private final long[] dueNs;
    private final boolean[] untilOvertaken;
    private int size;

    HeldPackets(int max) {
        this.packets = new NetPacket[max];
        this.dueNs = new long[max];
        this.untilOvertaken = new boolean[max];
    }

    int size() {
        return size;
    }

    boolean isFull() {
        return size == packets.length;
    }

    /** @param overtaken whether it goes on as soon as another has gone by */
    void add(NetPacket packet, long atNs, boolean overtaken) {
        packets[size] = packet;
        dueNs[size] = atNs;
        untilOvertaken[size] = overtaken;
        size++;
    }

    /** Takes out the first that waits for another to go by; null if none does. */
    NetPacket takeOvertaken() {
        for (int i = 0; i < size; i++) {
            if (untilOvertaken[i]) {
                return take(i);
            }
        }
        return null;
    }

    /** Takes out the one that has been due longest; null if none is. */
    NetPacket takeDue(long nowNs) {
        int first = earliest();
        return first >= 0 && dueNs[first] - nowNs <= 0 ? take(first) : null;
    }

    /** Takes out the one that came first; null if there is none. */
    NetPacket takeAny() {
        return size == 0 ? null : take(0);
    }

    /** When the next is due, or {@link EventLoop#NEVER}. */
    long nextNs() {
        int first = earliest();
        return first < 0 ? EventLoop.NEVER : dueNs[first];
    }

    private int earliest() {
        int first = -1;
        for (int i = 0; i < size; i++) {
            if (first < 0 || dueNs[i] - dueNs[first] < 0) {
                first = i;
            }
        }
        return first;
    }

    private NetPacket take(int index) {
        NetPacket taken = packets[index];
        size--;
        for (int i = index; i < size; i++) {
            packets[i] = packets[i + 1];
            dueNs[i] = dueNs[i + 1];
            untilOvertaken[i] = untilOvertaken[i + 1];
        }
        packets[size] = null;
        return taken;
    }
}
