package org.xenpv.grant.abi;

import org.xenpv.memory.SharedMemory;

/**
 * {@code struct gnttab_set_version} (4 bytes: the version wanted, then the one in effect) and {@code struct
 * gnttab_get_version} (8 bytes: dom, pad, version), both xen/grant_table.h.
 */
public final class GnttabVersion {

    public static final int SET_VERSION_OFFSET = 0;
    public static final int SET_SIZEOF = 4;

    public static final int GET_DOM_OFFSET = 0;
    public static final int GET_VERSION_OFFSET = 4;
    public static final int GET_SIZEOF = 8;

    private GnttabVersion() {}

    public static void writeSet(SharedMemory args, int at, int version) {
        args.check(at, SET_SIZEOF, 4);
        args.putInt(at + SET_VERSION_OFFSET, version);
    }

    /** The caller has checked the struct, here and below. */
    public static int setVersion(SharedMemory args, int at) {
        return args.getInt(at + SET_VERSION_OFFSET);
    }

    public static void writeGet(SharedMemory args, int at, int dom) {
        args.check(at, GET_SIZEOF, 4);
        args.putShort(at + GET_DOM_OFFSET, (short) dom);
        args.putShort(at + GET_DOM_OFFSET + 2, (short) 0);
        args.putInt(at + GET_VERSION_OFFSET, 0);
    }

    public static int getVersion(SharedMemory args, int at) {
        return args.getInt(at + GET_VERSION_OFFSET);
    }

    /** What a hypervisor answers to GNTTABOP_get_version. */
    public static void getResult(SharedMemory args, int at, int version) {
        args.check(at, GET_SIZEOF, 4);
        args.putInt(at + GET_VERSION_OFFSET, version);
    }
}
