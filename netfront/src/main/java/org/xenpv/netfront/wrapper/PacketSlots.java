package org.xenpv.netfront.wrapper;

import org.xenpv.memory.SharedMemory;
import org.xenpv.netfront.NetPacket;

/** Copies of packets received, in memory of the caller's. */
final class PacketSlots {

    /** A packet of 65535 bytes, and in front of it what headroom there is room for. */
    static final int SLOT_BYTES = 17 * SharedMemory.PAGE_BYTES;

    private static final int HEADROOM_BYTES_MAX = 256;

    private final NetPacket[] slots;
    private final int[] slotAt;
    private final boolean[] taken;

    PacketSlots(SharedMemory memory) {
        int count = memory == null ? 0 : memory.sizeBytes() / SLOT_BYTES;
        this.slots = new NetPacket[count];
        this.slotAt = new int[count];
        this.taken = new boolean[count];
        for (int i = 0; i < count; i++) {
            slots[i] = new NetPacket(memory, SLOT_BYTES / SharedMemory.PAGE_BYTES);
            slotAt[i] = i * SLOT_BYTES;
        }
    }

    int count() {
        return slots.length;
    }

    int free() {
        int free = 0;
        for (boolean each : taken) {
            free += each ? 0 : 1;
        }
        return free;
    }

    /** @return null if there is no room */
    NetPacket copy(NetPacket packet) {
        int headroom = Math.min(packet.headroom(), HEADROOM_BYTES_MAX);
        if (packet.length() > SLOT_BYTES - headroom) {
            return null;
        }
        for (int i = 0; i < slots.length; i++) {
            if (!taken[i]) {
                taken[i] = true;
                return fill(slots[i], slotAt[i], packet, headroom);
            }
        }
        return null;
    }

    private static NetPacket fill(NetPacket copy, int at, NetPacket packet, int headroom) {
        copy.clear();
        int bytes = packet.length() + headroom;
        for (int done = 0; done < bytes; done += SharedMemory.PAGE_BYTES) {
            copy.add(at + done, Math.min(SharedMemory.PAGE_BYTES, bytes - done));
        }
        copy.pull(headroom);
        packet.copyTo(copy);
        return copy;
    }

    void free(NetPacket copy) {
        for (int i = 0; i < slots.length; i++) {
            if (slots[i] == copy) {
                taken[i] = false;
            }
        }
    }
}
