package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/**
 * UDP (RFC 768). Datagrams to ports nobody is bound to are dropped without an answer.
 *
 * @param <N> what carries IPv4
 */
public final class Udp<N extends Ipv4Layer> implements UdpLayer {

    static final int HEADER_BYTES = 8;

    private static final int DESTINATION_AT = 2;
    private static final int LENGTH_AT = 4;
    private static final int CHECKSUM_AT = 6;
    private static final int PORT_MAX = 0xffff;

    private final N ipv4;
    private final UdpCounters counters = new UdpCounters();
    /** By the high and the low byte of the port; rows are made when they are needed. */
    private final Receiver[][] receivers = new Receiver[256][];

    /** Becomes the receiver of UDP. */
    public Udp(N ipv4) {
        this.ipv4 = ipv4;
        ipv4.receiver(Ipv4Layer.PROTOCOL_UDP, this::received);
    }

    public N carrier() {
        return ipv4;
    }

    public UdpCounters counters() {
        return counters;
    }

    @Override
    public int payloadBytesMax() {
        return ipv4.payloadBytesMax() - HEADER_BYTES;
    }

    @Override
    public NetPacket acquire(int payloadBytes) {
        int most = payloadBytesMax();
        if (payloadBytes < 0 || payloadBytes > most) {
            throw new IllegalArgumentException("payloadBytes=" + payloadBytes + ", must be 0 to " + most);
        }
        NetPacket packet = ipv4.acquire(HEADER_BYTES + payloadBytes);
        if (packet != null) {
            packet.pull(HEADER_BYTES);
        }
        return packet;
    }

    @Override
    public void release(NetPacket packet) {
        ipv4.release(packet);
    }

    @Override
    public void flush() {
        ipv4.flush();
    }

    /** No: the checksum that could be left is this layer's own. */
    @Override
    public boolean mayLeaveChecksum(NetPacket packet) {
        return false;
    }

    @Override
    public void whenWritable(Runnable action) {
        ipv4.whenWritable(action);
    }

    @Override
    public boolean send(NetPacket packet, int sourcePort, int destination, int destinationPort) {
        checkPort(sourcePort);
        checkPort(destinationPort);
        packet.push(HEADER_BYTES);
        packet.clearExtras();
        int bytes = packet.length();
        packet.putInt(0, sourcePort << 16 | destinationPort);
        packet.putInt(LENGTH_AT, bytes << 16);
        int sum = InternetChecksum.pseudoHeader(ipv4.address(), destination, Ipv4Layer.PROTOCOL_UDP, bytes);
        if (ipv4.mayLeaveChecksum(packet)) {
            packet.csumBlank(true);
            packet.dataValidated(true);
            packet.putU16(CHECKSUM_AT, sum);
        } else {
            int checksum = ~InternetChecksum.fold(sum + (long) InternetChecksum.sum(packet, 0, bytes)) & 0xffff;
            packet.putU16(CHECKSUM_AT, checksum == 0 ? 0xffff : checksum);
        }
        boolean sent = ipv4.send(packet, destination, Ipv4Layer.PROTOCOL_UDP);
        if (sent) {
            counters.countSent();
        }
        return sent;
    }

    private static void checkPort(int port) {
        if (port < 1 || port > PORT_MAX) {
            throw new IllegalArgumentException("port=" + port + ", must be 1 to " + PORT_MAX);
        }
    }

    @Override
    public void bind(int port, Receiver receiver) {
        checkPort(port);
        if (receiver == null) {
            throw new IllegalArgumentException("receiver=null");
        }
        if (receiverOf(port) != null) {
            throw new IllegalStateException("port=" + port + ", has a receiver");
        }
        if (receivers[port >>> 8] == null) {
            receivers[port >>> 8] = new Receiver[256];
        }
        receivers[port >>> 8][port & 0xff] = receiver;
    }

    @Override
    public void unbind(int port) {
        checkPort(port);
        if (receivers[port >>> 8] != null) {
            receivers[port >>> 8][port & 0xff] = null;
        }
    }

    private Receiver receiverOf(int port) {
        Receiver[] row = receivers[port >>> 8];
        return row == null ? null : row[port & 0xff];
    }

    private void received(int source, NetPacket packet) {
        if (packet.length() < HEADER_BYTES || packet.fragmentBytes(0) < HEADER_BYTES) {
            counters.drop(UdpCounters.Drop.SHORT);
            return;
        }
        int bytes = packet.getU16(LENGTH_AT);
        if (bytes < HEADER_BYTES || bytes > packet.length()) {
            counters.drop(UdpCounters.Drop.BAD_LENGTH);
            return;
        }
        packet.truncate(bytes);
        if (!isIntact(source, packet)) {
            counters.drop(UdpCounters.Drop.BAD_CHECKSUM);
            return;
        }
        Receiver receiver = receiverOf(packet.getU16(DESTINATION_AT));
        if (receiver == null) {
            counters.drop(UdpCounters.Drop.NO_PORT);
            return;
        }
        counters.countReceived();
        int sourcePort = packet.getU16(0);
        packet.pull(HEADER_BYTES);
        receiver.received(source, sourcePort, packet);
    }

    /** A checksum of zero is none. One left blank, or verified below, is not looked at. */
    private boolean isIntact(int source, NetPacket packet) {
        if (packet.csumBlank() || packet.dataValidated() || packet.getU16(CHECKSUM_AT) == 0) {
            return true;
        }
        int bytes = packet.length();
        int pseudo = InternetChecksum.pseudoHeader(source, ipv4.address(), Ipv4Layer.PROTOCOL_UDP, bytes);
        return InternetChecksum.fold(pseudo + (long) InternetChecksum.sum(packet, 0, bytes)) == 0xffff;
    }
}
