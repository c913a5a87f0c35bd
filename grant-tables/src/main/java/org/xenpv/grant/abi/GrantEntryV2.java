package org.xenpv.grant.abi;

/**
 * {@code union grant_entry_v2}, member {@code full_page} (xen/grant_table.h): 16 bytes, 256 to a frame. What Xen tells
 * us stands apart, in {@code grant_status_t} (2 bytes, 2048 to a status frame) at the same reference.
 *
 * <pre>
 *   0        2        4                 8                                  16
 *   +--------+--------+-----------------+-----------------------------------+
 *   | flags  | domid  | pad0            | frame                             |
 *   +--------+--------+-----------------+-----------------------------------+
 *     us       us                         us
 *
 *   status frame: 0        2        4
 *                 +--------+--------+----
 *                 | ref 0  | ref 1  | ...   GTF_reading, GTF_writing; Xen
 *                 +--------+--------+----
 * </pre>
 *
 * <p>The word of flags and domid is that of version 1: {@link GrantEntryV1#word}.
 */
public final class GrantEntryV2 {

    public static final int FLAGS_OFFSET = 0;
    public static final int DOMID_OFFSET = 2;
    public static final int FRAME_OFFSET = 8;
    public static final int SIZEOF = 16;

    /** sizeof(grant_status_t). */
    public static final int STATUS_SIZEOF = 2;

    private GrantEntryV2() {}
}
