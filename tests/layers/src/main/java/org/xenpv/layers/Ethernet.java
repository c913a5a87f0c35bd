package org.xenpv.layers;

import java.util.Arrays;
import org.xenpv.netfront.NetOffloads;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/**
 * Ethernet II frames (RFC 894): no 802.3 lengths, no VLAN tags.
 *
 * @param <D> the device below
 */
public final class Ethernet<D extends NetworkDevice> implements EthernetLayer, NetworkDevice.Receiver {

    static final int HEADER_BYTES = 14;

    private static final int SOURCE_AT = 6;
    private static final int TYPE_AT = 12;

    private final D device;
    private final EthernetCounters counters = new EthernetCounters();
    private int[] types = {};
    private Receiver[] receivers = {};
    private Runnable[] linkActions = {};
    private Runnable[] writableActions = {};

    /** Becomes the device's receiver. */
    public Ethernet(D device) {
        this.device = device;
        device.receiver(this);
    }

    public D device() {
        return device;
    }

    public EthernetCounters counters() {
        return counters;
    }

    @Override
    public long address() {
        return device.mac().bits();
    }

    @Override
    public boolean carrier() {
        return device.carrier();
    }

    /** Before the device has connected this is what it may turn out to be. */
    @Override
    public int payloadBytesMax() {
        NetOffloads offloads = device.offloads();
        int mtu = device.mtu();
        return offloads == null ? mtu : Math.min(mtu, offloads.frameBytesMax() - HEADER_BYTES);
    }

    @Override
    public NetPacket acquire(int payloadBytes) {
        int most = payloadBytesMax();
        if (payloadBytes < 0 || payloadBytes > most) {
            throw new IllegalArgumentException("payloadBytes=" + payloadBytes + ", must be 0 to " + most);
        }
        NetPacket packet = device.offloads() == null ? null : device.acquire(HEADER_BYTES + payloadBytes);
        if (packet != null) {
            packet.pull(HEADER_BYTES);
        }
        return packet;
    }

    @Override
    public void release(NetPacket packet) {
        device.release(packet);
    }

    @Override
    public void flush() {
        device.flush();
    }

    @Override
    public boolean mayLeaveChecksum(NetPacket packet) {
        NetOffloads offloads = device.offloads();
        return offloads != null && offloads.csumV4();
    }

    @Override
    public boolean send(NetPacket packet, long destination, int etherType) {
        packet.push(HEADER_BYTES);
        NetOffloads offloads = device.offloads();
        if (packet.length() > HEADER_BYTES + payloadBytesMax() || packet.csumBlank() && !offloads.csumV4()) {
            counters.drop(EthernetCounters.Drop.SEND_STALE);
            device.release(packet);
            return false;
        }
        putAddress(packet, 0, destination);
        putAddress(packet, SOURCE_AT, address());
        packet.putU16(TYPE_AT, etherType);
        if (!device.send(packet)) {
            counters.drop(EthernetCounters.Drop.SEND_REFUSED);
            return false;
        }
        counters.countSent();
        return true;
    }

    static void putAddress(NetPacket packet, int position, long address) {
        packet.putU16(position, (int) (address >>> 32));
        packet.putInt(position + 2, (int) address);
    }

    static long getAddress(NetPacket packet, int position) {
        return (long) packet.getU16(position) << 32 | packet.getInt(position + 2) & 0xffff_ffffL;
    }

    static boolean isGroup(long address) {
        return (address >>> 40 & 1) != 0;
    }

    @Override
    public void receiver(int etherType, Receiver receiver) {
        if (receiverOf(etherType) != null) {
            throw new IllegalStateException("etherType=0x" + Integer.toHexString(etherType) + ", has a receiver");
        }
        types = Arrays.copyOf(types, types.length + 1);
        types[types.length - 1] = etherType;
        receivers = Arrays.copyOf(receivers, types.length);
        receivers[types.length - 1] = receiver;
    }

    private Receiver receiverOf(int etherType) {
        for (int i = 0; i < types.length; i++) {
            if (types[i] == etherType) {
                return receivers[i];
            }
        }
        return null;
    }

    @Override
    public void received(NetPacket packet) {
        if (packet.length() < HEADER_BYTES) {
            counters.drop(EthernetCounters.Drop.SHORT);
            return;
        }
        if (packet.fragmentBytes(0) < HEADER_BYTES) {
            counters.drop(EthernetCounters.Drop.SPLIT_HEADER);
            return;
        }
        long destination = getAddress(packet, 0);
        if (destination != address() && !isGroup(destination)) {
            counters.drop(EthernetCounters.Drop.NOT_FOR_US);
            return;
        }
        long source = getAddress(packet, SOURCE_AT);
        if (isGroup(source)) {
            counters.drop(EthernetCounters.Drop.BAD_SOURCE);
            return;
        }
        Receiver receiver = receiverOf(packet.getU16(TYPE_AT));
        if (receiver == null) {
            counters.drop(EthernetCounters.Drop.UNKNOWN_TYPE);
            return;
        }
        counters.countReceived();
        packet.pull(HEADER_BYTES);
        receiver.received(source, packet);
    }

    @Override
    public void receivedAll() {
        device.flush();
    }

    @Override
    public void whenWritable(Runnable action) {
        writableActions = with(writableActions, action);
    }

    @Override
    public void whenLinkChanges(Runnable action) {
        linkActions = with(linkActions, action);
    }

    private static Runnable[] with(Runnable[] actions, Runnable action) {
        Runnable[] more = Arrays.copyOf(actions, actions.length + 1);
        more[actions.length] = action;
        return more;
    }

    @Override
    public void writable() {
        for (Runnable each : writableActions) {
            each.run();
        }
    }

    @Override
    public void linkChanged() {
        for (Runnable each : linkActions) {
            each.run();
        }
    }
}
