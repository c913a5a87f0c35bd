package org.xenpv.ring;

import org.xenpv.fault.PeerFault;
import org.xenpv.memory.SharedMemory;

/**
 * The writing half of a byte ring (xen/io/console.h, xs_wire.h, DEFINE_XEN_FLEX_RING).
 *
 * <p>The page's indices are taken up once, at {@link #attach}: a ring need not start at 0. From then on our index is
 * private and only ever written to the page, so the other end cannot move it. Its own index may only advance, and no
 * further than to ours; anything else is {@link PeerFault#BYTE_RING_INDEX}, and sticky.
 *
 * <p>Byte rings have no event hold-off: after a write that was accepted in part or whole the caller sends an event,
 * always, and after a short one waits for an event. That is also why no full fence is needed here: nothing of the other
 * end's is looked at after publishing.
 *
 * <p>Owned by one thread. Never blocks, notifies or allocates.
 */
public final class ByteRingProducer {

    /** Returned once the peer has broken the protocol. */
    public static final int BROKEN = -1;

    private final SharedMemory indexes;
    private final SharedMemory data;
    private final ByteRingLayout layout;
    private final int dataBytes;

    private int prodPvt;
    private int consSeen;
    private PeerFault fault;

    private ByteRingProducer(SharedMemory indexes, SharedMemory data, ByteRingLayout layout) {
        data.check(layout.dataAt(), layout.dataBytes(), 1);
        this.indexes = indexes;
        this.data = data;
        this.layout = layout;
        this.dataBytes = layout.dataBytes();
        this.prodPvt = indexes.getIntAcquire(layout.prodAt());
        this.consSeen = indexes.getIntAcquire(layout.consAt());
        if (Integer.compareUnsigned(prodPvt - consSeen, dataBytes) > 0) {
            fault = PeerFault.BYTE_RING_INDEX;
        }
    }

    /** Takes up the ring where the page's indices stand, whatever they are. */
    public static ByteRingProducer attach(SharedMemory page, ByteRingLayout layout) {
        return new ByteRingProducer(page, page, layout);
    }

    /** The same for a ring whose indices and bytes lie in different memories. */
    public static ByteRingProducer attach(SharedMemory indexes, SharedMemory data, ByteRingLayout layout) {
        return new ByteRingProducer(indexes, data, layout);
    }

    /** Looks once at the peer's index: bytes that can be written now, or {@link #BROKEN}. */
    public int free() {
        if (fault != null) {
            return BROKEN;
        }
        int cons = indexes.getIntAcquire(layout.consAt()); // the peer is done with these bytes before we write them
        if (Integer.compareUnsigned(cons - consSeen, prodPvt - consSeen) > 0) {
            fault = PeerFault.BYTE_RING_INDEX;
            return BROKEN;
        }
        consSeen = cons;
        return dataBytes - (prodPvt - cons);
    }

    /**
     * Writes and publishes as much as there is room for.
     *
     * @return how many bytes were accepted, from 0 to {@code lengthBytes}, or {@link #BROKEN}
     */
    public int write(byte[] source, int at, int lengthBytes) {
        check(source, at, lengthBytes);
        int free = free();
        int accepted = Math.min(free, lengthBytes);
        if (accepted > 0) {
            put(source, at, accepted);
        }
        return accepted;
    }

    /**
     * Writes and publishes the whole packet or nothing of it ($NAME_write_packet).
     *
     * @return {@code lengthBytes}, or 0 if there is not enough room for it now, or {@link #BROKEN}
     * @throws IllegalArgumentException if the packet is longer than the ring
     */
    public int writePacket(byte[] source, int at, int lengthBytes) {
        check(source, at, lengthBytes);
        if (lengthBytes > dataBytes) {
            throw new IllegalArgumentException(
                    "lengthBytes=" + lengthBytes + ", must be at most the ring's " + dataBytes);
        }
        int free = free();
        if (free < lengthBytes) {
            return Math.min(free, 0);
        }
        if (lengthBytes > 0) {
            put(source, at, lengthBytes);
        }
        return lengthBytes;
    }

    private void put(byte[] source, int at, int lengthBytes) {
        int slot = prodPvt & (dataBytes - 1);
        int first = Math.min(lengthBytes, dataBytes - slot);
        data.copyIn(layout.dataAt() + slot, source, at, first);
        if (first < lengthBytes) {
            data.copyIn(layout.dataAt(), source, at + first, lengthBytes - first);
        }
        prodPvt += lengthBytes;
        indexes.putIntRelease(layout.prodAt(), prodPvt); // the peer sees the bytes before the producer index
    }

    private static void check(byte[] source, int at, int lengthBytes) {
        if (at < 0 || lengthBytes < 0 || at > source.length - lengthBytes) {
            throw new IllegalArgumentException(
                    "at=" + at + ", lengthBytes=" + lengthBytes + ", must lie in source.length=" + source.length);
        }
    }

    /** Bytes written that the peer had not consumed when its index was last looked at. */
    public int outstanding() {
        return prodPvt - consSeen;
    }

    public int prodPvt() {
        return prodPvt;
    }

    /** The first fault of the peer, or null. */
    public PeerFault fault() {
        return fault;
    }
}
