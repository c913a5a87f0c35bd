package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/** Carries payloads between IPv4 hosts. */
public interface Ipv4Layer extends Layer {

    int PROTOCOL_ICMP = 1;
    int PROTOCOL_UDP = 17;

    /** Own address. */
    int address();

    /**
     * Sends an acquired packet, which is this layer's from then on.
     *
     * @return false if it cannot go; it has been dropped and counted then
     */
    boolean send(NetPacket packet, int destination, int protocol);

    /** Says who receives payloads of a protocol; one each. @throws IllegalStateException if the protocol has one */
    void receiver(int protocol, Receiver receiver);

    /** Is handed payloads of one protocol that came to our address from one that can be answered. */
    interface Receiver {

        /** @param packet valid during this call; exactly the payload */
        void received(int source, NetPacket packet);
    }
}
