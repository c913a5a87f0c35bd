package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/**
 * Sends datagrams back to where they came from (RFC 862). What comes from its own port number, or from none, is not
 * answered: two such servers would never end.
 *
 * @param <U> what carries datagrams
 */
public final class UdpEcho<U extends UdpLayer> implements UdpLayer.Receiver {

    private final U udp;
    private final int port;
    private long echoed;
    private long unanswered;

    /** Binds the port. */
    public UdpEcho(U udp, int port) {
        this.udp = udp;
        this.port = port;
        udp.bind(port, this);
    }

    public long echoed() {
        return echoed;
    }

    /** Those that must not or could not be answered. */
    public long unanswered() {
        return unanswered;
    }

    @Override
    public void received(int source, int sourcePort, NetPacket packet) {
        NetPacket echo = sourcePort == port || sourcePort == 0 ? null : udp.acquire(packet.length());
        if (echo == null) {
            unanswered++;
            return;
        }
        packet.copyTo(echo);
        if (udp.send(echo, port, source, sourcePort)) {
            echoed++;
        } else {
            unanswered++;
        }
    }
}
