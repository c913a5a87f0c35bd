package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/** Brings IPv4 packets to a neighbour: over Ethernet {@link Arp} does, and whatever else can. Addresses are ints in network order. */
public interface Ipv4Link extends Layer {

    /**
     * Sends an acquired packet that begins with an IPv4 header; it is this layer's from then on.
     *
     * @param nextHop the neighbour to bring it to
     * @return false if it cannot go; it has been dropped and counted then
     */
    boolean send(NetPacket packet, int nextHop);

    /** Says who receives; one. @throws IllegalStateException if there is one */
    void receiver(Receiver receiver);

    /** Is handed what neighbours sent. */
    interface Receiver {

        /** @param packet valid during this call; said to be IPv4, may have padding at its end */
        void received(NetPacket packet);
    }
}
