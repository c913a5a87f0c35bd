package org.xenpv.netfront.wrapper;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetOffloads;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/**
 * A device with nobody at its other end: keeps what is sent, receives what it is told to, and knows of every packet where it is.
 * Packets are cut into pieces that start anywhere in their pages.
 */
final class MemoryDevice implements NetworkDevice, AutoCloseable {

    static final MacAddress MAC = new MacAddress(0x00163e000001L);

    private static final int PAGES = 17;
    private static final int FIRST_AT = 1500;
    private static final int BYTES_MAX = PAGES * SharedMemory.PAGE_BYTES - FIRST_AT;

    /** What was sent, as it was. */
    record Sent(byte[] bytes, boolean csumBlank, boolean dataValidated, int gsoType, int gsoSize) {}

    final List<Sent> sent = new ArrayList<>();
    MacAddress mac = MAC;
    boolean carrier = true;
    boolean keep = true;
    int flushes;
    NetOffloads offloads = new NetOffloads(true, true, true, true, 1514, 65535);
    /** Called for every packet sent, while it is being sent. */
    Runnable whileSending = () -> {};

    private final ChronicleMemory memory;
    private final NetPacket[] packets;
    private final boolean[] out;
    private final Deque<Integer> free = new ArrayDeque<>();
    private final NetPacket incoming;
    private Receiver above;

    MemoryDevice(int packetsMax) {
        memory = ChronicleMemory.allocatePages((packetsMax + 1) * PAGES);
        packets = new NetPacket[packetsMax];
        out = new boolean[packetsMax];
        for (int i = 0; i < packetsMax; i++) {
            packets[i] = new NetPacket(memory, PAGES);
            free.add(i);
        }
        incoming = new NetPacket(memory, PAGES);
    }

    /** Packets acquired and neither sent nor released. */
    int outstanding() {
        return packets.length - free.size();
    }

    private void fill(NetPacket packet, int slot, int lengthBytes) {
        packet.clear();
        int at = slot * PAGES * SharedMemory.PAGE_BYTES + FIRST_AT;
        int left = lengthBytes;
        while (left > 0) {
            int piece = Math.min(left, SharedMemory.PAGE_BYTES - at % SharedMemory.PAGE_BYTES);
            packet.add(at, piece);
            at += piece;
            left -= piece;
        }
    }

    /** Has a packet come in. */
    void deliver(byte[] frame, Consumer<NetPacket> extras) {
        fill(incoming, packets.length, frame.length);
        incoming.copyIn(0, frame, 0, frame.length);
        extras.accept(incoming);
        above.received(incoming);
    }

    void deliver(byte[] frame) {
        deliver(frame, packet -> {});
    }

    Receiver above() {
        return above;
    }

    @Override
    public MacAddress mac() {
        return mac;
    }

    @Override
    public int mtu() {
        return 1500;
    }

    @Override
    public boolean carrier() {
        return carrier;
    }

    @Override
    public NetOffloads offloads() {
        return offloads;
    }

    @Override
    public NetPacket acquire(int lengthBytes) {
        if (lengthBytes < 14 || lengthBytes > Math.min(BYTES_MAX, offloads.gsoBytesMax())) {
            throw new IllegalArgumentException("lengthBytes=" + lengthBytes);
        }
        Integer slot = free.poll();
        if (slot == null) {
            return null;
        }
        out[slot] = true;
        fill(packets[slot], slot, lengthBytes);
        return packets[slot];
    }

    private int slotOf(NetPacket packet) {
        for (int i = 0; i < packets.length; i++) {
            if (packets[i] == packet && out[i]) {
                return i;
            }
        }
        throw new IllegalStateException("a packet that is not the caller's");
    }

    @Override
    public boolean send(NetPacket packet) {
        int slot = slotOf(packet);
        if (packet.gsoType() == 0 && packet.length() > offloads.frameBytesMax()) {
            throw new IllegalArgumentException("length=" + packet.length());
        }
        if (carrier && keep) {
            sent.add(new Sent(
                    packet.toBytes(), packet.csumBlank(), packet.dataValidated(), packet.gsoType(), packet.gsoSize()));
        }
        out[slot] = false;
        free.add(slot);
        whileSending.run();
        return carrier;
    }

    @Override
    public void release(NetPacket packet) {
        int slot = slotOf(packet);
        out[slot] = false;
        free.add(slot);
    }

    @Override
    public void flush() {
        flushes++;
    }

    @Override
    public void receiver(Receiver receiver) {
        above = receiver;
    }

    @Override
    public void close() {
        memory.close();
    }
}
