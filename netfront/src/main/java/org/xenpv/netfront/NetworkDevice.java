package org.xenpv.netfront;

/**
 * A network interface: sends and receives Ethernet frames. Layers and wrappers stand on this interface, and so on anything that
 * implements it.
 *
 * <p>Sending without allocation or copy: {@link #acquire} a packet, fill it in place, {@link #send} it, and {@link #flush} once
 * for any number of packets.
 *
 * <pre>{@code
 * NetPacket packet = device.acquire(frame.length);
 * if (packet != null) {
 *     packet.copyIn(0, frame, 0, frame.length);
 *     device.send(packet);
 *     device.flush();
 * }
 * }</pre>
 *
 * <p>Owned by the event loop's thread.
 */
public interface NetworkDevice {

    MacAddress mac();

    /** Longest payload of a frame, in bytes: 1500 for plain Ethernet. */
    int mtu();

    /** Whether the other end says that the link is up, and there is one. */
    boolean carrier();

    /** What {@link #send} takes; may change when the device connects anew. */
    NetOffloads offloads();

    /**
     * Takes a packet of a given length to be filled in place.
     *
     * @param lengthBytes 14 (an Ethernet header) to {@link NetOffloads#gsoBytesMax}
     * @return null if there is no room now; {@link Receiver#writable} tells when there is again. A packet that is sent before the next is
     *     acquired has room; of several that are filled first the last may find none
     * @throws IllegalArgumentException naming length and limit
     */
    NetPacket acquire(int lengthBytes);

    /**
     * Sends an acquired packet, which belongs to the device from then on.
     *
     * @return false if it cannot go now (no room, no carrier, not connected); it has been dropped and counted then
     * @throws IllegalArgumentException if it asks for what {@link #offloads} does not have, is too long for a frame, or has a
     *     segment size of zero or past its end; it is still the caller's then
     */
    boolean send(NetPacket packet);

    /** Gives an acquired packet back unsent. */
    void release(NetPacket packet);

    /** Makes all packets sent since the last flush visible to the other end, with one event at most. */
    void flush();

    /** Says who receives; one at a time. */
    void receiver(Receiver receiver);

    /** Is told what comes in, on the loop's thread. */
    interface Receiver {

        /** A packet came in. It is valid during this call only. */
        void received(NetPacket packet);

        /** No more packets for now: what was sent in answer can be flushed. */
        default void receivedAll() {}

        /**
         * {@link NetworkDevice#acquire} returned null or {@link NetworkDevice#send} found no room before, and the shortest packet that
         * was refused fits now. Who needs more room asks, and is told again.
         */
        default void writable() {}

        /** {@link NetworkDevice#carrier}, {@link NetworkDevice#mtu} or {@link NetworkDevice#offloads} changed. */
        default void linkChanged() {}
    }
}
