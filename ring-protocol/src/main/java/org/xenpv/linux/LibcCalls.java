package org.xenpv.linux;

import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.Variadic;
import org.xenpv.memory.ChronicleMemory;

/** The C library, through JNR-FFI. */
public final class LibcCalls implements LinuxCalls {

    private static final int MAP_SHARED = 1;
    private static final long NS_PER_S = 1_000_000_000L;

    /**
     * As in the C headers, addresses as {@code long}. mmap has six integer arguments, of which JNR-FFI on x86-64 passes the
     * last one wrongly unless one is declared a Pointer.
     */
    public interface LibC {
        @Variadic(fixedCount = 2)
        int open(String path, int flags);

        int close(int fd);

        @Variadic(fixedCount = 2)
        int ioctl(int fd, long request, long argument);

        long read(int fd, long address, long lengthBytes);

        long write(int fd, long address, long lengthBytes);

        long mmap(Pointer address, long lengthBytes, int protection, int flags, int fd, long offset);

        int munmap(long address, long lengthBytes);

        int ppoll(long pollfds, long count, long timespec, long sigmask);

        int eventfd(int value, int flags);
    }

    private static final LibC LIBC = LibraryLoader.create(LibC.class).load("c");
    private static final Runtime RUNTIME = Runtime.getRuntime(LIBC);

    private static int result(long returned) {
        return returned < 0 ? -LastError.getLastError(RUNTIME) : (int) returned;
    }

    @Override
    public int open(String path, int flags) {
        return result(LIBC.open(path, flags));
    }

    @Override
    public int close(int fd) {
        return result(LIBC.close(fd));
    }

    @Override
    public int ioctl(int fd, long request, ChronicleMemory argument) {
        return result(LIBC.ioctl(fd, request, argument == null ? 0 : argument.address()));
    }

    @Override
    public int read(int fd, ChronicleMemory target, int at, int lengthBytes) {
        target.check(at, lengthBytes, 1);
        return result(LIBC.read(fd, target.address() + at, lengthBytes));
    }

    @Override
    public int write(int fd, ChronicleMemory source, int at, int lengthBytes) {
        source.check(at, lengthBytes, 1);
        return result(LIBC.write(fd, source.address() + at, lengthBytes));
    }

    @Override
    public long mmap(int lengthBytes, int protection, int fd, long offset) {
        long address = LIBC.mmap(null, lengthBytes, protection, MAP_SHARED, fd, offset);
        return address == -1 ? -LastError.getLastError(RUNTIME) : address;
    }

    @Override
    public int munmap(long address, int lengthBytes) {
        return result(LIBC.munmap(address, lengthBytes));
    }

    @Override
    public int ppoll(ChronicleMemory pollfds, int count, long timeoutNs) {
        int timespecAt = count * POLLFD_BYTES;
        pollfds.check(0, timespecAt + 16, 8);
        long timespec = 0;
        if (timeoutNs != FOREVER) {
            pollfds.putLong(timespecAt, timeoutNs / NS_PER_S);
            pollfds.putLong(timespecAt + 8, timeoutNs % NS_PER_S);
            timespec = pollfds.address() + timespecAt;
        }
        return result(LIBC.ppoll(pollfds.address(), count, timespec, 0));
    }

    @Override
    public int eventfd() {
        return result(LIBC.eventfd(0, O_NONBLOCK | O_CLOEXEC));
    }
}
