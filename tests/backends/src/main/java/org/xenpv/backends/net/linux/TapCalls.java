package org.xenpv.backends.net.linux;

import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import jnr.ffi.annotations.Variadic;
import org.xenpv.fault.XenOpException;

/** The calls of the C library that make and serve a TAP device, with Linux's numbers (x86-64 and AArch64). */
final class TapCalls {

    static final int O_RDWR = 2;
    static final int O_NONBLOCK = 0x800;
    static final int O_CLOEXEC = 0x80000;
    static final int POLLIN = 1;

    static final int EPERM = 1;
    static final int EINTR = 4;
    static final int EIO = 5;
    static final int EAGAIN = 11;
    static final int EINVAL = 22;

    /** linux/if_tun.h */
    static final long TUNSETIFF = 0x4004_54caL;

    static final long TUNSETOFFLOAD = 0x4004_54d0L;
    static final long TUNSETVNETHDRSZ = 0x4004_54d8L;
    static final long TUNSETVNETLE = 0x4004_54dcL;
    static final int IFF_TAP = 2;
    static final int IFF_NO_PI = 0x1000;
    static final int IFF_VNET_HDR = 0x4000;
    static final int TUN_F_CSUM = 1;
    static final int TUN_F_TSO4 = 2;
    static final int TUN_F_TSO6 = 4;

    /** As in the C headers. Addresses are {@code long}; none has exactly six integer arguments. */
    public interface LibC {
        int open(String path, int flags);

        int close(int fd);

        @Variadic(fixedCount = 2)
        int ioctl(int fd, long request, @In @Out byte[] argument);

        long read(int fd, long address, long lengthBytes);

        long write(int fd, long address, long lengthBytes);

        int eventfd(int value, int flags);

        /** struct pollfd is int fd, short events, short revents. */
        int poll(long pollfds, long count, int timeoutMs);
    }

    /** ioctl with a number where the other has a pointer. */
    public interface NumberIoctl {
        @Variadic(fixedCount = 2)
        int ioctl(int fd, long request, long argument);
    }

    /** Loaded with the first TAP device, not before: tests that use none need no native code. */
    private static final class Loaded {
        static final LibC LIBC = LibraryLoader.create(LibC.class).load("c");
        static final NumberIoctl NUMBERS =
                LibraryLoader.create(NumberIoctl.class).load("c");
        static final Runtime RUNTIME = Runtime.getRuntime(LIBC);
    }

    private TapCalls() {}

    static LibC libc() {
        return Loaded.LIBC;
    }

    static NumberIoctl numbers() {
        return Loaded.NUMBERS;
    }

    static int errno() {
        return LastError.getLastError(Loaded.RUNTIME);
    }

    static int checked(int result, String operation, String arguments) {
        if (result < 0) {
            throw new XenOpException(operation, errno(), arguments);
        }
        return result;
    }
}
