package org.xenpv.io.netif;

import org.xenpv.memory.SharedMemory;

/**
 * A transmit request (xen/io/netif.h): static accessors on a slot, and an object to be used again and again that
 * {@linkplain #copyFrom copies} one (RING_COPY_REQUEST).
 *
 * <pre>
 * struct netif_tx_request {
 *     grant_ref_t gref;
 *     uint16_t offset;                          of the data in the page
 *     uint16_t flags;                           NETTXF_*
 *     uint16_t id;                              echoed in the response
 *     uint16_t size;                            of the whole packet in its first request, else of this piece
 * };
 *
 * 0            4        6       8      10      12
 * +------------+--------+-------+------+-------+
 * | gref       | offset | flags | id   | size  |
 * +------------+--------+-------+------+-------+
 * </pre>
 */
public final class NetifTxRequest {

    public static final int GREF_OFFSET = 0;
    public static final int OFFSET_OFFSET = 4;
    public static final int FLAGS_OFFSET = 6;
    public static final int ID_OFFSET = 8;
    public static final int SIZE_OFFSET = 10;
    public static final int SIZEOF = 12;

    private int gref;
    private int offsetAndFlags;
    private int idAndSize;

    /** RING_COPY_REQUEST: each word is read once. */
    public void copyFrom(SharedMemory m, int at) {
        m.check(at, SIZEOF, 4);
        gref = m.getInt(at + GREF_OFFSET);
        offsetAndFlags = m.getInt(at + OFFSET_OFFSET);
        idAndSize = m.getInt(at + ID_OFFSET);
    }

    public int gref() {
        return gref;
    }

    public int offset() {
        return offsetAndFlags & 0xffff;
    }

    public int flags() {
        return offsetAndFlags >>> 16;
    }

    public int id() {
        return idAndSize & 0xffff;
    }

    public int size() {
        return idAndSize >>> 16;
    }

    public static int gref(SharedMemory m, int at) {
        return m.getInt(at + GREF_OFFSET);
    }

    public static int offset(SharedMemory m, int at) {
        return m.getShort(at + OFFSET_OFFSET) & 0xffff;
    }

    public static int flags(SharedMemory m, int at) {
        return m.getShort(at + FLAGS_OFFSET) & 0xffff;
    }

    public static int id(SharedMemory m, int at) {
        return m.getShort(at + ID_OFFSET) & 0xffff;
    }

    public static int size(SharedMemory m, int at) {
        return m.getShort(at + SIZE_OFFSET) & 0xffff;
    }

    public static void put(SharedMemory m, int at, int gref, int offset, int flags, int id, int size) {
        m.putInt(at + GREF_OFFSET, gref);
        m.putInt(at + OFFSET_OFFSET, (offset & 0xffff) | flags << 16);
        m.putInt(at + ID_OFFSET, (id & 0xffff) | size << 16);
    }
}
