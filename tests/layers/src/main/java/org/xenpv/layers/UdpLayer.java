package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/** Carries datagrams between the ports of hosts. */
public interface UdpLayer extends Layer {

    /**
     * Sends an acquired packet, which is this layer's from then on.
     *
     * @return false if it cannot go; it has been dropped and counted then
     * @throws IllegalArgumentException if a port is not 1 to 65535
     */
    boolean send(NetPacket packet, int sourcePort, int destination, int destinationPort);

    /**
     * Says who receives what comes to a port, 1 to 65535.
     *
     * @throws IllegalStateException if the port has a receiver
     */
    void bind(int port, Receiver receiver);

    /** Takes the receiver off. Idempotent. */
    void unbind(int port);

    /** Is handed the datagrams of one port. */
    interface Receiver {

        /**
         * @param sourcePort 0 if the sender wants no answer
         * @param packet valid during this call; exactly the payload
         */
        void received(int source, int sourcePort, NetPacket packet);
    }
}
