package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/**
 * IPv4 of one host (RFC 791): its own address only, no forwarding, no options sent, none heeded. What is longer than the link
 * takes goes in fragments; what comes in fragments is put together.
 *
 * @param <L> what brings packets to neighbours
 */
public final class Ipv4<L extends Ipv4Link> implements Ipv4Layer {

    static final int HEADER_BYTES = 20;
    static final int PAYLOAD_BYTES_MAX = 0xffff - HEADER_BYTES;

    private static final int TOTAL_LENGTH_AT = 2;
    private static final int ID_AT = 4;
    private static final int FRAGMENT_AT = 6;
    private static final int PROTOCOL_AT = 9;
    private static final int SOURCE_AT = 12;
    private static final int DESTINATION_AT = 16;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int OFFSET_MASK = 0x1fff;
    private static final int VERSION_AND_LENGTH = 0x45;
    private static final int TTL = 64;

    private final L link;
    private final Ipv4Home home;
    private final Ipv4Datagrams datagrams;
    private final Reassembly reassembly;
    private final Ipv4Counters counters = new Ipv4Counters();
    private final Receiver[] receivers = new Receiver[256];
    private int nextId;

    /** Becomes the link's receiver. */
    public Ipv4(L link, Ipv4Home home, Alarms alarms, Ipv4Buffers buffers) {
        this.link = link;
        this.home = home;
        this.datagrams = new Ipv4Datagrams(buffers);
        this.reassembly = new Reassembly(buffers, alarms, counters);
        link.receiver(this::linkReceived);
    }

    public L link() {
        return link;
    }

    public Ipv4Counters counters() {
        return counters;
    }

    @Override
    public int address() {
        return home.address();
    }

    /** Forgets the datagrams of which fragments are missing. */
    public void close() {
        reassembly.close();
    }

    // ---- on the way out

    @Override
    public int payloadBytesMax() {
        return PAYLOAD_BYTES_MAX;
    }

    @Override
    public NetPacket acquire(int payloadBytes) {
        if (payloadBytes < 0 || payloadBytes > PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException("payloadBytes=" + payloadBytes + ", must be 0 to " + PAYLOAD_BYTES_MAX);
        }
        if (payloadBytes > link.payloadBytesMax() - HEADER_BYTES) {
            return datagrams.acquire(payloadBytes);
        }
        NetPacket packet = link.acquire(HEADER_BYTES + payloadBytes);
        if (packet != null) {
            packet.pull(HEADER_BYTES);
        }
        return packet;
    }

    @Override
    public void release(NetPacket packet) {
        if (datagrams.owns(packet)) {
            datagrams.release(packet);
        } else {
            link.release(packet);
        }
    }

    @Override
    public void flush() {
        link.flush();
    }

    @Override
    public boolean mayLeaveChecksum(NetPacket packet) {
        return !datagrams.owns(packet) && link.mayLeaveChecksum(packet);
    }

    @Override
    public void whenWritable(Runnable action) {
        link.whenWritable(action);
    }

    @Override
    public boolean send(NetPacket packet, int destination, int protocol) {
        int nextHop = home.nextHop(destination);
        if (nextHop == 0) {
            counters.drop(Ipv4Counters.Drop.SEND_NO_ROUTE);
            release(packet);
            return false;
        }
        int id = nextId++ & 0xffff;
        if (datagrams.owns(packet)) {
            return sendFragments(packet, destination, protocol, id, nextHop);
        }
        putHeader(packet, id, 0, protocol, destination);
        boolean sent = link.send(packet, nextHop);
        if (sent) {
            counters.countSent();
        }
        return sent;
    }

    private boolean sendFragments(NetPacket datagram, int destination, int protocol, int id, int nextHop) {
        int most = link.payloadBytesMax() - HEADER_BYTES & -8;
        int bytes = datagram.length();
        boolean sent = true;
        int at = 0;
        do {
            int part = Math.min(most, bytes - at);
            NetPacket packet = most < 8 ? null : link.acquire(HEADER_BYTES + part);
            if (packet == null) {
                counters.drop(Ipv4Counters.Drop.SEND_NO_ROOM);
                sent = false;
            } else {
                packet.pull(HEADER_BYTES);
                datagrams.piece(datagram, at, part).copyTo(packet);
                putHeader(packet, id, at / 8 | (at + part < bytes ? MORE_FRAGMENTS : 0), protocol, destination);
                sent = link.send(packet, nextHop);
                at += part;
            }
        } while (sent && at < bytes);
        datagrams.release(datagram);
        if (sent) {
            counters.countSent();
        }
        return sent;
    }

    private void putHeader(NetPacket packet, int id, int fragment, int protocol, int destination) {
        packet.push(HEADER_BYTES);
        int total = packet.length();
        int source = home.address();
        int sum = InternetChecksum.fold((VERSION_AND_LENGTH << 8)
                + total
                + id
                + fragment
                + (TTL << 8 | protocol)
                + (source >>> 16)
                + (long) (source & 0xffff)
                + (destination >>> 16)
                + (destination & 0xffff));
        packet.putInt(0, VERSION_AND_LENGTH << 24 | total);
        packet.putInt(ID_AT, id << 16 | fragment);
        packet.putInt(8, TTL << 24 | protocol << 16 | ~sum & 0xffff);
        packet.putInt(SOURCE_AT, source);
        packet.putInt(DESTINATION_AT, destination);
    }

    // ---- on the way in

    @Override
    public void receiver(int protocol, Receiver receiver) {
        if (receivers[protocol] != null) {
            throw new IllegalStateException("protocol=" + protocol + ", has a receiver");
        }
        receivers[protocol] = receiver;
    }

    private void linkReceived(NetPacket packet) {
        Ipv4Counters.Drop fault = fault(packet);
        if (fault != null) {
            counters.drop(fault);
            return;
        }
        int source = packet.getInt(SOURCE_AT);
        int protocol = packet.getU8(PROTOCOL_AT);
        int fragment = packet.getU16(FRAGMENT_AT);
        int id = packet.getU16(ID_AT);
        packet.truncate(packet.getU16(TOTAL_LENGTH_AT));
        packet.pull(headerBytes(packet));
        if ((fragment & (MORE_FRAGMENTS | OFFSET_MASK)) == 0) {
            counters.countReceived();
            receivers[protocol].received(source, packet);
        } else {
            boolean more = (fragment & MORE_FRAGMENTS) != 0;
            fragmentReceived(source, protocol, id, (fragment & OFFSET_MASK) * 8, more, packet);
        }
    }

    private static int headerBytes(NetPacket packet) {
        return (packet.getU8(0) & 0xf) * 4;
    }

    /** What is wrong with a packet, null if nothing. */
    private Ipv4Counters.Drop fault(NetPacket packet) {
        int length = packet.length();
        if (length < HEADER_BYTES) {
            return Ipv4Counters.Drop.SHORT;
        }
        if (packet.fragmentBytes(0) < HEADER_BYTES) {
            return Ipv4Counters.Drop.SPLIT_HEADER;
        }
        if (packet.getU8(0) >>> 4 != 4) {
            return Ipv4Counters.Drop.BAD_VERSION;
        }
        int header = headerBytes(packet);
        if (header < HEADER_BYTES || header > length) {
            return Ipv4Counters.Drop.BAD_HEADER_LENGTH;
        }
        if (packet.fragmentBytes(0) < header) {
            return Ipv4Counters.Drop.SPLIT_HEADER;
        }
        int total = packet.getU16(TOTAL_LENGTH_AT);
        if (total < header || total > length) {
            return Ipv4Counters.Drop.BAD_TOTAL_LENGTH;
        }
        if (InternetChecksum.sum(packet, 0, header) != 0xffff) {
            return Ipv4Counters.Drop.BAD_CHECKSUM;
        }
        if (packet.getInt(DESTINATION_AT) != home.address()) {
            return Ipv4Counters.Drop.NOT_FOR_US;
        }
        if (!home.isOther(packet.getInt(SOURCE_AT))) {
            return Ipv4Counters.Drop.BAD_SOURCE;
        }
        return receivers[packet.getU8(PROTOCOL_AT)] == null ? Ipv4Counters.Drop.UNKNOWN_PROTOCOL : null;
    }

    private void fragmentReceived(int source, int protocol, int id, int at, boolean more, NetPacket packet) {
        ReassemblyPlace whole = reassembly.add(source, id << 8 | protocol, at, more, packet);
        if (whole != null) {
            counters.countReassembled();
            counters.countReceived();
            receivers[protocol].received(source, whole.datagram());
            reassembly.done(whole);
        }
    }
}
