package org.xenpv.layers.dns;

import java.util.Arrays;
import org.xenpv.layers.UdpLayer;
import org.xenpv.netfront.NetPacket;

/**
 * Answers queries for the zones it has. What was asked before in the same words is answered with the same bytes: only the id
 * and the spelling of the name are the query's own. Zones do not change while they are served, so nothing grows old.
 *
 * @param <U> what carries datagrams
 */
public final class DnsServer<U extends UdpLayer> implements UdpLayer.Receiver {

    public static final int PORT = 53;

    private static final int QUERY_BYTES_MAX = 1232;

    private final U udp;
    private final int port;
    private final DnsZones zones;
    private final DnsMemo memo;
    private final DnsQuery query = new DnsQuery();
    private final byte[] bytes = new byte[QUERY_BYTES_MAX];
    private final DnsCounters counters = new DnsCounters();

    /**
     * Binds the port.
     *
     * @param remembered how many answers are remembered at most, 0 for none
     */
    public DnsServer(U udp, int port, DnsZones zones, int remembered) {
        this.udp = udp;
        this.port = port;
        this.zones = zones;
        this.memo = new DnsMemo(remembered);
        udp.bind(port, this);
    }

    public DnsCounters counters() {
        return counters;
    }

    /** Remembers nothing from before: for when zones were added. */
    public void forget() {
        memo.clear();
    }

    @Override
    public void received(int source, int sourcePort, NetPacket packet) {
        int length = packet.length();
        if (length < DnsQuery.HEADER_BYTES) {
            counters.count(DnsCounters.Drop.SHORT);
            return;
        }
        if (length > QUERY_BYTES_MAX) {
            counters.count(DnsCounters.Drop.LONG);
            return;
        }
        packet.copyOut(0, bytes, 0, length);
        if (bytes[2] < 0 || sourcePort == port || sourcePort == 0) {
            counters.count(DnsCounters.Drop.NOT_A_QUERY);
            return;
        }
        boolean plain = query.parse(bytes, length);
        byte[] answer = plain ? memo.find(query) : null;
        boolean remembered = answer != null;
        if (!remembered) {
            answer = slowAnswer(length, plain);
        }
        if (send(answer, plain, source, sourcePort)) {
            counters.answered(remembered);
        } else {
            counters.count(DnsCounters.Drop.SEND_NO_ROOM);
        }
    }

    private byte[] slowAnswer(int length, boolean plain) {
        byte[] answer = zones.answer(Arrays.copyOf(bytes, length));
        if (plain && DnsQuery.u16(answer, 4) == 1) {
            memo.put(query, answer);
        }
        return answer;
    }

    private boolean send(byte[] answer, boolean plain, int source, int sourcePort) {
        NetPacket packet = udp.acquire(answer.length);
        if (packet == null) {
            return false;
        }
        packet.copyIn(0, answer, 0, answer.length);
        packet.copyIn(0, bytes, 0, 2);
        if (plain && DnsQuery.u16(answer, 4) == 1) {
            packet.copyIn(DnsQuery.HEADER_BYTES, bytes, DnsQuery.HEADER_BYTES, query.nameEnd() - DnsQuery.HEADER_BYTES);
        }
        return udp.send(packet, port, source, sourcePort);
    }
}
