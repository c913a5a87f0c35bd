package org.xenpv.ring;

import org.xenpv.memory.SharedMemory;

/**
 * One end of a pair of byte rings with a size of choice (xen/io/ring.h, DEFINE_XEN_FLEX_RING_AND_INTF): what 9pfs and
 * pvcalls speak. "In" and "out" are the frontend's.
 *
 * <pre>
 * struct xxx_data_intf {                        one page, the frontend's
 *     RING_IDX in_cons, in_prod;                running freely over 2^32
 *     uint8_t pad1[56];
 *     RING_IDX out_cons, out_prod;
 *     uint8_t pad2[56];
 *     RING_IDX ring_order;                      log2 of the data pages
 *     grant_ref_t ref[];                        of the data pages
 * };
 *
 * 0         4         8       64         68         72      128          132
 * +---------+---------+-------+----------+----------+-------+------------+---------------------+
 * | in_cons | in_prod | pad1  | out_cons | out_prod | pad2  | ring_order | ref[0..2^order - 1] |
 * +---------+---------+-------+----------+----------+-------+------------+---------------------+
 *   F wr      B wr              B wr       F wr               F wr         F wr
 *
 * the data pages:   0                      sizeBytes              2*sizeBytes
 *                   +----------------------+----------------------+
 *                   | in                   | out                  |
 *                   +----------------------+----------------------+
 * </pre>
 *
 * <p>The order is given, never read from the page: a backend reads it {@linkplain #ringOrder once}, judges it and keeps
 * it; a frontend that read back its own would let the peer choose which grants it ends (attack G9).
 */
public final class FlexRing {

    public static final int IN_CONS_OFFSET = 0;
    public static final int IN_PROD_OFFSET = 4;
    public static final int OUT_CONS_OFFSET = 64;
    public static final int OUT_PROD_OFFSET = 68;
    public static final int RING_ORDER_OFFSET = 128;
    public static final int REF_OFFSET = 132;

    /** The largest order whose grefs fit in the page. */
    public static final int ORDER_MAX = 9;

    private final ByteRingConsumer consumer;
    private final ByteRingProducer producer;

    private FlexRing(ByteRingConsumer consumer, ByteRingProducer producer) {
        this.consumer = consumer;
        this.producer = producer;
    }

    /**
     * The frontend's end: reads "in", writes "out".
     *
     * @param intf the page of indices
     * @param data the data pages, contiguous
     * @param order log2 of the data pages, 0 to {@link #ORDER_MAX}
     */
    public static FlexRing front(SharedMemory intf, SharedMemory data, int order) {
        return new FlexRing(
                ByteRingConsumer.attach(intf, data, in(data, order)),
                ByteRingProducer.attach(intf, data, out(data, order)));
    }

    /** The backend's end: reads "out", writes "in". */
    public static FlexRing back(SharedMemory intf, SharedMemory data, int order) {
        return new FlexRing(
                ByteRingConsumer.attach(intf, data, out(data, order)),
                ByteRingProducer.attach(intf, data, in(data, order)));
    }

    private static ByteRingLayout in(SharedMemory data, int order) {
        int sizeBytes = checkedSize(data, order);
        return new ByteRingLayout(IN_CONS_OFFSET, IN_PROD_OFFSET, 0, sizeBytes);
    }

    private static ByteRingLayout out(SharedMemory data, int order) {
        int sizeBytes = checkedSize(data, order);
        return new ByteRingLayout(OUT_CONS_OFFSET, OUT_PROD_OFFSET, sizeBytes, sizeBytes);
    }

    private static int checkedSize(SharedMemory data, int order) {
        int sizeBytes = sizeBytes(order);
        if (data.sizeBytes() != 2 * sizeBytes) {
            throw new IllegalArgumentException(
                    "data.sizeBytes=" + data.sizeBytes() + ", must be " + 2 * sizeBytes + " for order=" + order);
        }
        return sizeBytes;
    }

    /** XEN_FLEX_RING_SIZE: bytes of each of the two rings. */
    public static int sizeBytes(int order) {
        if (order < 0 || order > ORDER_MAX) {
            throw new IllegalArgumentException("order=" + order + ", must be 0 to " + ORDER_MAX);
        }
        return SharedMemory.PAGE_BYTES / 2 << order;
    }

    /** Frontend: clears the page and writes order and grefs, before it tells the backend of it. */
    public static void init(SharedMemory intf, int order, int[] grefs) {
        sizeBytes(order);
        if (grefs.length != 1 << order) {
            throw new IllegalArgumentException(
                    "grefs.length=" + grefs.length + ", must be " + (1 << order) + " for order=" + order);
        }
        intf.check(0, SharedMemory.PAGE_BYTES, 4);
        intf.zero(0, SharedMemory.PAGE_BYTES);
        for (int page = 0; page < grefs.length; page++) {
            intf.putInt(REF_OFFSET + page * 4, grefs[page]);
        }
        intf.putIntRelease(RING_ORDER_OFFSET, order);
    }

    /** Backend: the order as the frontend wrote it, any 32 bits. Read it once, judge it and keep it. */
    public static int ringOrder(SharedMemory intf) {
        return intf.getIntAcquire(RING_ORDER_OFFSET);
    }

    /** Backend: a gref as the frontend wrote it. Read each once. @param page 0 to 2^order - 1 */
    public static int ref(SharedMemory intf, int page) {
        return intf.getIntAcquire(REF_OFFSET + page * 4);
    }

    /** What comes from the other end. */
    public ByteRingConsumer consumer() {
        return consumer;
    }

    /** What goes to the other end. */
    public ByteRingProducer producer() {
        return producer;
    }
}
