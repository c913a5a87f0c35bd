package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/**
 * Answers echo requests and sends them (RFC 792); nothing else of ICMP.
 *
 * @param <N> what carries IPv4
 */
public final class IcmpEcho<N extends Ipv4Layer> {

    static final int HEADER_BYTES = 8;

    private static final int TYPE_REPLY = 0;
    private static final int TYPE_REQUEST = 8;
    private static final int CHECKSUM_AT = 2;
    private static final int ID_AT = 4;
    private static final int SEQUENCE_AT = 6;

    /** Is handed replies. */
    public interface ReplyReceiver {

        /** @param packet valid during this call; the data of the echo */
        void replied(int source, int id, int sequence, NetPacket packet);
    }

    private final N ipv4;
    private final IcmpCounters counters = new IcmpCounters();
    private ReplyReceiver replies;

    /** Becomes the receiver of ICMP. */
    public IcmpEcho(N ipv4) {
        this.ipv4 = ipv4;
        ipv4.receiver(Ipv4Layer.PROTOCOL_ICMP, this::received);
    }

    public IcmpCounters counters() {
        return counters;
    }

    /** Says who receives replies; one, or null for nobody. */
    public void onReply(ReplyReceiver receiver) {
        replies = receiver;
    }

    /** Takes a packet to be filled with the data of a request. @return null if there is no room now */
    public NetPacket acquire(int dataBytes) {
        int most = ipv4.payloadBytesMax() - HEADER_BYTES;
        if (dataBytes < 0 || dataBytes > most) {
            throw new IllegalArgumentException("dataBytes=" + dataBytes + ", must be 0 to " + most);
        }
        NetPacket packet = ipv4.acquire(HEADER_BYTES + dataBytes);
        if (packet != null) {
            packet.pull(HEADER_BYTES);
        }
        return packet;
    }

    /** Sends an acquired packet as a request. @return false if it cannot go */
    public boolean request(NetPacket packet, int destination, int id, int sequence) {
        packet.push(HEADER_BYTES);
        packet.putInt(0, TYPE_REQUEST << 24);
        packet.putU16(ID_AT, id);
        packet.putU16(SEQUENCE_AT, sequence);
        packet.putU16(CHECKSUM_AT, ~InternetChecksum.sum(packet, 0, packet.length()));
        return sent(ipv4.send(packet, destination, Ipv4Layer.PROTOCOL_ICMP));
    }

    private boolean sent(boolean sent) {
        if (sent) {
            counters.countSent();
        }
        return sent;
    }

    private void received(int source, NetPacket packet) {
        if (packet.length() < HEADER_BYTES || packet.fragmentBytes(0) < HEADER_BYTES) {
            counters.drop(IcmpCounters.Drop.SHORT);
            return;
        }
        boolean validated = packet.dataValidated() && !packet.csumBlank();
        if (!validated && InternetChecksum.sum(packet, 0, packet.length()) != 0xffff) {
            counters.drop(IcmpCounters.Drop.BAD_CHECKSUM);
            return;
        }
        switch (packet.getU16(0)) {
            case TYPE_REQUEST << 8 -> answer(source, packet);
            case TYPE_REPLY -> replyReceived(source, packet);
            default -> counters.drop(IcmpCounters.Drop.UNKNOWN_TYPE);
        }
    }

    /** The answer is the request with another type; the checksum is adjusted for that (RFC 1624) and so still covers the data. */
    private void answer(int source, NetPacket request) {
        NetPacket reply = ipv4.acquire(request.length());
        if (reply == null) {
            counters.drop(IcmpCounters.Drop.SEND_NO_ROOM);
            return;
        }
        counters.countReceived();
        int before = ~request.getU16(CHECKSUM_AT) & 0xffff;
        int checksum = ~InternetChecksum.fold(before + (~(TYPE_REQUEST << 8) & 0xffff)) & 0xffff;
        request.copyTo(reply);
        reply.clearExtras();
        reply.putU16(0, TYPE_REPLY);
        reply.putU16(CHECKSUM_AT, checksum);
        if (checksum == 0 && InternetChecksum.sum(reply, 0, reply.length()) == 0) {
            // zero has two forms in such sums, and of all zeros the sum is the other
            reply.putU16(CHECKSUM_AT, 0xffff);
        }
        sent(ipv4.send(reply, source, Ipv4Layer.PROTOCOL_ICMP));
    }

    private void replyReceived(int source, NetPacket packet) {
        if (replies == null) {
            counters.drop(IcmpCounters.Drop.UNEXPECTED_REPLY);
            return;
        }
        counters.countReceived();
        int id = packet.getU16(ID_AT);
        int sequence = packet.getU16(SEQUENCE_AT);
        packet.pull(HEADER_BYTES);
        replies.replied(source, id, sequence, packet);
    }
}
