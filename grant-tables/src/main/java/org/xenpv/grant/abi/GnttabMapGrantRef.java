package org.xenpv.grant.abi;

import org.xenpv.memory.SharedMemory;

/**
 * {@code struct gnttab_map_grant_ref} (xen/grant_table.h), 32 bytes, 8-aligned.
 *
 * <pre>
 *   0           8       12      16    18       20       24             32
 *   +-----------+-------+-------+-----+--------+--------+--------------+
 *   | host_addr | flags | ref   | dom | status | handle | dev_bus_addr |
 *   +-----------+-------+-------+-----+--------+--------+--------------+
 *     in          in      in      in    out      out      out
 * </pre>
 */
public final class GnttabMapGrantRef {

    public static final int HOST_ADDR_OFFSET = 0;
    public static final int FLAGS_OFFSET = 8;
    public static final int REF_OFFSET = 12;
    public static final int DOM_OFFSET = 16;
    public static final int STATUS_OFFSET = 18;
    public static final int HANDLE_OFFSET = 20;
    public static final int DEV_BUS_ADDR_OFFSET = 24;
    public static final int SIZEOF = 32;

    private GnttabMapGrantRef() {}

    /** Writes every field; the status says general error until the hypervisor says otherwise. */
    public static void write(SharedMemory args, int at, long hostAddr, int flags, int ref, int dom) {
        args.check(at, SIZEOF, 8);
        args.putLong(at + HOST_ADDR_OFFSET, hostAddr);
        args.putInt(at + FLAGS_OFFSET, flags);
        args.putInt(at + REF_OFFSET, ref);
        args.putShort(at + DOM_OFFSET, (short) dom);
        args.putShort(at + STATUS_OFFSET, (short) Gnttab.GNTST_general_error);
        args.putInt(at + HANDLE_OFFSET, -1);
        args.putLong(at + DEV_BUS_ADDR_OFFSET, 0);
    }

    /** The caller has checked the struct, here and below. */
    public static long hostAddr(SharedMemory args, int at) {
        return args.getLong(at + HOST_ADDR_OFFSET);
    }

    /** GNTMAP_*. */
    public static int flags(SharedMemory args, int at) {
        return args.getInt(at + FLAGS_OFFSET);
    }

    public static int ref(SharedMemory args, int at) {
        return args.getInt(at + REF_OFFSET);
    }

    public static int dom(SharedMemory args, int at) {
        return Short.toUnsignedInt(args.getShort(at + DOM_OFFSET));
    }

    /** GNTST_*. */
    public static int status(SharedMemory args, int at) {
        return args.getShort(at + STATUS_OFFSET);
    }

    public static int handle(SharedMemory args, int at) {
        return args.getInt(at + HANDLE_OFFSET);
    }

    /** What a hypervisor answers. */
    public static void result(SharedMemory args, int at, int status, int handle, long devBusAddr) {
        args.check(at, SIZEOF, 8);
        args.putShort(at + STATUS_OFFSET, (short) status);
        args.putInt(at + HANDLE_OFFSET, handle);
        args.putLong(at + DEV_BUS_ADDR_OFFSET, devBusAddr);
    }
}
