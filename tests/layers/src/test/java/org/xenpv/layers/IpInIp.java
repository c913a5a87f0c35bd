package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/**
 * A tunnel (RFC 2003): IPv4 packets as the payload of IPv4 packets to one other host, who is the only neighbour there.
 * With it a stack stands on another.
 *
 * @param <N> the IPv4 that carries it
 */
final class IpInIp<N extends Ipv4Layer> implements Ipv4Link {

    private static final int PROTOCOL = 4;

    private final N outer;
    private final int otherEnd;

    IpInIp(N outer, int otherEnd) {
        this.outer = outer;
        this.otherEnd = otherEnd;
    }

    @Override
    public int payloadBytesMax() {
        return 1480;
    }

    @Override
    public NetPacket acquire(int payloadBytes) {
        if (payloadBytes < 0 || payloadBytes > payloadBytesMax()) {
            throw new IllegalArgumentException("payloadBytes=" + payloadBytes + ", must be 0 to " + payloadBytesMax());
        }
        return outer.acquire(payloadBytes);
    }

    @Override
    public void release(NetPacket packet) {
        outer.release(packet);
    }

    @Override
    public void flush() {
        outer.flush();
    }

    /** No: nobody fills in a checksum that deep. */
    @Override
    public boolean mayLeaveChecksum(NetPacket packet) {
        return false;
    }

    @Override
    public void whenWritable(Runnable action) {
        outer.whenWritable(action);
    }

    @Override
    public boolean send(NetPacket packet, int nextHop) {
        return outer.send(packet, otherEnd, PROTOCOL);
    }

    @Override
    public void receiver(Receiver receiver) {
        outer.receiver(PROTOCOL, (source, packet) -> {
            if (source == otherEnd) {
                receiver.received(packet);
            }
        });
    }
}
