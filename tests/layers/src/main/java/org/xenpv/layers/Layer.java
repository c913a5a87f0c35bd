package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/**
 * What every layer offers the one above: packets with room for all headers below, to be filled in place. How a packet is
 * sent, and who receives, depends on what the layer's addresses are and is said by the interfaces that extend this one.
 */
public interface Layer {

    /** Longest payload that {@link #acquire} takes now. */
    int payloadBytesMax();

    /**
     * Takes a packet to be filled in place and then sent through this layer, or released.
     *
     * @return null if there is no room now; {@link #whenWritable} tells when there is again
     * @throws IllegalArgumentException naming length and limit
     */
    NetPacket acquire(int payloadBytes);

    /** Gives an acquired packet back unsent. */
    void release(NetPacket packet);

    /** Makes what was sent visible to the other end. Not needed while receiving: it is done after the last packet. */
    void flush();

    /**
     * Whether an acquired packet may be sent with its TCP or UDP checksum left blank ({@link NetPacket#csumBlank()}):
     * someone below fills it in.
     */
    boolean mayLeaveChecksum(NetPacket packet);

    /** Adds somebody to be told that {@link #acquire} returned null before and may succeed now. */
    void whenWritable(Runnable action);
}
