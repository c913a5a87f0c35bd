package org.xenpv.layers;

import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetPacket;

/** Carries payloads between Ethernet stations. Addresses are the low 48 bits of a long, as in {@link MacAddress#bits}. */
public interface EthernetLayer extends Layer {

    int TYPE_IPV4 = 0x0800;
    int TYPE_ARP = 0x0806;

    /** Own address. */
    long address();

    /** Whether there is a link now. */
    boolean carrier();

    /**
     * Sends an acquired packet, which is this layer's from then on.
     *
     * @return false if it cannot go; it has been dropped and counted then
     */
    boolean send(NetPacket packet, long destination, int etherType);

    /** Says who receives payloads of a type; one each. @throws IllegalStateException if the type has one */
    void receiver(int etherType, Receiver receiver);

    /** Adds somebody to be told that the link changed. */
    void whenLinkChanges(Runnable action);

    /** Is handed payloads of one type. */
    interface Receiver {

        /** @param packet valid during this call; may have padding at its end */
        void received(long source, NetPacket packet);
    }
}
