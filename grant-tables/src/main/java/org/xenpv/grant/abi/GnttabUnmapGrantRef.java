package org.xenpv.grant.abi;

import org.xenpv.memory.SharedMemory;

/**
 * {@code struct gnttab_unmap_grant_ref} (xen/grant_table.h), 24 bytes, 8-aligned.
 *
 * <pre>
 *   0           8              16       20       22    24
 *   +-----------+--------------+--------+--------+-----+
 *   | host_addr | dev_bus_addr | handle | status | pad |
 *   +-----------+--------------+--------+--------+-----+
 *     in          in             in       out
 * </pre>
 */
public final class GnttabUnmapGrantRef {

    public static final int HOST_ADDR_OFFSET = 0;
    public static final int DEV_BUS_ADDR_OFFSET = 8;
    public static final int HANDLE_OFFSET = 16;
    public static final int STATUS_OFFSET = 20;
    public static final int SIZEOF = 24;

    private GnttabUnmapGrantRef() {}

    /** Writes every field, no device mapping; the status says general error until the hypervisor says otherwise. */
    public static void write(SharedMemory args, int at, long hostAddr, int handle) {
        args.check(at, SIZEOF, 8);
        args.putLong(at + HOST_ADDR_OFFSET, hostAddr);
        args.putLong(at + DEV_BUS_ADDR_OFFSET, 0);
        args.putInt(at + HANDLE_OFFSET, handle);
        args.putShort(at + STATUS_OFFSET, (short) Gnttab.GNTST_general_error);
        args.putShort(at + STATUS_OFFSET + 2, (short) 0);
    }

    /** The caller has checked the struct, here and below. */
    public static long hostAddr(SharedMemory args, int at) {
        return args.getLong(at + HOST_ADDR_OFFSET);
    }

    public static int handle(SharedMemory args, int at) {
        return args.getInt(at + HANDLE_OFFSET);
    }

    /** GNTST_*. */
    public static int status(SharedMemory args, int at) {
        return args.getShort(at + STATUS_OFFSET);
    }

    /** What a hypervisor answers. */
    public static void result(SharedMemory args, int at, int status) {
        args.check(at, SIZEOF, 8);
        args.putShort(at + STATUS_OFFSET, (short) status);
    }
}
