package org.xenpv.grant.abi;

/**
 * {@code struct grant_entry_v1} (xen/grant_table.h): 8 bytes, 512 to a frame.
 *
 * <pre>
 *   0        2        4                 8
 *   +--------+--------+-----------------+
 *   | flags  | domid  | frame           |
 *   +--------+--------+-----------------+
 *    Xen, us   us       us
 *   `---- word -------'
 * </pre>
 *
 * <p>Flags and domid are written, and compared-and-set, together as one little-endian word: no state of the entry can
 * be seen half.
 */
public final class GrantEntryV1 {

    public static final int FLAGS_OFFSET = 0;
    public static final int DOMID_OFFSET = 2;
    public static final int FRAME_OFFSET = 4;
    public static final int SIZEOF = 8;

    private GrantEntryV1() {}

    /** Flags and domid as the word at {@link #FLAGS_OFFSET} holds them; the same in both versions. */
    public static int word(int flags, int domid) {
        return (flags & 0xffff) | domid << 16;
    }

    /** The flags half of a word. */
    public static int flags(int word) {
        return word & 0xffff;
    }

    /** The domid half of a word. */
    public static int domid(int word) {
        return word >>> 16;
    }
}
