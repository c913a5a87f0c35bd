package org.xenpv.backends.console;

import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import org.xenpv.fault.XenOpException;

/** The calls of the C library that make and serve a pseudo terminal, with Linux's numbers (x86-64 and AArch64). */
final class PtyCalls {

    static final int O_RDWR = 2;
    static final int O_NOCTTY = 0x100;
    static final int O_NONBLOCK = 0x800;
    static final int O_CLOEXEC = 0x80000;
    static final int POLLIN = 1;
    static final int POLLOUT = 4;
    static final int TCSANOW = 0;
    static final int EINTR = 4;
    static final int EAGAIN = 11;

    /** More than any struct termios. */
    private static final int TERMIOS_BYTES = 256;

    private static final int PATH_BYTES = 128;

    /** As in the C headers. */
    public interface LibC {
        int posix_openpt(int flags);

        int grantpt(int fd);

        int unlockpt(int fd);

        int ptsname_r(int fd, @Out byte[] name, long lengthBytes);

        int open(String path, int flags);

        int close(int fd);

        long read(int fd, @Out byte[] bytes, long lengthBytes);

        long write(int fd, @In byte[] bytes, long lengthBytes);

        int eventfd(int value, int flags);

        /** struct pollfd is int fd, short events, short revents. */
        int poll(@In @Out byte[] pollfds, long count, int timeoutMs);

        int tcgetattr(int fd, @Out byte[] termios);

        void cfmakeraw(@In @Out byte[] termios);

        int tcsetattr(int fd, int when, @In byte[] termios);
    }

    /** Loaded with the first pseudo terminal, not before: tests that use none need no native code. */
    private static final class Loaded {
        static final LibC LIBC = LibraryLoader.create(LibC.class).load("c");
        static final Runtime RUNTIME = Runtime.getRuntime(LIBC);
    }

    private PtyCalls() {}

    static LibC libc() {
        return Loaded.LIBC;
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

    /** Where the other end of a pseudo terminal can be opened. */
    static String ptsname(int master) {
        byte[] name = new byte[PATH_BYTES];
        int error = libc().ptsname_r(master, name, name.length);
        if (error != 0) {
            throw new XenOpException("ptsname_r", error, "fd=" + master);
        }
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < name.length && name[i] != 0; i++) {
            path.append((char) name[i]);
        }
        return path.toString();
    }

    /** No echo, no line editing, no signals: the guest does all of that. */
    static void makeRaw(int fd) {
        byte[] termios = new byte[TERMIOS_BYTES];
        checked(libc().tcgetattr(fd, termios), "tcgetattr", "fd=" + fd);
        libc().cfmakeraw(termios);
        checked(libc().tcsetattr(fd, TCSANOW, termios), "tcsetattr", "fd=" + fd);
    }
}
