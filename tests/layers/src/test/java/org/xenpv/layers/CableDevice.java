package org.xenpv.layers;

import java.util.SplittableRandom;
import org.xenpv.io.netif.Netif;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetOffloads;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/** One end of a {@link Cable}. Packets lie in pages at any place, the first piece whole up to a page's end or 128 bytes. */
final class CableDevice implements NetworkDevice {

    private static final int PACKETS = 96;
    private static final int PAGES = 3;
    private static final int HEADERS = 128;
    private static final int PAGE = SharedMemory.PAGE_BYTES;

    private final MacAddress mac;
    private final SplittableRandom random;
    private final ChronicleMemory memory = ChronicleMemory.allocatePages((PACKETS + 1) * PAGES);
    private final NetPacket[] packets = new NetPacket[PACKETS + 1];
    private final int[] free = new int[PACKETS];
    private final boolean[] acquired = new boolean[PACKETS];
    private final NetPacket[] queue = new NetPacket[PACKETS];
    private int freeCount;
    private int queued;
    private int flushed;

    private Receiver receiver;
    private int mtu = 1500;
    private boolean carrier = true;
    private boolean refusing;
    private boolean scattering = true;
    private boolean askedInVain;
    private NetOffloads offloads = offloads(false, 1514);

    CableDevice(MacAddress mac, SplittableRandom random) {
        this.mac = mac;
        this.random = random;
        for (int i = 0; i < packets.length; i++) {
            packets[i] = new NetPacket(memory, PAGES);
        }
        for (int i = 0; i < PACKETS; i++) {
            free[freeCount++] = i;
        }
    }

    private static NetOffloads offloads(boolean csum, int frameBytesMax) {
        return new NetOffloads(csum, false, false, false, frameBytesMax, frameBytesMax);
    }

    // ---- what a test sets

    void change(int newMtu, boolean csum, boolean newCarrier) {
        mtu = newMtu;
        offloads = offloads(csum, newMtu + 14);
        carrier = newCarrier;
        if (receiver != null) {
            receiver.linkChanged();
        }
    }

    /** Is as a device is that has not connected yet; {@link #change} connects it. */
    void unconnected() {
        offloads = null;
        carrier = false;
    }

    /** Takes no packets from now on. */
    void refusing(boolean refuses) {
        refusing = refuses;
    }

    /** Whether packets begin anywhere in a page, and received ones are cut anywhere behind their headers. */
    void scattering(boolean scatters) {
        scattering = scatters;
    }

    int freePackets() {
        return freeCount;
    }

    // ---- the device

    @Override
    public MacAddress mac() {
        return offloads == null ? null : mac;
    }

    @Override
    public int mtu() {
        return mtu;
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
        if (offloads == null) {
            throw new IllegalStateException("not connected yet");
        }
        if (lengthBytes < 14 || lengthBytes > offloads.gsoBytesMax()) {
            throw new IllegalArgumentException(
                    "lengthBytes=" + lengthBytes + ", must be 14 to " + offloads.gsoBytesMax());
        }
        if (freeCount == 0) {
            askedInVain = true;
            return null;
        }
        int index = free[--freeCount];
        acquired[index] = true;
        fill(index, lengthBytes, scattering ? random.nextInt(PAGE - HEADERS) : 0, PAGE);
        return packets[index];
    }

    /** Gives a packet its pieces: each in a page of its own, none longer than {@code most}, the first at an offset. */
    private void fill(int index, int bytes, int offset, int most) {
        NetPacket packet = packets[index];
        packet.clear();
        int left = bytes;
        for (int page = 0; page == 0 || left > 0; page++) {
            int at = page == 0 ? offset : 0;
            int room = page == PAGES - 1 ? PAGE : Math.min(PAGE - at, Math.max(most, HEADERS));
            int part = Math.min(left, room);
            packet.add((index * PAGES + page) * PAGE + at, part);
            left -= part;
        }
    }

    @Override
    public boolean send(NetPacket packet) {
        checkAcquired(packet);
        if (packet.length() < 14 || packet.length() > offloads.frameBytesMax()) {
            throw new IllegalArgumentException(
                    "length=" + packet.length() + ", must be 14 to " + offloads.frameBytesMax());
        }
        if (packet.csumBlank() && !offloads.csumV4() || packet.gsoType() != Netif.XEN_NETIF_GSO_TYPE_NONE) {
            throw new IllegalArgumentException("packet asks for what the device does not have");
        }
        if (refusing || !carrier) {
            recycle(packet);
            return false;
        }
        queue[queued++] = packet;
        return true;
    }

    @Override
    public void release(NetPacket packet) {
        checkAcquired(packet);
        recycle(packet);
    }

    private int checkAcquired(NetPacket packet) {
        for (int i = 0; i < PACKETS; i++) {
            if (packets[i] == packet && acquired[i]) {
                for (int q = 0; q < queued; q++) {
                    if (queue[q] == packet) {
                        throw new AssertionError("packet was sent already");
                    }
                }
                return i;
            }
        }
        throw new AssertionError("packet is not acquired");
    }

    @Override
    public void flush() {
        flushed = queued;
    }

    @Override
    public void receiver(Receiver newReceiver) {
        receiver = newReceiver;
    }

    // ---- the cable's side

    int flushed() {
        return flushed;
    }

    /** Sent, flushed or not, and not yet carried. */
    int queued() {
        return queued;
    }

    NetPacket takeFlushed() {
        NetPacket packet = queue[0];
        queued--;
        flushed--;
        System.arraycopy(queue, 1, queue, 0, queued);
        return packet;
    }

    void swapFirst() {
        NetPacket first = queue[0];
        queue[0] = queue[1];
        queue[1] = first;
    }

    void recycle(NetPacket packet) {
        for (int i = 0; i < PACKETS; i++) {
            if (packets[i] == packet) {
                acquired[i] = false;
                free[freeCount++] = i;
            }
        }
        if (askedInVain && receiver != null) {
            askedInVain = false;
            receiver.writable();
        }
    }

    void receive(NetPacket frame) {
        if (receiver == null) {
            return;
        }
        int most = scattering ? HEADERS + random.nextInt(PAGE - HEADERS) : PAGE;
        fill(PACKETS, frame.length(), scattering ? random.nextInt(PAGE - HEADERS) : 0, most);
        NetPacket arrived = packets[PACKETS];
        frame.copyTo(arrived);
        receiver.received(arrived);
    }

    void receivedAll() {
        if (receiver != null) {
            receiver.receivedAll();
        }
    }

    /** Hands a frame of literal bytes to whoever receives here. */
    void receive(byte[] frame) {
        fill(PACKETS, frame.length, scattering ? random.nextInt(PAGE - HEADERS) : 0, PAGE);
        packets[PACKETS].copyIn(0, frame, 0, frame.length);
        receiver.received(packets[PACKETS]);
        receiver.receivedAll();
    }

    /** The same, with what the other end says of its checksum. */
    void receive(byte[] frame, boolean csumBlank, boolean dataValidated) {
        fill(PACKETS, frame.length, 0, PAGE);
        packets[PACKETS].copyIn(0, frame, 0, frame.length);
        packets[PACKETS].csumBlank(csumBlank);
        packets[PACKETS].dataValidated(dataValidated);
        receiver.received(packets[PACKETS]);
        receiver.receivedAll();
    }

    /** The same, in pieces of given lengths, each in a page of its own. */
    void receive(byte[] frame, int... pieces) {
        NetPacket packet = packets[PACKETS];
        packet.clear();
        for (int i = 0; i < pieces.length; i++) {
            packet.add((PACKETS * PAGES + i) * PAGE + 1, pieces[i]);
        }
        packet.copyIn(0, frame, 0, frame.length);
        receiver.received(packet);
        receiver.receivedAll();
    }

    void close() {
        queued = 0;
        flushed = 0;
        memory.close();
    }
}
