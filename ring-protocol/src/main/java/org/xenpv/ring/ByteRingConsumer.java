package org.xenpv.ring;

import org.xenpv.fault.PeerFault;
import org.xenpv.memory.SharedMemory;

/**
 * The reading half of a byte ring (xen/io/console.h, xs_wire.h, DEFINE_XEN_FLEX_RING).
 *
 * <p>The page's indices are taken up once, at {@link #attach}; bytes already queued are delivered. From then on our
 * index is private and only ever written to the page, so the other end cannot move it. Its own index may only advance,
 * and no further ahead of ours than the ring is long; anything else is {@link PeerFault#BYTE_RING_INDEX}, and sticky.
 *
 * <p>Byte rings have no event hold-off: after a read that returned bytes the caller sends an event, always, since the
 * peer may be waiting for room. That is also why no full fence is needed here: nothing of the other end's is looked at
 * after publishing.
 *
 * <p>Owned by one thread. Never blocks, notifies or allocates.
 */
public final class ByteRingConsumer {

    /** Returned once the peer has broken the protocol. */
    public static final int BROKEN = -1;

    private final SharedMemory indexes;
    private final SharedMemory data;
    private final ByteRingLayout layout;
    private final int dataBytes;

    private int consPvt;
    private int prodSeen;
    private PeerFault fault;

    private ByteRingConsumer(SharedMemory indexes, SharedMemory data, ByteRingLayout layout) {
        data.check(layout.dataAt(), layout.dataBytes(), 1);
        this.indexes = indexes;
        this.data = data;
        this.layout = layout;
        this.dataBytes = layout.dataBytes();
        this.consPvt = indexes.getIntAcquire(layout.consAt());
        this.prodSeen = indexes.getIntAcquire(layout.prodAt());
        if (Integer.compareUnsigned(prodSeen - consPvt, dataBytes) > 0) {
            fault = PeerFault.BYTE_RING_INDEX;
        }
    }

    /** Takes up the ring where the page's indices stand, whatever they are. */
    public static ByteRingConsumer attach(SharedMemory page, ByteRingLayout layout) {
        return new ByteRingConsumer(page, page, layout);
    }

    /** The same for a ring whose indices and bytes lie in different memories. */
    public static ByteRingConsumer attach(SharedMemory indexes, SharedMemory data, ByteRingLayout layout) {
        return new ByteRingConsumer(indexes, data, layout);
    }

    /** Looks once at the peer's index ($NAME_queued): bytes that can be read now, or {@link #BROKEN}. */
    public int queued() {
        if (fault != null) {
            return BROKEN;
        }
        int prod = indexes.getIntAcquire(layout.prodAt()); // the bytes are read after the producer index
        if (Integer.compareUnsigned(prod - prodSeen, consPvt + dataBytes - prodSeen) > 0) {
            fault = PeerFault.BYTE_RING_INDEX;
            return BROKEN;
        }
        prodSeen = prod;
        return prod - consPvt;
    }

    /**
     * Reads what is there, up to a limit, and gives the room back.
     *
     * @return how many bytes were read, from 0 to {@code lengthBytes}, or {@link #BROKEN}
     */
    public int read(byte[] target, int at, int lengthBytes) {
        check(target, at, lengthBytes);
        int queued = queued();
        int got = Math.min(queued, lengthBytes);
        if (got > 0) {
            take(target, at, got);
        }
        return got;
    }

    /**
     * Reads the whole packet or nothing of it ($NAME_read_packet).
     *
     * @return {@code lengthBytes}, or 0 if not all of it is there yet, or {@link #BROKEN}
     * @throws IllegalArgumentException if the packet is longer than the ring
     */
    public int readPacket(byte[] target, int at, int lengthBytes) {
        check(target, at, lengthBytes);
        if (lengthBytes > dataBytes) {
            throw new IllegalArgumentException(
                    "lengthBytes=" + lengthBytes + ", must be at most the ring's " + dataBytes);
        }
        int queued = queued();
        if (queued < lengthBytes) {
            return Math.min(queued, 0);
        }
        if (lengthBytes > 0) {
            take(target, at, lengthBytes);
        }
        return lengthBytes;
    }

    private void take(byte[] target, int at, int lengthBytes) {
        int slot = consPvt & (dataBytes - 1);
        int first = Math.min(lengthBytes, dataBytes - slot);
        data.copyOut(layout.dataAt() + slot, target, at, first);
        if (first < lengthBytes) {
            data.copyOut(layout.dataAt(), target, at + first, lengthBytes - first);
        }
        consPvt += lengthBytes;
        indexes.putIntRelease(layout.consAt(), consPvt); // we have read the bytes before the peer may overwrite them
    }

    private static void check(byte[] target, int at, int lengthBytes) {
        if (at < 0 || lengthBytes < 0 || at > target.length - lengthBytes) {
            throw new IllegalArgumentException(
                    "at=" + at + ", lengthBytes=" + lengthBytes + ", must lie in target.length=" + target.length);
        }
    }

    public int consPvt() {
        return consPvt;
    }

    /** The first fault of the peer, or null. */
    public PeerFault fault() {
        return fault;
    }
}
