package org.xenpv.memory;

/**
 * A contiguous range of off-heap bytes that another domain may read and write at any moment.
 *
 * <p>Offsets are {@code int} bytes from the start of the range; values are little-endian, as on x86. Three groups of
 * access:
 *
 * <ul>
 *   <li><b>Field access</b> ({@code getInt}, {@code putLong}, ...): one plain load or store. <em>The caller has called
 *       {@link #check} for the struct that holds the field</em>, once per struct and not once per field: a check per
 *       field halves the speed of a ring. With assertions enabled every field access is checked again.
 *   <li><b>Ordered access</b> ({@code getIntAcquire}, {@code putIntRelease}, {@code compareAndSetInt}): for indices,
 *       flags and bitmaps; always checked.
 *   <li><b>Bulk access</b> ({@code copyIn}, {@code copyOut}, {@code copyTo}, {@code zero}): always checked.
 * </ul>
 *
 * <p>Whatever the other end can write is read once into a local, then judged (xen/io/ring.h, RING_COPY_REQUEST).
 * Instances may be used by several threads; ordering is what the method says and nothing more.
 */
public interface SharedMemory {

    /** XEN_PAGE_SIZE: the page size of every ring protocol and of grants (xen/io/ring.h, XEN_PAGE_SHIFT). */
    int PAGE_BYTES = 4096;

    int sizeBytes();

    /**
     * Checks that a struct lies inside this memory, that it is aligned and that the memory has not been closed.
     *
     * @param alignmentBytes a power of two
     * @throws IndexOutOfBoundsException if it does not lie inside
     * @throws IllegalArgumentException if it is misaligned
     * @throws IllegalStateException if this memory has been given back
     */
    void check(int at, int lengthBytes, int alignmentBytes);

    /** A view of part of this memory; it lives as long as this memory does. */
    SharedMemory slice(int at, int lengthBytes);

    byte getByte(int at);

    short getShort(int at);

    int getInt(int at);

    long getLong(int at);

    void putByte(int at, byte value);

    void putShort(int at, short value);

    void putInt(int at, int value);

    void putLong(int at, long value);

    /** Load with acquire ordering: later accesses are not moved before it. */
    int getIntAcquire(int at);

    /** Store with release ordering: earlier accesses are not moved after it. */
    void putIntRelease(int at, int value);

    /** One 32-bit compare-and-set with full ordering. 16-bit fields are changed through the word that holds them. */
    boolean compareAndSetInt(int at, int expected, int value);

    void copyOut(int at, byte[] target, int targetAt, int lengthBytes);

    void copyIn(int at, byte[] source, int sourceAt, int lengthBytes);

    /** Copies to another memory; the two ranges must not overlap. */
    void copyTo(int at, SharedMemory target, int targetAt, int lengthBytes);

    void zero(int at, int lengthBytes);

    /** xen_rmb(): loads before are performed before loads and stores after. */
    void acquireFence();

    /** xen_wmb(): loads and stores before are performed before stores after. */
    void releaseFence();

    /** xen_mb(): everything before is performed before everything after, a store and a later load included. */
    void fullFence();
}
