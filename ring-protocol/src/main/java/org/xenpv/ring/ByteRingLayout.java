package org.xenpv.ring;

import org.xenpv.io.console.XenconsInterface;
import org.xenpv.io.xs.XenstoreDomainInterface;

/**
 * Where a byte ring's parts lie: two indices in one memory, the bytes in the same or another. A page of console.h or
 * xs_wire.h holds two rings, one for each direction.
 *
 * <pre>
 *   cons, prod: uint32_t, running freely over 2^32; index i stands at data[i & (dataBytes - 1)]
 *
 *            cons                prod
 *              v                   v
 *   +---------+-------------------+----------------------+
 *   |  free   | queued: prod-cons |  free                |   dataBytes, a power of two
 *   +---------+-------------------+----------------------+
 *     the consumer advances cons    the producer advances prod
 * </pre>
 *
 * @param consAt offset of the consumer index
 * @param prodAt offset of the producer index
 * @param dataAt offset of the first byte
 * @param dataBytes length, a power of two
 */
public record ByteRingLayout(int consAt, int prodAt, int dataAt, int dataBytes) {

    /** From the console backend to the guest. */
    public static final ByteRingLayout CONSOLE_IN = new ByteRingLayout(
            XenconsInterface.IN_CONS_OFFSET,
            XenconsInterface.IN_PROD_OFFSET,
            XenconsInterface.IN_OFFSET,
            XenconsInterface.IN_BYTES);

    /** From the guest to the console backend. */
    public static final ByteRingLayout CONSOLE_OUT = new ByteRingLayout(
            XenconsInterface.OUT_CONS_OFFSET,
            XenconsInterface.OUT_PROD_OFFSET,
            XenconsInterface.OUT_OFFSET,
            XenconsInterface.OUT_BYTES);

    /** From the guest to xenstored. */
    public static final ByteRingLayout XENSTORE_REQ = new ByteRingLayout(
            XenstoreDomainInterface.REQ_CONS_OFFSET,
            XenstoreDomainInterface.REQ_PROD_OFFSET,
            XenstoreDomainInterface.REQ_OFFSET,
            XenstoreDomainInterface.XENSTORE_RING_SIZE);

    /** From xenstored to the guest. */
    public static final ByteRingLayout XENSTORE_RSP = new ByteRingLayout(
            XenstoreDomainInterface.RSP_CONS_OFFSET,
            XenstoreDomainInterface.RSP_PROD_OFFSET,
            XenstoreDomainInterface.RSP_OFFSET,
            XenstoreDomainInterface.XENSTORE_RING_SIZE);

    public ByteRingLayout {
        if (dataBytes < 1 || Integer.bitCount(dataBytes) != 1) {
            throw new IllegalArgumentException("dataBytes=" + dataBytes + ", must be a power of two");
        }
    }
}
