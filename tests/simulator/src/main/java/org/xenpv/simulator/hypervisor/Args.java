package org.xenpv.simulator.hypervisor;

import org.xenpv.memory.SharedMemory;

/** Argument structs of hypercalls, at any alignment and anywhere: copy_from_guest and copy_to_guest. */
final class Args {

    /** DOMID_SELF (xen.h). */
    static final int DOMID_SELF = 0x7ff0;

    private Args() {}

    /** Whether the structs lie in the caller's memory; false is EFAULT. */
    static boolean accessible(SharedMemory args, int at, long lengthBytes) {
        if (args == null || at < 0 || at > args.sizeBytes() || lengthBytes > args.sizeBytes() - at) {
            return false;
        }
        try {
            args.check(at, (int) lengthBytes, 4);
            return true;
        } catch (IllegalArgumentException | IllegalStateException e) {
            return false;
        }
    }

    static int u16(SharedMemory args, int at) {
        return args.getShort(at) & 0xffff;
    }

    static long u64(SharedMemory args, int at) {
        return (args.getInt(at) & 0xffffffffL) | (long) args.getInt(at + 4) << 32;
    }

    static void putU64(SharedMemory args, int at, long value) {
        args.putInt(at, (int) value);
        args.putInt(at + 4, (int) (value >>> 32));
    }
}
